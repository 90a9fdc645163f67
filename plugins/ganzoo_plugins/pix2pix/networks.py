"""PatchGAN discriminators and the U-Net generator of pix2pix (arXiv:1611.07004, appendix 6.1)."""

from __future__ import annotations

import itertools
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import InstanceNorm
from ganzoo.layers.blur_pool import blur_down

# Receptive field in pixels -> number of strided convolutions; 1, 16, 70 and 286 are the paper's discriminators.
STRIDED_LAYERS = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}


def make_norm(kind: str, channels: int) -> nn.Module:
    """Build ``kind``: "batch", "image" (an `ImageBatchNorm`), "instance" or "none"."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "image":
        return ImageBatchNorm(channels)
    if kind == "instance":
        return InstanceNorm(channels)
    return nn.Identity()


class ImageBatchNorm(nn.BatchNorm2d):
    """Batch norm that normalizes each image by its own mean and variance outside of training (section 3.3)."""

    same_as = nn.InstanceNorm2d  # outside of training, for strips and exports

    def forward(self, features: Tensor) -> Tensor:
        """Normalize (N, C, H, W) over the batch in training, each image by itself otherwise."""
        if self.training:
            return super().forward(features)
        return F.instance_norm(features, weight=self.weight, bias=self.bias, eps=self.eps)


class Noise(nn.Dropout):
    """Dropout in training and outside of it: the noise of pix2pix (section 2.1)."""

    def forward(self, features: Tensor) -> Tensor:
        """Zero a random part of the features and scale the rest."""
        return F.dropout(features, self.p, training=True)


class PatchDiscriminator(nn.Module):
    """Score overlapping patches of ``receptive_field`` pixels a side: 1, 16, 34, 70, 142 or 286.

    C64-C128-C256-C512 for 70 pixels (2,764,737 parameters at width 64 with instance norm on RGB). With
    ``spectral`` every convolution is spectrally normalized (arXiv:1802.05957); ``antialias`` replaces each stride
    by a blur (arXiv:1904.11486), as in CUT, which enlarges the receptive field a little.
    """

    def __init__(
        self,
        in_channels: int = 3,
        width: int = 64,
        receptive_field: int = 70,
        norm: str = "instance",
        spectral: bool = False,
        antialias: bool = False,
        init: str = "normal",
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        wrap = spectral_norm if spectral else (lambda layer: layer)
        strided = STRIDED_LAYERS[receptive_field]
        bias = norm != "batch"
        # 1x1 convolutions when one pixel is all a score may see.
        kernel, padding = (1, 0) if strided == 0 else (4, 1)
        halving = 1 if antialias else 2
        layers: list[nn.Module] = [
            wrap(nn.Conv2d(in_channels, width, kernel, halving if strided else 1, padding)),
            nn.LeakyReLU(0.2, inplace=True),
            *([blur_down(width)] if antialias and strided else []),
        ]
        channels = width
        for index in range(1, max(strided, 1) + 1):
            halves = index < strided
            out = width * min(2**index, 8)
            layers += [
                wrap(nn.Conv2d(channels, out, kernel, halving if halves else 1, padding, bias=bias)),
                make_norm(norm, out),
                nn.LeakyReLU(0.2, inplace=True),
                *([blur_down(out)] if antialias and halves else []),
            ]
            channels = out
        layers.append(wrap(nn.Conv2d(channels, 1, kernel, 1, padding)))
        self.layers = nn.Sequential(*layers)
        self.apply(partial(initialize, init=init))

    def forward(self, images: Tensor) -> Tensor:
        """Score patches of (N, in_channels, H, W) in [-1, 1].

        Returns logits, no sigmoid: (N, 1, H/s - 2, W/s - 2) with s = 2, 4, 8, 16, 32 for patches of 16, 34, 70, 142,
        286 pixels, where s divides H and W; (N, 1, H, W) for 1 pixel.
        """
        return self.layers(images)


class MultiScaleDiscriminator(nn.Module):
    """The same discriminator at several scales, each on images half as large (arXiv:1711.11585, section 3.2)."""

    def __init__(self, scales: int = 3, in_channels: int = 3, **options: object) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.discriminators = nn.ModuleList(
            PatchDiscriminator(in_channels, **options)  # type: ignore[arg-type]
            for _ in range(scales)
        )
        self.shrink = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return one logits map a scale, from the finest to the coarsest, for (N, C, H, W) in [-1, 1]."""
        logits = []
        for index, discriminator in enumerate(self.discriminators):
            logits.append(discriminator(images))
            if index + 1 < len(self.discriminators):
                images = self.shrink(images)
        return logits


class UNetLevel(nn.Module):
    """One level of the U-Net: down, the inner levels, up, and a shortcut around them."""

    def __init__(
        self, outer: int, inner: int, norm: str, submodule: nn.Module | None = None, dropout: nn.Module | None = None
    ) -> None:
        super().__init__()
        bias = norm not in ("batch", "image")
        down: list[nn.Module] = [
            nn.LeakyReLU(0.2),
            nn.Conv2d(outer, inner, 4, stride=2, padding=1, bias=bias),
        ]
        if submodule is not None:  # the bottleneck is 1x1 pixel: nothing to normalize over
            down += [make_norm(norm, inner), submodule]
        up_channels = inner if submodule is None else 2 * inner
        up: list[nn.Module] = [
            nn.ReLU(),
            nn.ConvTranspose2d(up_channels, outer, 4, stride=2, padding=1, bias=bias),
            make_norm(norm, outer),
        ]
        if dropout is not None:
            up.append(dropout)
        self.layers = nn.Sequential(*down, *up)

    def forward(self, features: Tensor) -> Tensor:
        """Return the input, joined on channels with what the inner levels make of it."""
        return torch.cat([features, self.layers(features)], dim=1)


class UNetGenerator(nn.Module):
    """Encoder-decoder with shortcuts: image in, image of the same size out.

    ``image_size`` 256 has eight levels and 54,413,955 parameters at width 64 with batch norm on RGB; 128 has
    seven. Heights and widths must be multiples of ``image_size``: the innermost level is one pixel there.
    Three inner levels carry dropout 0.5, the only noise of pix2pix; it acts in training only, unless ``test_dropout``.
    With ``test_statistics`` "image", batch norm takes those of each image outside of training.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 64,
        image_size: int = 256,
        norm: str = "batch",
        dropout: bool = True,
        test_statistics: str = "averages",
        test_dropout: bool = False,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.stride = image_size
        levels = image_size.bit_length() - 1
        top = 8 * width
        kind = "image" if norm == "batch" and test_statistics == "image" else norm
        level: nn.Module = UNetLevel(top, top, kind)
        for _ in range(levels - 5):
            noise = (Noise(0.5) if test_dropout else nn.Dropout(0.5)) if dropout else None
            level = UNetLevel(top, top, kind, level, noise)
        for outer in (4 * width, 2 * width, width):
            level = UNetLevel(outer, 2 * outer, kind, level)
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, width, 4, stride=2, padding=1, bias=norm != "batch"),
            level,
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, out_channels, 4, stride=2, padding=1),
        )
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Translate (N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) in [-1, 1]."""
        return torch.tanh(self.layers(images))


class PixelwiseGenerator(nn.Module):
    """Convolutions of 1x1 pixel (StainNet, arXiv:2012.12535): the output at a pixel depends on that pixel alone.

    Three layers of width 32 have 1,283 parameters on RGB. Any size fits, and the result of a window is exact.
    """

    stride = 1

    def __init__(self, in_channels: int = 3, out_channels: int = 3, width: int = 32, layers: int = 3) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        channels = [in_channels, *[width] * (layers - 1)]
        inner = [part for one, other in itertools.pairwise(channels) for part in (nn.Conv2d(one, other, 1), nn.ReLU())]
        self.layers = nn.Sequential(*inner, nn.Conv2d(width, out_channels, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) in [-1, 1]."""
        return torch.tanh(self.layers(images))


def initialize(module: nn.Module, init: str = "normal") -> None:
    """Draw weights from N(0, 0.02), batch-norm scales from N(1, 0.02), biases zero (appendix 6.2).

    With ``init`` "xavier", weights are 0.02 times those of Glorot and Bengio 2010, equation 12 with a normal
    distribution.
    """
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        weight = module.parametrizations.weight.original if hasattr(module, "parametrizations") else module.weight
        if not isinstance(weight, nn.Parameter):  # a blur
            return
        if init == "xavier":
            nn.init.xavier_normal_(weight, 0.02)
        else:
            nn.init.normal_(weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
