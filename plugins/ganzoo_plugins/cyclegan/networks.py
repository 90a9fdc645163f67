"""The CycleGAN generator (arXiv:1703.10593, appendix 7.2; layout of Johnson et al., arXiv:1603.08155)."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from ganzoo import InstanceNorm, at_least_float32
from ganzoo.layers.blur_pool import blur_down, blur_up
from ganzoo.layers.narrow_output import NarrowOutputConv2d
from ganzoo.layers.winograd import WinogradConv2d


def instance_norm(channels: int) -> nn.Module:
    """Build instance norm without parameters."""
    return InstanceNorm(channels)


def batch_norm(channels: int) -> nn.Module:
    """Normalize each channel over the batch (arXiv:1502.03167)."""
    return nn.BatchNorm2d(channels)


def no_norm(channels: int) -> nn.Module:
    """Return an identity layer."""
    return nn.Identity()


NORMS = {"instance": instance_norm, "batch": batch_norm, "none": no_norm}
PADS = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d, "zero": nn.ZeroPad2d}


class ResidualBlock(nn.Module):
    """Two padded 3x3 convolutions and a shortcut; (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, channels: int, norm: str, dropout: bool, padding: str = "reflect") -> None:
        super().__init__()
        # A convolution before batch norm needs no bias: the norm subtracts it again.
        bias = norm != "batch"
        pad = PADS[padding]
        layers: list[nn.Module] = [
            pad(1),
            WinogradConv2d(channels, channels, 3, bias=bias),
            NORMS[norm](channels),
            nn.ReLU(inplace=True),
        ]
        if dropout:
            layers.append(nn.Dropout(0.5))
        layers += [pad(1), WinogradConv2d(channels, channels, 3, bias=bias), NORMS[norm](channels)]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the same shape: the input plus what the block changes."""
        return features + self.layers(features)


class Translator(nn.Module):
    """Layers, then tanh; with ``global_skip`` the layers learn a change of the input, which is zero at the start.

    Heights and widths must be multiples of 4, and at least 8 for reflection.
    """

    stride = 4

    def __init__(
        self,
        layers: list[nn.Module],
        in_channels: int,
        out_channels: int,
        global_skip: bool,
        init: str = "normal",
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.global_skip = in_channels, out_channels, global_skip
        self.layers = nn.Sequential(*layers)
        self.apply(partial(initialize, init=init))
        if global_skip:  # start as the identity
            nn.init.zeros_(self.layers[-1].weight)

    def forward(self, images: Tensor) -> Tensor:
        """Translate (N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) in [-1, 1]."""
        change = self.layers(images)
        if self.global_skip:  # a change of 0 gives the input; 0.98 keeps atanh of white finite
            change = at_least_float32(change) + torch.atanh(0.98 * at_least_float32(images))
        return torch.tanh(change)


class ResnetGenerator(Translator):
    """c7s1-w, d2w, d4w, ``blocks`` x R4w, u2w, uw, c7s1-out: an image in, an image of the same size out.

    Width 64 with 9 blocks is the paper's network for 256x256 and larger (11,378,179 parameters with instance
    norm on RGB), with 6 blocks its network for 128x128. ``antialias`` blurs where the size changes (arXiv:1904.11486),
    or only on the way "down" or "up".
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 64,
        blocks: int = 9,
        norm: str = "instance",
        dropout: bool = False,
        global_skip: bool = False,
        padding: str = "reflect",
        antialias: bool | str = False,
        init: str = "normal",
    ) -> None:
        bias = norm != "batch"
        blurs_down, blurs_up = antialias in (True, "down"), antialias in (True, "up")
        layers: list[nn.Module] = [
            nn.ReflectionPad2d(3),
            nn.Conv2d(in_channels, width, 7, bias=bias),
            NORMS[norm](width),
            nn.ReLU(inplace=True),
        ]
        for channels in (width, 2 * width):  # (H, W) to (H/4, W/4)
            layers += [
                nn.Conv2d(channels, 2 * channels, 3, stride=1 if blurs_down else 2, padding=1, bias=bias),
                NORMS[norm](2 * channels),
                nn.ReLU(inplace=True),
                *([blur_down(2 * channels)] if blurs_down else []),
            ]
        layers += [ResidualBlock(4 * width, norm, dropout, padding) for _ in range(blocks)]
        for channels in (4 * width, 2 * width):  # back to (H, W)
            if blurs_up:
                layers += [blur_up(channels), nn.Conv2d(channels, channels // 2, 3, padding=1, bias=bias)]
            else:
                half = nn.ConvTranspose2d(channels, channels // 2, 3, 2, padding=1, output_padding=1, bias=bias)
                layers.append(half)
            layers += [NORMS[norm](channels // 2), nn.ReLU(inplace=True)]
        layers += [nn.ReflectionPad2d(3), NarrowOutputConv2d(width, out_channels, 7)]
        super().__init__(layers, in_channels, out_channels, global_skip, init)


def initialize(module: nn.Module, init: str = "normal") -> None:
    """Draw weights from N(0, 0.02) as the paper does, or "xavier" ones; batch-norm scales from N(1, 0.02)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and isinstance(module.weight, nn.Parameter):
        if init == "xavier":  # Glorot and Bengio 2010, with CUT's gain
            nn.init.xavier_normal_(module.weight, 0.02)
        else:
            nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
