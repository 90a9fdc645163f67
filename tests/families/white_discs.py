"""A small real problem: white discs of several sizes, anywhere on black, to be learned within seconds."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ganzoo import LatentRecipe
from ganzoo.contracts.recipe import StepState

PIXELS = 16


def discs(count: int, seed: int) -> Tensor:
    """Return (count, 1, 16, 16) in [-1, 1]: radii from 2 to 4 pixels, middles in the middle quarter."""
    random = torch.Generator().manual_seed(seed)
    middle = (0.25 + torch.rand(count, 2, generator=random) / 2) * PIXELS
    radius = 2 + 2 * torch.rand(count, 1, 1, generator=random)
    line = torch.arange(PIXELS) + 0.5
    down, across = line[None, :, None] - middle[:, 0, None, None], line[None, None, :] - middle[:, 1, None, None]
    return torch.tanh(2 * (radius - torch.hypot(down, across)))[:, None]


def train(recipe: LatentRecipe, steps: Iterable[int], batch_size: int, seed: int = 0) -> list[dict[str, float]]:
    """Do the steps on 512 discs, as the loop does, and return the losses of each."""
    data, losses = discs(512, seed=1000 * seed), []
    for step in steps:
        recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step + 10**6 * seed))
        first = step * batch_size % len(data)
        found = recipe.step({"image": data[first : first + batch_size]})
        losses.append({name: loss.detach().item() for name, loss in found.items()})
    return losses


@torch.no_grad()
def average_error(recipe: LatentRecipe) -> float:
    """Return the mean absolute error of the average picture against that of other discs, in [0, 2].

    It falls early and steadily, where a distance between sets swings with the two networks.
    """
    real = discs(256, seed=1)
    for network in recipe.networks.values():
        network.eval()
    made = recipe.sample(recipe.networks, {"image": real})
    for network in recipe.networks.values():
        network.train()
    return (made.mean(0) - real.mean(0)).abs().mean().item()


@torch.no_grad()
def distance(recipe: LatentRecipe) -> float:
    """Return the recipe's measure on 256 discs that it never saw; other discs have one of 29."""
    for network in recipe.networks.values():
        network.eval()
    measure = recipe.validate(recipe.networks, {"image": discs(256, seed=1)})["distance"]
    for network in recipe.networks.values():
        network.train()
    return measure
