"""Which images a step sees: a function of seed and step alone, so that no position needs saving."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.data.seeds import mix


class Order:
    """Shuffled passes over ``count`` images, without a gap between passes.

    Args:
        count: Of the images.
        batch_size: Of a step.
        seed: Of the order.
        at: The index at each position from 0, of data that have an order of their own.
    """

    def __init__(self, count: int, batch_size: int, seed: int, at: Callable[[int], int] | None = None) -> None:
        self.count, self.batch_size, self.seed, self.at = count, batch_size, seed, at
        self._epoch, self._permutation = -1, torch.empty(0)

    def indices(self, step: int) -> list[int]:
        """Return the ``batch_size`` indices of a step, counted from 0."""
        position, end = step * self.batch_size, (step + 1) * self.batch_size
        if self.at is not None:
            return [self.at(each) for each in range(position, end)]
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
