"""A convolution that fast style transfer and AdaIN share."""

from __future__ import annotations

from torch import nn


def reflected_conv(in_channels: int, out_channels: int, size: int, stride: int = 1) -> list[nn.Module]:
    """Build a convolution whose borders are reflected."""
    return [nn.ReflectionPad2d(size // 2), nn.Conv2d(in_channels, out_channels, size, stride)]
