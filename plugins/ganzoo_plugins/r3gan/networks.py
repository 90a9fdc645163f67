"""R3GAN's networks (arXiv:2501.05441, section 4): residual blocks without normalization, in stages of one resolution.

A generator's stages end with bilinear enlargement, a discriminator's with bilinear reduction. There are no styles, no
noise, no minibatch statistics, no output skips and no equalized rates.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers.image_sizes import split_sides

SLOPE = 0.2  # of leaky ReLUs
EXPANSION = 2  # channels inside of a block, as a multiple of those outside


class Block(nn.Module):
    """A residual block: 1x1 to twice the channels, grouped 3x3, 1x1 back; (N, C, H, W) to the same.

    Initialized by Fix-up (arXiv:1901.09321): the last convolution is zero, and the others are He's (arXiv:1502.01852)
    times L ** (-1 / (2 m - 2)) with m = 3 layers in the branch and L blocks in the network.
    """

    def __init__(self, channels: int, group_size: int, blocks_in_network: int) -> None:
        super().__init__()
        inner = EXPANSION * channels
        self.first = nn.Conv2d(channels, inner, 1)
        self.grouped = nn.Conv2d(inner, inner, 3, padding=1, groups=inner // math.gcd(inner, group_size))
        self.last = nn.Conv2d(inner, channels, 1, bias=False)
        for convolution in (self.first, self.grouped):
            initialize(convolution, math.sqrt(2 / (1 + SLOPE**2)) * blocks_in_network**-0.25)
        nn.init.zeros_(self.last.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        inner = F.leaky_relu(self.first(features), SLOPE)
        inner = F.leaky_relu(self.grouped(inner), SLOPE)
        return features + self.last(inner)


class R3GanGenerator(nn.Module):
    """A learned basis of 4 to 7 pixels a side, scaled by the latents, and stages that double the resolution."""

    def __init__(
        self,
        image_size: int = 32,
        channels: int = 3,
        width: int = 64,
        widest: int = 512,
        blocks: int = 2,
        group_size: int = 16,
        latent_dim: int = 64,
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width = image_size, image_width or image_size
        self.out_channels, self.latent_dim = channels, latent_dim
        *base, doublings = split_sides(image_size, image_width)
        widths = stage_widths(doublings, width, widest)[::-1]
        self.basis = nn.Parameter(torch.randn(widths[0], *base))
        self.linear = initialize(nn.Linear(latent_dim, widths[0], bias=False))
        self.stages = build_stages(widths, blocks, group_size)
        self.transitions = build_transitions(widths)
        self.to_image = initialize(nn.Conv2d(widths[-1], channels, 1))

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents (N, latent_dim) from N(0, 1) to images (N, channels, image_size, image_width).

        Images are unbounded in training, where the discriminator learns their range, and clamped to [-1, 1] in
        evaluation mode.
        """
        features = self.linear(latents)[:, :, None, None] * self.basis
        features = self.stages[0](features)
        for transition, stage in zip(self.transitions, self.stages[1:], strict=True):
            # A 1x1 convolution commutes with the enlargement, and costs a quarter before it.
            features = stage(F.interpolate(transition(features), scale_factor=2.0, mode="bilinear"))
        image: Tensor = self.to_image(features)
        return image if self.training else image.clamp(-1, 1)


class R3GanDiscriminator(nn.Module):
    """Stages that halve the resolution, then a depthwise convolution over all of it and a linear layer to one logit."""

    def __init__(
        self,
        image_size: int = 32,
        channels: int = 3,
        width: int = 64,
        widest: int = 512,
        blocks: int = 2,
        group_size: int = 16,
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.in_channels = image_size, image_width or image_size, channels
        *base, doublings = split_sides(image_size, image_width)
        widths = stage_widths(doublings, width, widest)
        self.from_image = initialize(nn.Conv2d(channels, widths[0], 1))
        self.stages = build_stages(widths, blocks, group_size)
        self.transitions = build_transitions(widths)
        self.basis = initialize(nn.Conv2d(widths[-1], widths[-1], tuple(base), groups=widths[-1], bias=False))
        self.linear = initialize(nn.Linear(widths[-1], 1, bias=False))

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1]: logits (N, 1), no sigmoid."""
        features = self.stages[0](self.from_image(images))
        for transition, stage in zip(self.transitions, self.stages[1:], strict=True):
            features = stage(transition(F.avg_pool2d(features, 2)))  # bilinear reduction by 2 is the mean of 2x2
        return self.linear(self.basis(features).flatten(1))


def stage_widths(doublings: int, width: int, widest: int) -> list[int]:
    """Return the channels of each stage, from the full resolution down."""
    return [min(width << halvings, widest) for halvings in range(doublings + 1)]


def build_stages(widths: list[int], blocks: int, group_size: int) -> nn.ModuleList:
    """Build the residual blocks of each stage."""
    whole = blocks * len(widths)
    return nn.ModuleList(
        nn.Sequential(*(Block(channels, group_size, whole) for _ in range(blocks))) for channels in widths
    )


def build_transitions(widths: list[int]) -> nn.ModuleList:
    """Build what changes the number of channels between two stages: 1x1 convolutions, or nothing if it stays."""
    return nn.ModuleList(
        nn.Identity() if before == after else initialize(nn.Conv2d(before, after, 1, bias=False))
        for before, after in pairwise(widths)
    )


def initialize(layer: nn.Module, gain: float = 1.0) -> nn.Module:
    """Draw a layer's weights from N(0, gain**2 / fan_in), with biases zero, and return it."""
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
