"""A metric of `ganzoo eval` as a validation measure: `--best fd-efficientnet-lite0`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo import catalog
from ganzoo.catalog import building
from ganzoo.contracts import tasks
from ganzoo.contracts.extractor import Extractor
from ganzoo.data.datasets import Data, in_order
from ganzoo.data.decode import to_bytes
from ganzoo.errors import OptionError
from ganzoo.evaluation import distances, moments
from ganzoo.recipes.recipe import Recipe
from ganzoo.training.randomness import undisturbed
from ganzoo.training.settings import Settings

# What a batch calls the main generator's inputs ("" for latents), and what its outputs should look like.
SIDES = {
    "images": ("", "image"),
    "labeled": ("", "image"),
    "paired": ("input", "target"),
    "unpaired": ("a", "b"),
}
ALIASES = {"fid": "fd-inception", "kid": "kd-inception"}
AT_ONCE = 32


def split(name: str) -> tuple[str, str] | None:
    """Return metric and extractor of a measure's name, as ("fd", "efficientnet-lite0"); None where it is no such name.

    Raises UnknownName for an extractor that there is not.
    """
    metric, dash, extractor = ALIASES.get(name, name).partition("-")
    if metric not in ("fd", "kd") or not dash:
        return None
    catalog.find(f"extractor:{extractor}")
    return metric, extractor


class ValidationMetric:
    """Measures how far the main generator's pictures are from the held-out ones, in features of one extractor.

    As many pictures are made as are held out, from the same latents every time; translations are of the held-out
    inputs. The Frechet distance of so few pictures is too high, always by the same: it ranks the steps of one run, and
    compares with no other's.
    """

    def __init__(self, asked: Settings, data: Data, device: torch.device) -> None:
        found = split(asked.best)
        if found is None or data.validation is None:
            raise OptionError(
                f"best={asked.best!r} is no metric on held-out pictures. Give fd-EXTRACTOR or kd-EXTRACTOR."
            )
        self.name, (self.metric, extractor) = asked.best, found
        recipe = catalog.find(f"recipe:{asked.recipe}")
        self.inputs, self.targets = SIDES.get(recipe.data, ("", ""))
        if not self.targets:
            raise OptionError(f"best={asked.best!r} compares pictures; the recipe '{recipe.name}' makes clips.")
        self.data, self.device = data.validation, device
        with undisturbed():  # a network is built with random weights first
            network = building.build(f"extractor:{extractor}").eval().requires_grad_(False).to(device)
        self.extractor: Extractor = network  # type: ignore[assignment]
        self.real = self._features(batch[self.targets] for batch in in_order(self.data, AT_ONCE))
        self.moments = moments.of(self.real)

    def measure(self, recipe: Recipe, networks: Mapping[str, nn.Module]) -> float:
        """Return the distance; lower is better."""
        generator = networks[recipe.exports[""]]
        built: Any = generator.architecture
        task = tasks.find(catalog.find(built.entry).task)
        if set(task.inputs) - {"label"} or (task.source == "image") != bool(self.inputs):
            raise OptionError(
                f"{self.name} is for recipes of latents, pairs or two sets. Leave --best away: the recipe has its own."
            )
        self.conditioning = task.inputs
        made = self._features(self._made(generator))
        if self.metric == "kd":
            return distances.kernel_whole(made, self.real)
        return distances.frechet(moments.of(made), self.moments)

    def _made(self, generator: nn.Module) -> Iterator[Tensor]:
        random = torch.Generator().manual_seed(0)
        for batch in in_order(self.data, AT_ONCE):
            if self.inputs:
                given = [batch[self.inputs]]
            else:
                count = len(batch[self.targets])
                given = [torch.randn(count, int(generator.latent_dim), generator=random)]  # type: ignore[arg-type]
            if "label" in self.conditioning:
                given.append(batch["label"])
            yield generator(*(each.to(self.device) for each in given)).float()

    def _features(self, pictures: Iterator[Tensor]) -> np.ndarray:
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            return np.concatenate([self.extractor(to_bytes(each).to(self.device)).cpu().numpy() for each in pictures])
