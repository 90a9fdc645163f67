"""The network for one style (arXiv:1603.08155), and the layers that it shares with the one for any."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def convolution(before: int, after: int, size: int, stride: int = 1) -> list[nn.Module]:
    """Return a convolution whose border is reflected."""
    return [nn.ReflectionPad2d(size // 2), nn.Conv2d(before, after, size, stride)]


class InstanceNorm(nn.GroupNorm):
    """Normalize each channel of each picture, with a learned scale and shift (arXiv:1607.08022).

    The formula is group norm's with one group a channel, whose gradients are right in every layout, also where
    ``InstanceNorm2d`` has wrong ones on CPUs.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, no activation after the sum; (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *convolution(channels, channels, 3),
            InstanceNorm(channels),
            nn.ReLU(inplace=True),
            *convolution(channels, channels, 3),
            InstanceNorm(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.layers(features)


class FastStyleGenerator(nn.Module):
    """The image transformation network of arXiv:1603.08155 (its supplement), width 32 and 5 blocks there.

    c9s1-w, d2w, d4w, ``blocks`` residual blocks, u2w, uw, c9s1-3, tanh. As has become the custom, and other than the
    paper: instance norm (arXiv:1607.08022) for batch norm, nearest enlargement and a convolution for a transposed one
    (no chequered patterns), and a reflected border of every convolution for 40 pixels at the start.
    1,679,235 parameters. Heights and widths are multiples of 4, and at least 8, which reflection needs.
    ``output`` "clamp" cuts values off at -1 and 1 where "tanh" bends them: for networks of other code bases.
    """

    stride, in_channels, out_channels = 4, 3, 3

    def __init__(self, width: int = 32, blocks: int = 5, global_skip: bool = False, output: str = "tanh") -> None:
        super().__init__()
        self.global_skip, self.output = global_skip, output
        layers = [*convolution(3, width, 9), InstanceNorm(width), nn.ReLU(inplace=True)]
        for channels in (width, 2 * width):  # (H, W) to (H/4, W/4)
            layers += [*convolution(channels, 2 * channels, 3, 2), InstanceNorm(2 * channels), nn.ReLU(inplace=True)]
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        for channels in (4 * width, 2 * width):  # back to (H, W)
            layers += [nn.Upsample(scale_factor=2), *convolution(channels, channels // 2, 3)]
            layers += [InstanceNorm(channels // 2), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, *convolution(width, 3, 9))
        if global_skip:  # start by changing little
            nn.init.normal_(self.layers[-1].weight, 0.0, 1e-3)

    def forward(self, images: Tensor) -> Tensor:
        """Paint (N, 3, H, W) in [-1, 1] in the style that was learned: (N, 3, H, W) in [-1, 1]."""
        change = self.layers(images)
        if self.global_skip:  # at atanh(x) + 0 the output is the input; 0.98 keeps the logit of white finite
            change = change.float() + torch.atanh(0.98 * images.float())
        return torch.tanh(change) if self.output == "tanh" else change.clamp(-1, 1)
