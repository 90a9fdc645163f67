"""The image transformation network of fast style transfer (arXiv:1603.08155)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import at_least_float32
from ganzoo_plugins.style.layers import reflected_conv


class InstanceNorm(nn.GroupNorm):
    """Instance norm with a learned scale and shift (arXiv:1607.08022).

    It is computed as group norm with one group a channel, whose gradients are right in every memory layout.
    ``InstanceNorm2d`` has wrong ones on CPUs in channels_last.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, no activation after the sum; (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *reflected_conv(channels, channels, 3),
            InstanceNorm(channels),
            nn.ReLU(inplace=True),
            *reflected_conv(channels, channels, 3),
            InstanceNorm(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the same shape: the input plus what the block changes."""
        return features + self.layers(features)


class FastStyleGenerator(nn.Module):
    """The image transformation network of arXiv:1603.08155 (supplement): width 32, 5 blocks, 1,679,235 parameters.

    c9s1-w, d2w, d4w, ``blocks`` residual blocks, u2w, uw, c9s1-3, tanh. As is common today, and unlike the paper, it
    has instance norm (arXiv:1607.08022) instead of batch norm, nearest-neighbor upsampling and a convolution instead of
    a transposed convolution (no checkerboard artifacts), and reflection padding in every convolution instead of 40
    pixels at the start. Heights and widths must be multiples of 4, and at least 8 for reflection.

    Args:
        width: Channels of the first layer.
        blocks: Number of residual blocks.
        global_skip: Add the input before the tanh, so that the network learns a change.
        output: "tanh", or "clamp" to cut values off at -1 and 1, for networks of other code bases.
    """

    stride, in_channels, out_channels = 4, 3, 3

    def __init__(self, width: int = 32, blocks: int = 5, global_skip: bool = False, output: str = "tanh") -> None:
        super().__init__()
        self.global_skip, self.output = global_skip, output
        layers = [*reflected_conv(3, width, 9), InstanceNorm(width), nn.ReLU(inplace=True)]
        for channels in (width, 2 * width):  # (H, W) to (H/4, W/4)
            layers += [*reflected_conv(channels, 2 * channels, 3, 2), InstanceNorm(2 * channels), nn.ReLU(inplace=True)]
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        for channels in (4 * width, 2 * width):  # back to (H, W)
            layers += [nn.Upsample(scale_factor=2), *reflected_conv(channels, channels // 2, 3)]
            layers += [InstanceNorm(channels // 2), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers, *reflected_conv(width, 3, 9))
        if global_skip:  # start close to the identity
            nn.init.normal_(self.layers[-1].weight, 0.0, 1e-3)

    def forward(self, images: Tensor) -> Tensor:
        """Paint (N, 3, H, W) in [-1, 1] in the learned style: (N, 3, H, W) in [-1, 1]."""
        change = self.layers(images)
        if self.global_skip:  # a change of 0 gives the input; 0.98 keeps atanh of white finite
            change = at_least_float32(change) + torch.atanh(0.98 * at_least_float32(images))
        return torch.tanh(change) if self.output == "tanh" else change.clamp(-1, 1)
