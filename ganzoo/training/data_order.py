"""Which images a step sees: a function of seed and step alone, so that no position needs saving."""

from __future__ import annotations

import torch
from torch import Tensor


class Order:
    """Shuffled passes over ``count`` images, without a gap between passes."""

    def __init__(self, count: int, batch_size: int, seed: int) -> None:
        self.count, self.batch_size, self.seed = count, batch_size, seed
        self._epoch, self._permutation = -1, torch.empty(0)

    def indices(self, step: int) -> list[int]:
        """Return the ``batch_size`` indices of a step, counted from 0."""
        position, end = step * self.batch_size, (step + 1) * self.batch_size
        indices: list[int] = []
        while position < end:
            epoch, place = divmod(position, self.count)
            taken = self._shuffled(epoch)[place : place + end - position].tolist()
            indices += taken
            position += len(taken)
        return indices

    def random(self, step: int) -> torch.Generator:
        """Return the random generator for a step's augmentation, the same each time that step is done."""
        return torch.Generator().manual_seed(mix(self.seed, 1, step))

    def _shuffled(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(mix(self.seed, 2, epoch))
            self._epoch, self._permutation = epoch, torch.randperm(self.count, generator=generator)
        return self._permutation


def draws(seed: int, step: int) -> torch.Generator:
    """Return the random generator for what a recipe draws in a step, counted from 0, such as latents."""
    return torch.Generator().manual_seed(mix(seed, 3, step))


def mix(*numbers: int) -> int:
    """Return one seed from several numbers, so that similar numbers give unrelated random streams."""
    state = 0x9E3779B97F4A7C15
    for number in numbers:
        state = ((state ^ number) * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) % 2**63
    return state
