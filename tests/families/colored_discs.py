"""A small unpaired problem whose truth is known: discs of one color on another, in two pairs of colors."""

from __future__ import annotations

import torch
from learning import falling_rates
from torch import Tensor

from ganzoo import Recipe
from ganzoo.contracts.recipe import StepState

COLORS = {  # of discs and of what is behind them: discs are brighter on both sides, else a cycle may swap the two
    "a": ((0.9, -0.1, 0.2), (-0.8, -0.8, -0.5)),
    "b": ((0.2, 0.7, 0.9), (-0.8, 0.0, -0.1)),
}


def discs(count: int, size: int, random: torch.Generator) -> Tensor:
    """Return (count, 1, size, size): 1 in a disc of random place and radius, 0 elsewhere."""
    places = (torch.rand(count, 2, 1, 1, generator=random) * 0.5 + 0.25) * size
    radii = (torch.rand(count, 1, 1, generator=random) * 0.15 + 0.2) * size
    line = torch.arange(size) + 0.5
    far = torch.hypot(line[:, None] - places[:, 0], line[None, :] - places[:, 1])
    return (far < radii)[:, None].float()


def colored(shapes: Tensor, side: str) -> Tensor:
    """Return ``shapes`` in the colors of a side, (N, 3, H, W)."""
    ink, paper = (torch.tensor(color).view(1, 3, 1, 1) for color in COLORS[side])
    return shapes * ink + (1 - shapes) * paper


def translation_errors(recipe: Recipe, shapes: Tensor) -> tuple[float, float]:
    """Return the mean absolute errors of a2b and b2a against the same discs in the other side's colors."""
    a, b = colored(shapes, "a"), colored(shapes, "b")
    for network in recipe.networks.values():
        network.eval()
    with torch.no_grad():
        made_b, made_a = recipe.networks["a2b"](a), recipe.networks["b2a"](b)
    for network in recipe.networks.values():
        network.train()
    return (made_b - b).abs().mean().item(), (made_a - a).abs().mean().item()


def blind_errors(shapes: Tensor) -> tuple[float, float]:
    """Return the errors of the best translator that does not look: the median color of every pixel."""
    sides = colored(shapes, "b"), colored(shapes, "a")
    first, second = ((side - side.median(0, keepdim=True).values).abs().mean().item() for side in sides)
    return first, second


def learn(recipe: Recipe, steps: int, size: int, batch: int, seed: int = 0) -> None:
    """Train on discs of either side, whose places differ; the same every time for a seed. Learning rates fall to 0."""
    random = torch.Generator().manual_seed(1 + 1000 * seed)
    a, b = (colored(discs(256, size, random), side) for side in "ab")
    for step in falling_rates(recipe, steps):
        recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step + 10**6 * seed))
        picks = torch.randint(256, (2, batch), generator=random)
        recipe.step({"a": a[picks[0]], "b": b[picks[1]]})
