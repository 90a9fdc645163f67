"""What recipes share that translate both ways between two unpaired sets: what they show, and how they are judged."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo.recipes.recipe import Recipe
from ganzoo.recipes.sliced_wasserstein import sliced_wasserstein


class UnpairedRecipe(Recipe):
    """Base of recipes with generators "a2b" and "b2a" among their ``networks``, and batches {"a", "b"}."""

    validation_batch = 32  # a distance between two sets needs many of each

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return a, its translation, b, its translation, for each pair of pictures."""
        a, b = batch["a"], batch["b"]
        made = [a, networks["a2b"](a).float(), b, networks["b2a"](b).float()]
        return torch.stack(made, 1).flatten(0, 1)

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return how far translations are from the other side's pictures, and how far from home after both ways.

        distance: sliced Wasserstein (arXiv:1710.10196) times 1000, the mean of both directions; cycle_a, cycle_b:
        mean absolute error in [0, 2].
        """
        a, b = batch["a"], batch["b"]
        a2b, b2a = networks["a2b"], networks["b2a"]
        fake_b, fake_a = a2b(a).float(), b2a(b).float()
        distance = (sliced_wasserstein(fake_b, b) + sliced_wasserstein(fake_a, a)) / 2
        return {
            "distance": distance,
            "cycle_a": mean_error(b2a(fake_b), a).item(),
            "cycle_b": mean_error(a2b(fake_a), b).item(),
        }


def mean_error(made: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean absolute difference, computed in float32."""
    return (made.float() - wanted.float()).abs().mean()
