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

from ganzoo import images
from ganzoo.data.datasets import Data, Dataset
from ganzoo.interfaces import Recipe
from ganzoo.training.randomness import undisturbed

SAMPLES = 8  # pictures in a sample sheet for translation, and in a batch of validation
GENERATED_SAMPLES = 64


@dataclass
class Machine:
    """Where a run's arithmetic is done, and how precisely ("fp32" or "bf16")."""

    device: torch.device
    precision: str

    def batch(self, dataset: Dataset, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        """Return the dataset's batch on the device."""
        return {name: tensor.to(self.device) for name, tensor in dataset.batch(indices, random).items()}

    def autocast(self) -> AbstractContextManager[Any]:
        """Within the block, networks run in the run's precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")


@dataclass
class Observer:
    """Draws samples and measures held-out pictures, with averaged networks where there is an average."""

    recipe: Recipe
    averages: Mapping[str, ModelEmaV3]
    data: Data
    machine: Machine

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

    def draw(self, path: Path) -> dict[str, float]:
        """Write a sample sheet to ``path``, and return the recipe's measures, see `measure`."""
        dataset = self.data.validation or self.data.train
        translates = any(hasattr(self.recipe.networks[name], "in_channels") for name in self.recipe.exports.values())
        count = min(SAMPLES if translates else GENERATED_SAMPLES, len(dataset))
        batch = self.machine.batch(dataset, list(range(count)), _fixed())
        with self.networks() as networks, self.machine.autocast():
            sheet = images.to_pils(self.recipe.sample(networks, batch).float())
            measures = self.measure(networks)
        columns = max(1, len(sheet) // count) * max(1, round(math.sqrt(count) / (2 if translates else 1)))
        images.save(images.grid(sheet, columns), path)
        return measures

    def measure(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return the mean over all held-out pictures of each of the recipe's measures; nothing without such."""
        held_out = self.data.validation
        if held_out is None:
            return {}
        totals: dict[str, float] = {}
        for first in range(0, len(held_out), SAMPLES):
            indices = list(range(first, min(first + SAMPLES, len(held_out))))
            batch = self.machine.batch(held_out, indices, _fixed())
            for name, value in self.recipe.validate(networks, batch).items():
                totals[name] = totals.get(name, 0.0) + value * len(indices)
        return {name: total / len(held_out) for name, total in totals.items()}


def _fixed() -> torch.Generator:
    return torch.Generator().manual_seed(0)
