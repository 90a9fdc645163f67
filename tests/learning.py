"""What tests that train something have in common: the seed, and measures that are held to a limit with room.

A limit lies between what training reaches and what random weights have, at least a third away from either in the worst
case of `families/margins.md`, which `scripts/margins.py` measures over seeds and processors' instruction sets. GANs
compute in float64 here (the fixture `double`): a seed then learns the same on every processor.

Environment variables:
    GANZOO_TEST_SEED   of weights, latents and batches; 0 by default
    GANZOO_MARGINS     a file that every measure is appended to as a line of JSON, in place of holding it to its limit
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ganzoo import Recipe

ROOM = 4 / 3 - 1e-9  # a limit's ratio to the worst value, and of the value of random weights to it


@dataclass(frozen=True)
class Measure:
    """One measure of one test.

    value      after training
    untrained  of random weights, or of the best that needs no training where that is nearer
    limit      that lies between them
    better     "lower" or "higher"
    """

    test: str
    name: str
    value: float
    untrained: float
    limit: float
    better: Literal["lower", "higher"] = "lower"

    @property
    def reached(self) -> float:
        """How many times as good as the limit the value is."""
        return self._ratio(self.limit, self.value)

    @property
    def missed(self) -> float:
        """How many times as bad as the limit random weights are."""
        return self._ratio(self.untrained, self.limit)

    def _ratio(self, worse: float, better: float) -> float:
        if self.better == "higher":
            worse, better = better, worse
        return worse / better if better > 0 else float("inf")


class Measures:
    """Takes the measures of one test: holds each to its limit, or writes it down for the study of margins."""

    def __init__(self, test: str) -> None:
        self.test, self.study = test, os.environ.get("GANZOO_MARGINS", "")

    def __call__(
        self,
        name: str,
        value: float,
        *,
        limit: float,
        untrained: float,
        better: Literal["lower", "higher"] = "lower",
    ) -> None:
        measure = Measure(self.test, name, value, untrained, limit, better)
        if self.study:
            with Path(self.study).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(measure)) + "\n")
            return
        assert measure.reached > 1, f"{name} is {value:.4g} after training, the limit {limit:.4g}"
        assert measure.missed > 1, f"{name} is {untrained:.4g} untrained, within the limit {limit:.4g}"


def falling_rates(recipe: Recipe, steps: int) -> Iterator[int]:
    """Yield the steps, with all learning rates falling to 0 in the second half: where training ends swings less."""
    groups = [group for optimizer in recipe.optimizers.values() for group in optimizer.param_groups]
    rates = [group["lr"] for group in groups]
    for step in range(steps):
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate * min(1.0, 2 * (1 - step / steps))
        yield step


def averaged(recipe: Recipe, steps: Iterable[int], decay: float = 0.97) -> Iterator[int]:
    """Yield the steps, and give the generators the averages of their weights, as `--ema` does, in the end.

    Where a generator stops swings with the discriminator's last steps; its average over some dozens of them does not.
    """
    from ganzoo.training.ema import build_averages, update_averages

    averages = build_averages(recipe, decay)
    for done, step in enumerate(steps, start=1):
        yield step
        update_averages(averages, recipe, done)
    for name, average in averages.items():
        recipe.networks[name].load_state_dict(average.module.state_dict())
