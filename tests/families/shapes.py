"""A small real problem with classes: bars that lie, bars that stand, and discs, and a rule that tells them apart."""

from __future__ import annotations

import torch
from torch import Tensor

CLASSES, PIXELS = 3, 16


def shapes(count: int, seed: int) -> dict[str, Tensor]:
    """Return a batch of ``count`` grey pictures (N, 1, 16, 16) in [-1, 1], bright on dark, at places by the seed."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % CLASSES
    line = torch.arange(PIXELS).float()
    middle = torch.rand(count, 2, generator=random) * 8 + 3.5
    down, across = ((line - middle[:, i, None]).abs() for i in (0, 1))
    lying = (down < 2)[:, :, None].expand(-1, -1, PIXELS)
    standing = (across < 2)[:, None, :].expand(-1, PIXELS, -1)
    discs = down[:, :, None] ** 2 + across[:, None, :] ** 2 < 16
    drawn = torch.stack([lying, standing, discs])[labels, torch.arange(count)].float()
    bright = 0.4 + 0.5 * torch.rand(count, 1, 1, generator=random)
    return {"image": (drawn * (bright + 0.9) - 0.9)[:, None], "label": labels}


def told(images: Tensor) -> Tensor:
    """Return the class of each picture by a rule: a bar's rows differ and its columns do not, or the other way."""
    rows, columns = (images.float().mean((1, axis)).var(1) for axis in (3, 2))
    share = rows / (rows + columns + 1e-9)
    return torch.where(share > 0.8, 0, torch.where(share < 0.2, 1, 2))


def right(images: Tensor, labels: Tensor) -> float:
    """Return the share of pictures that are of the class asked for, one in three by chance."""
    return (told(images) == labels).float().mean().item()
