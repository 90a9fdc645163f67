"""Downsampling and upsampling with a blur (Zhang 2019, arXiv:1904.11486), as in CUT."""

from __future__ import annotations

from math import comb

import torch
from torch import Tensor, nn


def blur_down(channels: int) -> nn.Module:
    """Build a 1-2-1 blur that keeps every second pixel: (N, channels, H, W) to (N, channels, ceil(H/2), ceil(W/2))."""
    layer = nn.Conv2d(channels, channels, 3, stride=2, groups=channels, bias=False)
    return _Fixed(nn.ReflectionPad2d(1), layer, _binomial(channels, 3, 1.0))


def blur_up(channels: int) -> nn.Module:
    """Build a 1-3-3-1 blur that doubles the size: (N, channels, H, W) to (N, channels, 2H, 2W)."""
    layer = nn.ConvTranspose2d(channels, channels, 4, stride=2, padding=3, groups=channels, bias=False)
    return _Fixed(nn.ReplicationPad2d(1), layer, _binomial(channels, 4, 4.0))


class _Fixed(nn.Sequential):
    """Padding and a convolution with fixed weights, which are not saved."""

    def __init__(self, pad: nn.Module, convolution: nn.Conv2d | nn.ConvTranspose2d, weight: Tensor) -> None:
        super().__init__(pad, convolution)
        del convolution.weight
        convolution.register_buffer("weight", weight, persistent=False)


def _binomial(channels: int, size: int, total: float) -> Tensor:
    """Return the weights (channels, 1, size, size) of a blur: binomial coefficients with the sum ``total``."""
    row = torch.tensor([float(comb(size - 1, index)) for index in range(size)])
    square = row[:, None] * row
    return (total * square / square.sum()).repeat(channels, 1, 1, 1)
