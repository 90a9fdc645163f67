"""A metric of `ganzoo eval` on held-out images during training: `--best fd-efficientnet-lite0`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo import catalog
from ganzoo.catalog import building, tasks
from ganzoo.contracts.extractor import Extractor
from ganzoo.data.datasets import Data, in_order
from ganzoo.data.preprocessing import to_bytes
from ganzoo.errors import OptionError
from ganzoo.evaluation.metrics.frechet import frechet_distance
from ganzoo.evaluation.metrics.kernel import kernel_distance_of_all_pairs
from ganzoo.evaluation.statistics import moments
from ganzoo.recipes.recipe import Recipe
from ganzoo.training.randomness import undisturbed
from ganzoo.training.settings import Settings

# Names in a batch, by kind of data: the main generator's inputs ("" for latents), and what its outputs should resemble.
SIDES = {
    "images": ("", "image"),
    "labeled": ("", "image"),
    "paired": ("input", "target"),
    "unpaired": ("a", "b"),
}
ALIASES = {"fid": "fd-inception", "kid": "kd-inception"}
BATCH_SIZE = 32


def split(name: str) -> tuple[str, str] | None:
    """Return metric and extractor of a name, as ("fd", "efficientnet-lite0"); None if it is not such a name.

    Raises UnknownName if there is no such extractor.
    """
    metric, dash, extractor = ALIASES.get(name, name).partition("-")
    if metric not in ("fd", "kd") or not dash:
        return None
    catalog.find(f"extractor:{extractor}")
    return metric, extractor


class ValidationMetric:
    """The distance of the main generator's images to the held-out ones, in features of one extractor.

    It generates as many images as are held out, from the same latents every time, or translates the held-out inputs.
    The Frechet distance of so few images is too high, always by the same amount: it ranks the steps of one run, and
    cannot be compared with that of another run.
    """

    def __init__(self, settings: Settings, data: Data, device: torch.device) -> None:
        found = split(settings.best)
        if found is None or data.validation is None:
            raise OptionError(
                f"best={settings.best!r} is not a metric on held-out images. Give fd-EXTRACTOR or kd-EXTRACTOR."
            )
        self.name, (self.metric, extractor) = settings.best, found
        recipe = catalog.find(f"recipe:{settings.recipe}")
        self.inputs, self.targets = SIDES.get(recipe.data, ("", ""))
        if not self.targets:
            raise OptionError(f"best={settings.best!r} compares images; the recipe '{recipe.name}' generates clips.")
        self.data, self.device = data.validation, device
        with undisturbed():  # a network is built with random weights first
            network = building.build(f"extractor:{extractor}").eval().requires_grad_(False).to(device)
        self.extractor: Extractor = network  # type: ignore[assignment]
        self.real = self._features(batch[self.targets] for batch in in_order(self.data, BATCH_SIZE))
        self.moments = moments.compute(self.real)

    def measure(self, recipe: Recipe, networks: Mapping[str, nn.Module]) -> float:
        """Return the distance; lower is better."""
        generator = networks[recipe.exports[""]]
        built: Any = generator.architecture
        task = tasks.find(catalog.find(built.entry).task)
        if set(task.inputs) - {"label"} or (task.source == "image") != bool(self.inputs):
            raise OptionError(
                f"{self.name} is for recipes on latents, pairs or two sets. Omit --best: the recipe has its own."
            )
        self.conditioning = task.inputs
        fake = self._features(self._generate(generator))
        if self.metric == "kd":
            return kernel_distance_of_all_pairs(fake, self.real)
        return frechet_distance(moments.compute(fake), self.moments)

    def _generate(self, generator: nn.Module) -> Iterator[Tensor]:
        random = torch.Generator().manual_seed(0)
        for batch in in_order(self.data, BATCH_SIZE):
            if self.inputs:
                inputs = [batch[self.inputs]]
            else:
                count = len(batch[self.targets])
                inputs = [torch.randn(count, int(generator.latent_dim), generator=random)]  # type: ignore[arg-type]
            if "label" in self.conditioning:
                inputs.append(batch["label"])
            yield generator(*(each.to(self.device) for each in inputs)).float()

    def _features(self, images: Iterator[Tensor]) -> np.ndarray:
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            return np.concatenate([self.extractor(to_bytes(each).to(self.device)).cpu().numpy() for each in images])
