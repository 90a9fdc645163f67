"""A look at a run from outside: sample sheets and validation, which leave no trace in the training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from ganzoo.data.datasets import Data, Dataset, in_order
from ganzoo.image_io import images
from ganzoo.recipes.recipe import Recipe
from ganzoo.training.collapse_detector import variety
from ganzoo.training.randomness import undisturbed
from ganzoo.training.validation_metric import ValidationMetric

SAMPLES = 8  # pictures in a sample sheet for translation
GENERATED_SAMPLES = 64
CLIPS = 12  # in a sample sheet, a row each


@dataclass(frozen=True)
class Machine:
    """Where a run's arithmetic is done, and how: "fp32", "bf16" or "fp16", pictures channels_last or contiguous."""

    device: torch.device
    precision: str
    channels_last: bool = False

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.channels_last else torch.preserve_format

    def place(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the batch on the device, pictures in the machine's memory format."""
        return {
            name: tensor.to(
                self.device, memory_format=self.memory_format if tensor.dim() == 4 else torch.preserve_format
            )
            for name, tensor in batch.items()
        }

    def batch(self, dataset: Dataset, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        """Return the dataset's batch on the device."""
        return self.place(dataset.batch(indices, random))

    def autocast(self) -> AbstractContextManager[Any]:
        """Within the block, networks run in the run's precision."""
        half = torch.float16 if self.precision == "fp16" else torch.bfloat16
        return torch.autocast(self.device.type, half, enabled=self.precision != "fp32")


@dataclass(frozen=True)
class SampleResult:
    """What a sample sheet shows in numbers.

    measures  the recipe's, on held-out pictures
    shares    generator -> variety of what it makes, as a share of the real pictures'
    """

    measures: dict[str, float]
    shares: dict[str, float]


@dataclass
class Observer:
    """Draws samples and measures held-out pictures, with averaged networks where there is an average."""

    recipe: Recipe
    averages: Mapping[str, ModelEmaV3]
    data: Data
    machine: Machine
    metric: ValidationMetric | None = None

    @contextmanager
    def networks(self) -> Iterator[Mapping[str, nn.Module]]:
        """Yield the networks to use, in inference mode and without gradients; training's random numbers stay.

        Every module gets its own mode back: a recipe may keep some of them in inference mode.
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
        """Write a sample sheet to ``path``, and return what it shows in numbers."""
        dataset = self.data.validation or self.data.train
        translates = any(hasattr(self.recipe.networks[name], "in_channels") for name in self.recipe.exports.values())
        most = CLIPS if self.data.frames else SAMPLES if translates else GENERATED_SAMPLES
        count = min(most, len(dataset))
        batch = self.machine.batch(dataset, list(range(count)), _fixed())
        with self.networks() as networks, self.machine.autocast():
            made = self.recipe.sample(networks, batch).float()
            measures = self.measure(networks)
        sheet = images.to_pils(made)
        images.save(images.grid(sheet, self._columns(len(sheet), count, translates)), path)
        return SampleResult(measures, shares(list(self.recipe.exports.values()), made, batch))

    def _columns(self, pictures: int, count: int, translates: bool) -> int:
        """Return the columns of a sheet; all that belongs to one of ``count`` items of a batch is in one row."""
        each = max(1, pictures // count)
        return each * (1 if self.data.frames else max(1, round(math.sqrt(count) / (2 if translates else 1))))

    def measure(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return the mean over all held-out pictures of each of the recipe's measures, and what the judge says."""
        held_out, at_once = self.data.validation, self.recipe.validation_batch
        if held_out is None:
            return {}
        totals: dict[str, float] = {}
        for batch in in_order(held_out, at_once):
            count = len(next(iter(batch.values())))
            for name, value in self.recipe.validate(networks, self.machine.place(batch)).items():
                totals[name] = totals.get(name, 0.0) + value * count
        means = {name: total / len(held_out) for name, total in totals.items()}
        return {**means, self.metric.name: self.metric.measure(self.recipe, networks)} if self.metric else means


def shares(names: list[str], sample: Tensor, batch: Mapping[str, Tensor]) -> dict[str, float]:
    """Return for each generator how varied what it made is, divided by how varied the batch's real pictures are.

    ``sample`` is what a recipe's ``sample`` returned: for each of the batch's pictures one or more, those that are
    in the batch themselves among them. Of clips, all frames count together.
    """
    clips = [tensor.transpose(1, 2) for tensor in batch.values() if tensor.dim() == 5]  # (N, T, C, H, W)
    if clips:
        sample = sample.view(-1, clips[0].shape[1] * sample.shape[1], *sample.shape[2:])
    real = [tensor.flatten(1, 2) for tensor in clips] or [tensor for tensor in batch.values() if tensor.dim() == 4]
    whole = sum(variety(tensor) for tensor in real) / len(real)
    columns = sample.view(len(real[0]), -1, *sample.shape[1:]).unbind(1)
    made = [column for column in columns if not any(torch.equal(column, tensor) for tensor in real)]
    if len(made) != len(names):
        names = [f"picture {place}" for place in range(1, len(made) + 1)]
    return {name: variety(column) / max(whole, 1e-6) for name, column in zip(names, made, strict=True)}


def _fixed() -> torch.Generator:
    return torch.Generator().manual_seed(0)
