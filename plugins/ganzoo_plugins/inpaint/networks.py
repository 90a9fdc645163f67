"""The context encoder (arXiv:1604.07379, section 3.1), fully convolutional by dilation unless asked otherwise."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import GanzooError

DILATIONS = (1, 2, 4, 8, 16, 1)  # as Iizuka, Simo-Serra, Ishikawa 2017, doi:10.1145/3072959.3073659, table 1


class ChannelWise(nn.Module):
    """Join every place of a map with every other, each channel for itself (section 3.1), then channels by a 1x1 one.

    (N, C, S, S) to (N, C, S, S): C matrices of S**2 x S**2 instead of one of (C S**2)**2.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.side, places = side, side * side
        self.weight = nn.Parameter(torch.randn(channels, places, places) / places**0.5)
        self.bias = nn.Parameter(torch.zeros(channels, 1, places))
        self.across = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        if tuple(features.shape[-2:]) != (self.side, self.side):
            raise GanzooError(
                "A context encoder with a channel-wise middle takes square images of its image_size only. "
                "Cut the image square and give that size, or train with --set generator.middle=dilated."
            )
        flat = features.flatten(2).transpose(0, 1)  # (C, N, S * S)
        joined = torch.baddbmm(self.bias, flat, self.weight)
        return self.across(joined.transpose(0, 1).reshape(features.shape))


class ContextEncoder(nn.Module):
    """``levels`` strided 4x4 convolutions, the middle, and as many transposed ones: the hole from its surroundings.

    Norms, activations and kernels are those of the paper's own code: LeakyReLU 0.2 on the way in, no norm in the first
    and last layer, ReLU on the way out, tanh. Its fully-connected middle holds images to one size; by default six
    3x3 convolutions stand there, four of dilation 2, 4, 8 and 16 between two without (Iizuka et al. 2017 have two and
    two of those): any size works, and the last smooths the grid that dilation leaves.
    The mask is a further channel of the input (Iizuka et al.; the paper shows it by the gray in the hole alone).
    Heights and widths must be multiples of 2**levels.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 64,
        levels: int = 3,
        middle: str = "dilated",
        image_size: int = 128,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, 2**levels
        channels = [width * min(2**level, 8) for level in range(levels)]
        layers: list[nn.Module] = [nn.Conv2d(in_channels + 1, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for inner, outer in pairwise(channels):
            layers += [nn.Conv2d(inner, outer, 4, 2, 1, bias=False), nn.BatchNorm2d(outer), nn.LeakyReLU(0.2)]
        layers += self._middle(middle, channels[-1], image_size >> levels)
        for inner, outer in pairwise(reversed(channels)):
            layers += [nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False), nn.BatchNorm2d(outer), nn.ReLU()]
        layers += [nn.ConvTranspose2d(width, out_channels, 4, 2, 1), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)

    def _middle(self, kind: str, channels: int, side: int) -> list[nn.Module]:
        if kind == "channel-wise":
            return [ChannelWise(channels, side), nn.BatchNorm2d(channels), nn.ReLU()]
        layers: list[nn.Module] = []
        for apart in DILATIONS:
            conv = nn.Conv2d(channels, channels, 3, padding=apart, dilation=apart, bias=False)
            layers += [conv, nn.BatchNorm2d(channels), nn.ReLU()]
        return layers

    def forward(self, images: Tensor, masks: Tensor) -> Tensor:
        """Make (N, out_channels, H, W) in [-1, 1] of (N, in_channels, H, W), 0 where masks (N, 1, H, W) are 1.

        The whole image is made; what counts is what the mask hides.
        """
        return self.layers(torch.cat([images, masks], 1))


def initialize(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02) as DCGAN does, whose settings the paper takes; batch-norm scales from N(1, 0.02)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
