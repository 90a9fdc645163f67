"""A discriminator of what a classifier sees of pictures (Projected GANs, arXiv:2111.01007)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

STEPS = (4, 8, 16, 32)  # pixels a step in the maps that are judged, as in the paper


def convolution(inner: int, outer: int, kernel: int, stride: int = 1) -> nn.Module:
    """Build a spectrally normalised convolution (arXiv:1802.05957)."""
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


class InstanceNorm(nn.InstanceNorm2d):
    """Normalise each channel of each picture (arXiv:1607.08022), without learnt scale or shift.

    Two other norms are the same formula, each the fast one for a layout: group norm with one group a channel where
    channels come first, batch norm of one picture at a time where they come last. ``InstanceNorm2d`` is slower on
    CPUs than either, and its input gradient is wrong there for batch 1 in channels_last.
    """

    same_as = nn.InstanceNorm2d

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type == "cpu" and not features.is_contiguous():
            each = [F.batch_norm(one, None, None, training=True, eps=1e-5) for one in features.split(1)]
            return each[0] if len(each) == 1 else torch.cat(each)
        return F.group_norm(features, features.shape[1], eps=1e-5)


def patches(inner: int, width: int) -> nn.Sequential:
    """Build what judges patches of 70 pixels of the picture itself, as pix2pix does (arXiv:1611.07004).

    Without spectral norms: with them its slope, which the generator learns by, was a 200th of the other heads'.
    """
    layers: list[nn.Module] = [nn.Conv2d(inner, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for stride in (2, 2, 1):
        layers += [nn.Conv2d(width, 2 * width, 4, stride, 1), InstanceNorm(2 * width), nn.LeakyReLU(0.2, inplace=True)]
        width *= 2
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))


def colours(inner: int, width: int) -> nn.Sequential:
    """Build what judges means of 2x2 pixels, each by itself: only colours count (pix2pix's PixelGAN).

    Instance norms hide casts of colour from what judges patches, and a generator hides in them what it needs for the
    way back.
    """
    return nn.Sequential(
        nn.AvgPool2d(2),
        nn.Conv2d(inner, width, 1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(width, 2 * width, 1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(2 * width, 1, 1),
    )


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
    """Score the maps of a frozen network at 4, 8, 16 and 32 pixels a step, and the picture's own patches and colours.

    Of two pictures stacked on channels, as pix2pix has them, the frozen network sees the second, the patches see both.

    features  the frozen network, of ganzoo's kind ``features``; it is no part of the weights
    pixels    factor on the logits of the picture itself, whose slope is small beside the others'; 0: it is not judged
    grey      the frozen network sees pictures without their colours, which are judged in the picture itself alone: a
              generator soon finds colours that no photograph has, and that a classifier makes much of
    """

    def __init__(
        self, features: Any, in_channels: int = 3, width: int = 64, pixels: float = 1.0, grey: bool = False
    ) -> None:
        super().__init__()
        self.in_channels, self.weight, self.grey = in_channels, pixels, grey
        self.looks = [features]  # in a list: neither trained nor saved
        last = {step: place for place, step in enumerate(features.reductions)}
        self.places = [last[step] for step in STEPS]
        self.mixer = Mixer(tuple(features.channels[place] for place in self.places), width)
        self.heads = nn.ModuleList(head(width, width, halvings) for halvings in (2, 1, 1, 0))
        own = [patches(in_channels, width // 2), colours(in_channels, width // 2)] if pixels else []
        self.pixels = nn.ModuleList(own)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Score images (N, in_channels, H, W) in [-1, 1]: logits (N, 1, h, w) of each scale, the picture's own last."""
        seen = images[:, -3:] if self.in_channels % 3 == 0 else images[:, -1:]
        maps = self.looks[0].to(images.device)(seen.mean(1, keepdim=True) if self.grey else seen)
        logits = [head(one) for head, one in zip(self.heads, self.mixer([maps[p] for p in self.places]), strict=True)]
        return [*logits, *(self.weight * judge(images) for judge in self.pixels)]
