"""Notices that a training dies silently: a loss that vanished, pictures that all look alike, NaN.

Pure arithmetic on numbers the loop has anyway; nothing is read, written or printed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

VANISHED = 1e-3  # a loss this near to zero ...
VANISHED_LOOKS = 10  # ... for so many logged steps in a row teaches nobody
ALIVE = 0.3  # share of the real variety that a generator must have had, to be able to lose it
FALLEN, FALLEN_LOOKS = 0.25, 2  # part of the highest share seen, below which it counts as lost
FLAT, FLAT_LOOKS = 0.05, 3  # share of the real variety that is as good as none
FAIR_CHANCE = 500  # steps that an untrained generator, whose pictures are all gray, has to learn something
VARIETY_SIZE = 8  # pixels a side on which variety is measured


@dataclass(frozen=True)
class Diagnosis:
    """What was noticed after ``step``, in words, with something to try."""

    step: int
    kind: Literal["vanished", "collapse", "nan"]
    text: str


class CollapseDetector:
    """Looks at a run's numbers in the order in which they come, and warns once of each thing until it recovered.

    fair_chance  steps before pictures that never had any variety count as collapsed
    """

    def __init__(self, fair_chance: int = FAIR_CHANCE) -> None:
        self.fair_chance = fair_chance
        self._near_zero: dict[str, int] = {}  # loss -> logged steps in a row, as all counts here
        self._signed: dict[str, bool] = {}  # losses seen below zero, as hinge and Wasserstein losses are at times
        self._highest: dict[str, float] = {}  # what is made -> highest share of the real variety, at most 1
        self._fallen: dict[str, int] = {}
        self._flat: dict[str, int] = {}
        self._warned: dict[str, bool] = {}  # "kind name" of all that was warned of and has not recovered

    def losses(self, step: int, values: Mapping[str, float]) -> list[Diagnosis]:
        """Return what is wrong with a logged step's losses.

        A loss of discriminator or generator, as its name says, that stays within 1e-3 of zero has vanished. One that
        merely crosses zero, as a Wasserstein loss does, has not: it would have to stay there for ten logged steps.
        """
        found = []
        for name, value in values.items():
            found += self._number(step, name, value, f"The loss '{name}'")
            if _side(name) and math.isfinite(value):
                found += self._near_zero_now(step, name, value)
        return found

    def variety(self, step: int, shares: Mapping[str, float]) -> list[Diagnosis]:
        """Return what is wrong with the pictures made from a fixed batch.

        shares  what is made ("generator", "a2b") -> its `variety` divided by that of the real pictures
        They have collapsed when variety fell below a quarter of the highest seen, or, after a fair chance to learn,
        is below a twentieth of the real pictures'. An untrained generator's pictures are alike too, and are let be.
        """
        found = []
        for name, share in shares.items():
            found += self._number(step, f"pictures {name}", share, f"The variety of the pictures of '{name}'")
            if math.isfinite(share):
                found += self._varied_now(step, name, share)
        return found

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to warn as one that was never stopped: numbers by name."""
        return {name: dict(getattr(self, f"_{name}")) for name in _STATE}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Undo `state`."""
        for name in _STATE:
            setattr(self, f"_{name}", dict(state[name]))

    def _number(self, step: int, name: str, value: float, what: str) -> list[Diagnosis]:
        good = math.isfinite(value)
        return self._once(Diagnosis(step, "nan", f"{what} is {value} at step {step}. {_BROKEN}"), name, not good, good)

    def _near_zero_now(self, step: int, name: str, value: float) -> list[Diagnosis]:
        checks = self._near_zero[name] = self._near_zero.get(name, 0) + 1 if abs(value) < VANISHED else 0
        signed = self._signed[name] = self._signed.get(name, False) or value < 0
        text = (
            f"The loss '{name}' has been within {VANISHED} of zero for the last {checks} logged steps, up to step "
            f"{step}: {_MEANING[_side(name), signed]}"
        )
        return self._once(Diagnosis(step, "vanished", text), name, checks >= VANISHED_LOOKS, checks == 0)

    def _varied_now(self, step: int, name: str, share: float) -> list[Diagnosis]:
        # More variety than the real pictures have is no standard to be kept to: early noise may have it.
        highest = self._highest[name] = max(self._highest.get(name, 0.0), min(share, 1.0))
        fallen = highest >= ALIVE and share < FALLEN * highest
        flat = step >= self.fair_chance and share < FLAT
        self._fallen[name] = self._fallen.get(name, 0) + 1 if fallen else 0
        self._flat[name] = self._flat.get(name, 0) + 1 if flat else 0
        bad = self._fallen[name] >= FALLEN_LOOKS or self._flat[name] >= FLAT_LOOKS
        before = f", and was {highest:.1%} before" if fallen else ""
        text = (
            f"The pictures of '{name}' look all alike: at step {step} their variety is {share:.1%} of the real "
            f"pictures'{before}. {_COLLAPSED}"
        )
        return self._once(Diagnosis(step, "collapse", text), name, bad, not (fallen or flat))

    def _once(self, warning: Diagnosis, name: str, bad: bool, recovered: bool) -> list[Diagnosis]:
        """Return the warning where it is due, and not since it was last given for ``name`` without recovery."""
        key = f"{warning.kind} {name}"
        if recovered:
            self._warned.pop(key, None)
        if not bad or key in self._warned:
            return []
        self._warned[key] = True
        return [warning]


_STATE = ("near_zero", "signed", "highest", "fallen", "flat", "warned")

_BROKEN = "Start again in another folder with a lower --set learning_rate, or in --precision fp32."
_COLLAPSED = (
    "The generator has collapsed. Start again in another folder with a lower --set learning_rate, "
    "--set r1=1 or --part loss=hinge."
)
# By side, and by whether the loss was ever negative: at zero, a cross entropy, square or hinge is at its end, and a
# difference of scores says nothing either way.
_MEANING = {
    ("discriminator", False): "the discriminator tells real from made pictures without error, and the generator learns "
    "nothing from it. Try --set augment=color,translation,cutout, --part loss=least-squares, or a lower "
    "--set discriminator_learning_rate.",
    ("discriminator", True): "the discriminator scores real and made pictures alike, and the generator learns nothing "
    "from it. Try a higher --set discriminator_learning_rate, or --part loss=hinge.",
    ("generator", False): "the discriminator takes what is made for real, and has nothing left to teach the generator. "
    "Try a higher --set discriminator_learning_rate, or --part loss=hinge.",
    ("generator", True): "the discriminator gives what is made no score either way, and the generator learns nothing "
    "from it. Try a lower --set learning_rate, or --part loss=least-squares.",
}


def _side(name: str) -> str:
    """Return whose loss it is by its name: "discriminator", "generator", or "" for neither, as an L1 term."""
    if "discriminator" in name:
        return "discriminator"
    return "generator" if "generator" in name or "adversarial" in name else ""


def variety(images: Tensor) -> float:
    """Return how much a batch's pictures differ from one another: 0 where all are alike.

    Takes (N, C, H, W) in [-1, 1]; returns the standard deviation over the batch, mean over channels and pixels, of the
    pictures averaged down to 8x8 at most, so that noise on equal pictures does not pass for variety. It is at most 1.
    """
    height, width = (min(VARIETY_SIZE, size) for size in images.shape[-2:])
    small = adaptive_avg_pool2d(images.detach().float(), (height, width))
    return small.std(dim=0, correction=0).mean().item()
