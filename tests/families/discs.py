"""A small real problem with classes: a disc in one of three places, and a rule that tells them apart."""

from __future__ import annotations

import torch
from torch import Tensor

CLASSES, PIXELS = 3, 16
PLACES = torch.tensor([[4.0, 4.0], [4.0, 12.0], [12.0, 8.0]])  # (row, column) of the middle, by class
CLEAR = 0.4  # brighter than the other two places: what a disc does, and pictures of random weights do not


def discs(count: int, seed: int) -> dict[str, Tensor]:
    """Return a batch of gray pictures (N, 1, 16, 16) in [-1, 1]: places, sizes and brightness differ a little."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % CLASSES
    drawn = torch.rand(count, 4, 1, 1, generator=random)
    middles = PLACES[labels][:, :, None, None] + drawn[:, :2] * 3 - 1.5
    line = torch.arange(PIXELS) + 0.5
    away = (line[:, None] - middles[:, 0]) ** 2 + (line[None, :] - middles[:, 1]) ** 2
    inside = (away < (2.5 + drawn[:, 2]) ** 2).float()
    return {"image": (inside * (1.3 + 0.5 * drawn[:, 3]) - 0.9)[:, None], "label": labels}


def told(images: Tensor) -> Tensor:
    """Return the class of each picture, the place that is clearly the brightest; -1 where none is."""
    windows = [images[:, 0, int(y) - 4 : int(y) + 4, int(x) - 4 : int(x) + 4].float().mean((1, 2)) for y, x in PLACES]
    best, place = torch.stack(windows, 1).topk(2)
    return torch.where(best[:, 0] - best[:, 1] > CLEAR, place[:, 0], -1)


def right(images: Tensor, labels: Tensor) -> float:
    """Return the share of pictures that are of the class asked for."""
    return (told(images) == labels).float().mean().item()
