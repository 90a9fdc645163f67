"""LaMa's generator (arXiv:2109.07161, sections 2.1 and 3)."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from .fourier import FourierBlock, convolution


class LamaGenerator(nn.Module):
    """Strided convolutions, residual blocks of Fourier convolutions, and as many transposed ones.

    The shapes of first, last and transposed convolutions are those of ResNet generators (arXiv:1603.08155). Outputs are
    in [-1, 1] by tanh. Heights and widths must be multiples of 2**levels, and twice that at least.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 64,
        levels: int = 3,
        blocks: int = 9,
        global_share: float = 0.75,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.stride, self.least = 2**levels, 2 * 2**levels
        widths = [width << level for level in range(levels + 1)]
        channels = widths[-1]
        far = min(max(2, 2 * round(channels * global_share / 2)), 2 * ((channels - 1) // 2))  # even
        layers: list[nn.Module] = [
            nn.Conv2d(in_channels + 1, width, 7, padding=3, bias=False, padding_mode="reflect"),
            *finish(width),
        ]
        for inner, outer in pairwise(widths):
            layers += [convolution(inner, outer, stride=2), *finish(outer)]
        layers += [FourierBlock(channels, far) for _ in range(blocks)]
        for inner, outer in pairwise(reversed(widths)):
            layers += [nn.ConvTranspose2d(inner, outer, 3, 2, 1, output_padding=1, bias=False), *finish(outer)]
        layers += [nn.Conv2d(width, out_channels, 7, padding=3, padding_mode="reflect"), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor, masks: Tensor) -> Tensor:
        """Fill holes in images.

        Args:
            images: (N, in_channels, H, W) in [-1, 1], 0 in the holes.
            masks: (N, 1, H, W), 1 in the holes.

        Returns:
            (N, out_channels, H, W) in [-1, 1].
        """
        return self.layers(torch.cat([images, masks], 1))


def finish(channels: int) -> tuple[nn.Module, nn.Module]:
    """Return what follows a convolution: batch norm and ReLU."""
    return nn.BatchNorm2d(channels), nn.ReLU()
