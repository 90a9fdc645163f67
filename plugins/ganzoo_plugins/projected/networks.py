"""A discriminator on the feature maps of a classifier (Projected GANs, arXiv:2111.01007)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import build

STEPS = (4, 8, 16, 32)  # pixels, of the scored feature maps, as in the paper


def convolution(inner: int, outer: int, kernel: int, stride: int = 1) -> nn.Module:
    """Build a spectrally normalized convolution (arXiv:1802.05957)."""
    return spectral_norm(nn.Conv2d(inner, outer, kernel, stride, (kernel - 1) // 2))


def head(inner: int, width: int, halvings: int, norm: str = "batch") -> nn.Sequential:
    """Build the head for one map: logits (N, 1, h, w) of its positions, after this many halvings."""

    def hidden(channels: int, kernel: int, stride: int) -> list[nn.Module]:
        normed = [nn.BatchNorm2d(width)] if norm == "batch" else []
        return [convolution(channels, width, kernel, stride), *normed, nn.LeakyReLU(0.2, inplace=True)]

    layers: list[nn.Module] = []
    for _ in range(halvings):
        layers += hidden(inner, 4, 2)
        inner = width
    return nn.Sequential(*layers, *hidden(inner, 3, 1), convolution(width, 1, 3))


def pix2pix_discriminator(inner: int, width: int, **options: Any) -> nn.Module:
    """Build a PatchGAN (arXiv:1611.07004) for the image itself, with torch's initial weights, like the other heads.

    It has no spectral norm: with it, its gradient for the generator was a 200th of that of the other heads.
    """
    network: nn.Module = build("discriminator:patchgan", in_channels=inner, width=width, **options)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
    return network


def image_discriminators(inner: int, width: int) -> list[nn.Module]:
    """Build a discriminator of patches of 70 pixels, and one of colors, which sees means of 2x2 pixels.

    Because of its instance norms the first one does not see color casts, in which a generator hides information for the
    cycle.
    """
    colors = pix2pix_discriminator(inner, width, receptive_field=1, norm="none")
    return [pix2pix_discriminator(inner, width), nn.Sequential(nn.AvgPool2d(2), colors)]


class Mixer(nn.Module):
    """Mix the channels of maps, then the maps from deep to shallow, by random convolutions that are not trained.

    This keeps the discriminator from relying on a few channels only (section 3.2).
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
        """Mix maps across channels, then from the smallest scale to the largest; same sizes, in the same order."""
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
    """Scores the feature maps of a frozen network, and patches and colors of the image itself.

    Args:
        features: The frozen network (`ganzoo.Features`) with maps at 4, 8, 16 and 32 pixels a step; not saved.
        in_channels: Channels of an image, or of two that are stacked on channels, as in pix2pix.
        width: Channels of the heads.
        pixels: Factor on the logits of the image itself, whose gradients are small compared with the others; 0: none.
        gray: The frozen network sees gray images. A generator soon finds colors that no photograph has and to which a
            classifier reacts strongly.
        image_channels: The frozen network sees the last so many channels.
        norm: "batch" or "none", in the heads of the frozen network's maps.
    """

    def __init__(
        self,
        features: Any,
        in_channels: int = 3,
        width: int = 64,
        pixels: float = 1.0,
        gray: bool = False,
        image_channels: int = 3,
        norm: str = "batch",
    ) -> None:
        super().__init__()
        self.in_channels, self.weight, self.gray = in_channels, pixels, gray
        self.image_channels = image_channels
        self.features = [features]  # in a list, so that it is neither trained nor saved
        last = {step: index for index, step in enumerate(features.reductions)}
        self.levels = [last[step] for step in STEPS]
        self.mixer = Mixer(tuple(features.channels[level] for level in self.levels), width)
        self.heads = nn.ModuleList(head(width, width, halvings, norm) for halvings in (2, 1, 1, 0))
        self.pixels = nn.ModuleList(image_discriminators(in_channels, width // 2) if pixels else [])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Score (N, in_channels, H, W) in [-1, 1]: logits (N, 1, h, w) of each scale, then of the image itself."""
        inputs = images[:, -self.image_channels :]
        maps = self.features[0].to(images.device)(inputs.mean(1, keepdim=True) if self.gray else inputs)
        logits = [
            head(one) for head, one in zip(self.heads, self.mixer([maps[level] for level in self.levels]), strict=True)
        ]
        return [*logits, *(self.weight * discriminator(images) for discriminator in self.pixels)]
