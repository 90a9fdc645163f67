"""Sample sheets and validation measures, which leave the training unchanged."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo.data.datasets import Data, in_order
from ganzoo.image_io import encoding, grids, tensors
from ganzoo.recipes.composites import composite
from ganzoo.recipes.recipe import Recipe
from ganzoo.training.collapse_detector import variety
from ganzoo.training.machine import Machine
from ganzoo.training.randomness import undisturbed
from ganzoo.training.validation_metric import ValidationMetric

if TYPE_CHECKING:
    from timm.utils import ModelEmaV3

TRANSLATED_SAMPLES = 8  # inputs in a sample sheet
GENERATED_SAMPLES = 64
CLIPS = 12  # in a sample sheet, one per row


@dataclass(frozen=True)
class SampleResult:
    """What a sample sheet shows in numbers.

    Args:
        measures: the recipe's validation measures, on held-out images.
        shares: generator -> variety of its outputs, as a share of the real images' variety.
    """

    measures: dict[str, float]
    shares: dict[str, float]


@dataclass
class Observer:
    """Draws sample sheets and measures on held-out images, with averaged networks where there is an average."""

    recipe: Recipe
    averages: Mapping[str, ModelEmaV3]
    data: Data
    machine: Machine
    metric: ValidationMetric | None = None

    @contextmanager
    def networks(self) -> Iterator[Mapping[str, nn.Module]]:
        """Yield the networks to use, in inference mode and without gradients; the random state is restored afterwards.

        Each module returns to its own mode: a recipe may keep some of them in inference mode.
        """
        averaged = {name: average.module for name, average in self.averages.items()}
        chosen = {name: averaged.get(name, network) for name, network in self.recipe.networks.items()}
        modes = {module: module.training for network in chosen.values() for module in network.modules()}
        for network in chosen.values():
            network.eval()
        try:
            with undisturbed(), torch.no_grad():
                yield chosen
        finally:
            for module, training in modes.items():
                module.training = training

    def draw(self, path: Path) -> SampleResult:
        """Write a sample sheet to ``path``, and return its numbers."""
        dataset = self.data.validation or self.data.train
        count = min(self._most_samples(), len(dataset))
        batch = self.machine.batch(dataset, list(range(count)), torch.Generator().manual_seed(0))
        with self.networks() as networks, self.machine.autocast():
            outputs = composite(self.recipe.sample(networks, batch).float())
            measures = self.measure(networks)
        sheet = tensors.to_pils(outputs)
        encoding.save(grids.grid(sheet, self._columns(len(sheet), count)), path)
        return SampleResult(measures, shares(list(self.recipe.exports.values()), outputs, batch))

    def _translates(self) -> bool:
        return any(hasattr(self.recipe.networks[name], "in_channels") for name in self.recipe.exports.values())

    def _most_samples(self) -> int:
        if self.data.frames:
            return CLIPS
        return TRANSLATED_SAMPLES if self._translates() else GENERATED_SAMPLES

    def _columns(self, outputs: int, count: int) -> int:
        """Return the columns of a sheet that has all outputs for one of ``count`` inputs in the same row."""
        each = max(1, outputs // count)
        return each * (1 if self.data.frames else max(1, round(math.sqrt(count) / (2 if self._translates() else 1))))

    def measure(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return the recipe's validation measures, as means over all held-out images, and the metric of ``best``."""
        held_out = self.data.validation
        if held_out is None:
            return {}
        totals: dict[str, float] = {}
        for batch in in_order(held_out, self.recipe.validation_batch):
            count = len(next(iter(batch.values())))
            for name, value in self.recipe.validate(networks, self.machine.place(batch)).items():
                totals[name] = totals.get(name, 0.0) + value * count
        measures = {name: total / len(held_out) for name, total in totals.items()}
        if self.metric is not None:
            measures[self.metric.name] = self.metric.measure(self.recipe, networks)
        return measures


def shares(names: list[str], sample: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the variety of each generator's outputs, divided by the variety of the batch's real images.

    Args:
        names: the generators.
        sample: what `Recipe.sample` returned (K * N, C, H, W): K images for each of the batch's N inputs. Those that
            are in the batch themselves are skipped.
        batch: images (N, C, H, W) or clips (N, C, T, H, W), whose frames count together.
    """
    clips = [tensor.transpose(1, 2) for tensor in batch.values() if tensor.dim() == 5]  # (N, T, C, H, W)
    if clips:
        sample = sample.view(-1, clips[0].shape[1] * sample.shape[1], *sample.shape[2:])
    shown = {name: tensor for name, tensor in batch.items() if not name.startswith("valid")}
    images = [composite(tensor) for tensor in shown.values() if tensor.dim() == 4]
    real = [tensor.flatten(1, 2) for tensor in clips] or images
    real_variety = sum(variety(tensor) for tensor in real) / len(real)
    columns = sample.view(len(real[0]), -1, *sample.shape[1:]).unbind(1)
    known = [tensor.expand(-1, sample.shape[1], -1, -1) for tensor in real if tensor.shape[1] in (1, sample.shape[1])]
    generated = [column for column in columns if not any(torch.equal(column, tensor) for tensor in known)]
    if len(generated) != len(names):
        names = [f"picture {place}" for place in range(1, len(generated) + 1)]
    return {name: variety(column) / max(real_variety, 1e-6) for name, column in zip(names, generated, strict=True)}
