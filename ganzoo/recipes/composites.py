"""Images of any channels as people look at them: gray or RGB, without a measurement."""

from __future__ import annotations

import torch
from torch import Tensor


def composite(images: Tensor) -> Tensor:
    """Return images as gray or RGB, by a fixed choice.

    One channel is gray, two are red and green, and of more than three the first three are red, green and blue.

    Args:
        images: (N, C, H, W) in [-1, 1].

    Returns:
        (N, 1 or 3, H, W); the same tensor for 1 or 3 channels.
    """
    channels = images.shape[1]
    if channels in (1, 3):
        return images
    if channels == 2:
        return torch.cat([images, torch.full_like(images[:, :1], -1.0)], 1)
    return images[:, :3]


def side_by_side(*columns: Tensor) -> Tensor:
    """Return the images of each column one after the other, as `composite` if their channels are unlike.

    Args:
        *columns: (N, C, H, W) in [-1, 1] each; C may differ.

    Returns:
        (N * len(columns), C, H, W): the first of each column, then the second of each.
    """
    shown = [composite(column) for column in columns]
    most = max(column.shape[1] for column in shown)
    return torch.stack([column.expand(-1, most, -1, -1) for column in shown], 1).flatten(0, 1)
