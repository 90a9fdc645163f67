"""A discriminator of what a classifier sees of images (Projected GANs, arXiv:2111.01007)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import build

STEPS = (4, 8, 16, 32)  # pixels a step in the maps that are judged, as in the paper


def convolution(inner: int, outer: int, kernel: int, stride: int = 1) -> nn.Module:
    """Build a spectrally normalized convolution (arXiv:1802.05957)."""
    return spectral_norm(nn.Conv2d(inner, outer, kernel, stride, (kernel - 1) // 2))


def head(inner: int, width: int, halvings: int) -> nn.Sequential:
    """Build what judges one map: logits (N, 1, h, w), each of a place in it, after so many halvings."""
    layers: list[nn.Module] = []
    for _ in range(halvings):
        layers += [convolution(inner, width, 4, 2), nn.LeakyReLU(0.2, inplace=True)]
        inner = width
    return nn.Sequential(
        *layers,
        convolution(inner, width, 3),
        nn.LeakyReLU(0.2, inplace=True),
        convolution(width, 1, 3),
    )


def pix2pix_discriminator(inner: int, width: int, **options: Any) -> nn.Module:
    """Build a discriminator of pix2pix's (arXiv:1611.07004) for the image itself, drawn as its neighbors are.

    Without spectral norms: with them its slope, which the generator learns by, was a 200th of the other heads'.
    """
    network: nn.Module = build("discriminator:patchgan", in_channels=inner, width=width, **options)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
    return network


def own_discriminators(inner: int, width: int) -> list[nn.Module]:
    """Build what judges patches of 70 pixels, and what judges colors: means of 2x2 pixels, each by itself.

    Instance norms hide casts of color from what judges patches, and a generator hides in them what it needs for the
    way back.
    """
    colors = pix2pix_discriminator(inner, width, receptive_field=1, norm="none")
    return [pix2pix_discriminator(inner, width), nn.Sequential(nn.AvgPool2d(2), colors)]


class Mixer(nn.Module):
    """Mix the channels of maps, then the maps from deep to shallow, by convolutions drawn once and never trained.

    Section 3.2: it hinders the discriminator from looking at a few channels only.
    """

    def __init__(self, channels: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.channels = nn.ModuleList(nn.Conv2d(each, width, 1, bias=False) for each in channels)
        self.scales = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in channels)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
        self.requires_grad_(False)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        mixed: list[Tensor] = []
        for one, channel, scale in zip(maps[::-1], reversed(self.channels), reversed(self.scales), strict=True):
            features = channel(one)
            exact = features.to(torch.promote_types(features.dtype, torch.float32))
            features = features * (exact.square().mean((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
            if mixed:
                features = features + F.interpolate(mixed[-1], size=features.shape[2:], mode="nearest")
            mixed.append(scale(features))
        return mixed[::-1]


class ProjectedDiscriminator(nn.Module):
    """Score the maps of a frozen network at 4, 8, 16 and 32 pixels a step, and the image's own patches and colors.

    Of two images stacked on channels, as pix2pix has them, the frozen network sees the second, the patches see both.

    features  the frozen network, of ganzoo's kind ``features``; it is no part of the weights
    pixels    factor on the logits of the image itself, whose slope is small beside the others'; 0: it is not judged
    gray      the frozen network sees images without their colors, which are judged in the image itself alone: a
              generator soon finds colors that no photograph has, and that a classifier makes much of
    """

    def __init__(
        self, features: Any, in_channels: int = 3, width: int = 64, pixels: float = 1.0, gray: bool = False
    ) -> None:
        super().__init__()
        self.in_channels, self.weight, self.gray = in_channels, pixels, gray
        self.features = [features]  # in a list: neither trained nor saved
        last = {step: place for place, step in enumerate(features.reductions)}
        self.places = [last[step] for step in STEPS]
        self.mixer = Mixer(tuple(features.channels[place] for place in self.places), width)
        self.heads = nn.ModuleList(head(width, width, halvings) for halvings in (2, 1, 1, 0))
        self.pixels = nn.ModuleList(own_discriminators(in_channels, width // 2) if pixels else [])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Score images (N, in_channels, H, W) in [-1, 1]: logits (N, 1, h, w) of each scale, the image's own last."""
        seen = images[:, -3:] if self.in_channels % 3 == 0 else images[:, -1:]
        maps = self.features[0].to(images.device)(seen.mean(1, keepdim=True) if self.gray else seen)
        logits = [head(one) for head, one in zip(self.heads, self.mixer([maps[p] for p in self.places]), strict=True)]
        return [*logits, *(self.weight * discriminator(images) for discriminator in self.pixels)]
