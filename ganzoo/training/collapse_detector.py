"""Detects that training has failed silently: a vanished loss, outputs that all look alike, NaN.

Pure arithmetic on numbers that the loop already has; nothing is read, written or printed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

VANISHED = 1e-3  # a loss this near to zero ...
VANISHED_CHECKS = 10  # ... for this many logged steps in a row gives no useful gradient
ALIVE = 0.3  # share of the real variety that a generator must have reached before it can lose it
FALLEN, FALLEN_CHECKS = 0.25, 2  # fraction of the highest share so far, below which variety counts as lost
FLAT, FLAT_CHECKS = 0.05, 3  # share of the real variety that is almost none
WARMUP_STEPS = 500  # that an untrained generator, whose outputs are all gray, has to learn something
VARIETY_SIZE = 8  # pixels per side at which variety is measured


@dataclass(frozen=True)
class Diagnosis:
    """A problem found after ``step``, with something to try."""

    step: int
    kind: Literal["vanished", "collapse", "nan"]
    text: str


class CollapseDetector:
    """Checks a run's numbers in order, and warns once of each problem until it has recovered.

    Args:
        warmup_steps: steps before outputs that never had any variety count as collapsed.
    """

    def __init__(self, warmup_steps: int = WARMUP_STEPS) -> None:
        self.warmup_steps = warmup_steps
        self._near_zero: dict[str, int] = {}  # loss -> logged steps in a row, as all counts here
        self._signed: dict[str, bool] = {}  # losses that have been below zero, as hinge and Wasserstein losses can be
        self._highest: dict[str, float] = {}  # generator -> highest share of the real variety, at most 1
        self._fallen: dict[str, int] = {}
        self._flat: dict[str, int] = {}
        self._warned: dict[str, bool] = {}  # "kind name" of each problem that was reported and has not recovered

    def losses(self, step: int, values: Mapping[str, float]) -> list[Diagnosis]:
        """Return what is wrong with a logged step's losses.

        A discriminator's or generator's loss, recognized by its name, has vanished when it stays within 1e-3 of zero
        for ten logged steps. A Wasserstein loss that only crosses zero has not.
        """
        found = []
        for name, value in values.items():
            found += self._number(step, name, value, f"The loss '{name}'")
            if _network_of(name) and math.isfinite(value):
                found += self._near_zero_now(step, name, value)
        return found

    def variety(self, step: int, shares: Mapping[str, float]) -> list[Diagnosis]:
        """Return what is wrong with the outputs for a fixed batch.

        They have collapsed when their variety fell below a quarter of its highest value or, after the warmup, is below
        a twentieth of the real images' variety. Before that, an untrained generator's outputs look alike too.

        Args:
            step: how many steps are done.
            shares: generator ("generator", "a2b") -> `variety` of its outputs, divided by that of the real images.
        """
        found = []
        for name, share in shares.items():
            found += self._number(step, f"pictures {name}", share, f"The variety of the images from '{name}'")
            if math.isfinite(share):
                found += self._varied_now(step, name, share)
        return found

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to warn like one that was never stopped: numbers by name."""
        return {name: dict(getattr(self, f"_{name}")) for name in _STATE}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
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
            f"{step}: {_EXPLANATIONS[_network_of(name), signed]}"
        )
        return self._once(Diagnosis(step, "vanished", text), name, checks >= VANISHED_CHECKS, checks == 0)

    def _varied_now(self, step: int, name: str, share: float) -> list[Diagnosis]:
        # At most 1: early noise may have more variety than the real images, and losing that is no problem.
        highest = self._highest[name] = max(self._highest.get(name, 0.0), min(share, 1.0))
        fallen = highest >= ALIVE and share < FALLEN * highest
        flat = step >= self.warmup_steps and share < FLAT
        self._fallen[name] = self._fallen.get(name, 0) + 1 if fallen else 0
        self._flat[name] = self._flat.get(name, 0) + 1 if flat else 0
        bad = self._fallen[name] >= FALLEN_CHECKS or self._flat[name] >= FLAT_CHECKS
        before = f", and was {highest:.1%} before" if fallen else ""
        text = (
            f"The images from '{name}' all look alike: at step {step} their variety is {share:.1%} of the real "
            f"images'{before}. {_COLLAPSED}"
        )
        return self._once(Diagnosis(step, "collapse", text), name, bad, not (fallen or flat))

    def _once(self, warning: Diagnosis, name: str, bad: bool, recovered: bool) -> list[Diagnosis]:
        """Return the warning where the problem is new, or has come back after it had recovered."""
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
# By network, and by whether the loss was ever negative: zero is the minimum of a cross entropy, square or hinge; for a
# difference of scores it means that they are equal.
_EXPLANATIONS = {
    ("discriminator", False): "the discriminator tells real from generated images without error, and the generator "
    "learns nothing from it. Try --set augment=color,translation,cutout, --part loss=least-squares, or a lower "
    "--set discriminator_learning_rate.",
    ("discriminator", True): "the discriminator scores real and generated images alike, and the generator learns "
    "nothing from it. Try a higher --set discriminator_learning_rate, or --part loss=hinge.",
    (
        "generator",
        False,
    ): "the discriminator takes generated images for real, and the generator learns nothing from it. "
    "Try a higher --set discriminator_learning_rate, or --part loss=hinge.",
    ("generator", True): "the discriminator scores generated images at zero, and the generator learns nothing "
    "from it. Try a lower --set learning_rate, or --part loss=least-squares.",
}


def _network_of(name: str) -> str:
    """Return whose loss it is, by its name: "discriminator", "generator", or "" for neither, such as an L1 term."""
    if "discriminator" in name:
        return "discriminator"
    return "generator" if "generator" in name or "adversarial" in name else ""


def variety(images: Tensor) -> float:
    """Return how much a batch's images differ from one another.

    Images are first averaged down to at most 8x8, so that noise on equal images does not count as variety.

    Args:
        images: (N, C, H, W) in [-1, 1].

    Returns:
        The standard deviation over the batch, averaged over channels and pixels: 0 where all are alike, at most 1.
    """
    height, width = (min(VARIETY_SIZE, size) for size in images.shape[-2:])
    small = adaptive_avg_pool2d(images.detach().float(), (height, width))
    return small.std(dim=0, correction=0).mean().item()
