"""The context encoder (arXiv:1604.07379, section 3.1), by default fully convolutional with dilation."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo import GanzooError

DILATIONS = (1, 2, 4, 8, 16, 1)  # as in Iizuka, Simo-Serra, Ishikawa 2017, doi:10.1145/3072959.3073659, table 1


class ChannelWise(nn.Module):
    """A fully-connected layer in each channel alone (section 3.1), then a 1x1 convolution across channels.

    (N, C, S, S) to (N, C, S, S): C matrices of S**2 x S**2 instead of one of (C S**2)**2.
    """

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.side, positions = side, side * side
        self.weight = nn.Parameter(torch.randn(channels, positions, positions) / positions**0.5)
        self.bias = nn.Parameter(torch.zeros(channels, 1, positions))
        self.across = nn.Conv2d(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Join every pixel of a channel with every other one: (N, C, H, W) to the same shape."""
        if tuple(features.shape[-2:]) != (self.side, self.side):
            raise GanzooError(
                "A context encoder with a channel-wise middle takes square images of its image_size only. "
                "Crop the image to a square and set that size, or train with --set generator.middle=dilated."
            )
        flat = features.flatten(2).transpose(0, 1)  # (C, N, S * S)
        joined = torch.baddbmm(self.bias, flat, self.weight)
        return self.across(joined.transpose(0, 1).reshape(features.shape))


class ContextEncoder(nn.Module):
    """``levels`` strided 4x4 convolutions, the middle, and as many transposed convolutions.

    Norms, activations and kernels are those of the authors' code: LeakyReLU 0.2 in the encoder, ReLU in the decoder, no
    norm in the first and last layer, tanh. The paper's fully-connected middle fixes the image size. The default middle
    has six 3x3 convolutions with dilation 1, 2, 4, 8, 16 and 1 (as in Iizuka et al. 2017, which has two and two
    undilated ones). It works for any size, and the last one smooths the grid artifacts of dilation.
    The mask is an additional input channel (Iizuka et al.; in the paper the hole is only filled with gray).
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
        for dilation in DILATIONS:
            conv = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False)
            layers += [conv, nn.BatchNorm2d(channels), nn.ReLU()]
        return layers

    def forward(self, images: Tensor, masks: Tensor) -> Tensor:
        """Fill holes in images; the output outside of the holes has no meaning.

        Args:
            images: (N, in_channels, H, W) in [-1, 1], 0 in the holes.
            masks: (N, 1, H, W), 1 in the holes.

        Returns:
            (N, out_channels, H, W) in [-1, 1].
        """
        return self.layers(torch.cat([images, masks], 1))


def initialize(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), batch-norm scales from N(1, 0.02), as in DCGAN, whose settings the paper uses."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
