"""UNIT's networks (arXiv:1703.00848, section 3 and the appendix's table)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import at_least_float32


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with instance norm and a shortcut; (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            instance_norm(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
            instance_norm(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the same shape: the input plus what the block changes."""
        return features + self.layers(features)


def instance_norm(channels: int) -> nn.Module:
    """Build instance norm (arXiv:1607.08022): group norm with one group a channel."""
    return nn.GroupNorm(channels, channels, affine=False)


def leaky_relu() -> nn.Module:
    """Build leaky ReLU with the slope of the authors' code; the paper does not state it."""
    return nn.LeakyReLU(0.01, inplace=True)


def residual_blocks(count: int, channels: int) -> list[nn.Module]:
    """Build ``count`` residual blocks."""
    return [ResidualBlock(channels) for _ in range(count)]


class UnitGenerator(nn.Module):
    """Encoder of one domain, to the mean of a code, and decoder of a code to the other domain.

    Encoder: c7s1-w, c3s2-2w, c3s2-4w, ``blocks`` residual blocks, ``shared_blocks`` shared ones. The decoder is its
    mirror, with a final 1x1 convolution. Width 64 with 3 and 1 blocks is the paper's network (10,188,803 parameters on
    RGB). Heights and widths must be multiples of 4. Two such networks share their shared blocks after `share`.
    """

    stride = 4

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 64,
        blocks: int = 3,
        shared_blocks: int = 1,
        global_skip: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.global_skip = in_channels, out_channels, global_skip
        top = 4 * width  # channels of the code
        down = [nn.Conv2d(in_channels, width, 7, padding=3), leaky_relu()]
        up: list[nn.Module] = []
        for channels in (width, 2 * width):  # (H, W) to (H/4, W/4), and back
            down += [nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1), leaky_relu()]
            back = nn.ConvTranspose2d(2 * channels, channels, 3, stride=2, padding=1, output_padding=1)
            up = [back, leaky_relu(), *up]
        self.encoder = nn.Sequential(*down, *residual_blocks(blocks, top))
        self.shared_encoder = nn.Sequential(*residual_blocks(shared_blocks, top))
        self.shared_decoder = nn.Sequential(*residual_blocks(shared_blocks, top))
        self.decoder = nn.Sequential(*residual_blocks(blocks, top), *up, nn.Conv2d(width, out_channels, 1))
        self.apply(initialize)
        if global_skip:  # start as the identity
            nn.init.zeros_(self.decoder[-1].weight)

    def share(self, other: UnitGenerator) -> None:
        """Replace the shared blocks by those of ``other``: from then on both networks train them (section 3)."""
        self.shared_encoder, self.shared_decoder = other.shared_encoder, other.shared_decoder

    def encode(self, images: Tensor) -> Tensor:
        """Encode images (N, in_channels, H, W) in [-1, 1] to the mean of their code (N, 4 width, H/4, W/4)."""
        return self.shared_encoder(self.encoder(images))

    def decode(self, codes: Tensor, images: Tensor | None) -> Tensor:
        """Decode codes to images in [-1, 1]; the encoded ``images`` are used with ``global_skip`` only."""
        change = self.decoder(self.shared_decoder(codes))
        if self.global_skip:  # a change of 0 gives the input; 0.98 keeps atanh of white finite
            change = at_least_float32(change) + torch.atanh(0.98 * at_least_float32(images))
        return torch.tanh(change)

    def forward(self, images: Tensor) -> Tensor:
        """Translate (N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) by the mean code, without noise."""
        return self.decode(self.encode(images), images)


class UnitDiscriminator(nn.Module):
    """Score patches: ``layers`` strided 3x3 convolutions that double the channels, then 1x1; no norm."""

    def __init__(self, in_channels: int = 3, width: int = 64, layers: int = 5) -> None:
        super().__init__()
        self.in_channels = in_channels
        stack, channels = [], in_channels
        for index in range(layers):
            stack += [nn.Conv2d(channels, width * 2**index, 3, stride=2, padding=1), leaky_relu()]
            channels = width * 2**index
        self.layers = nn.Sequential(*stack, nn.Conv2d(channels, 1, 1))
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Score (N, in_channels, H, W) in [-1, 1]: logits (N, 1, H / 2**layers, W / 2**layers), no sigmoid."""
        return self.layers(images)


def initialize(module: nn.Module) -> None:
    """Draw weights so that layers preserve the scale of signals (arXiv:1502.01852); biases are zero.

    The paper does not state this. The authors' code draws from N(0, 0.02), with which signals vanish in narrow
    networks.
    """
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight, 0.01)
        nn.init.zeros_(module.bias)
