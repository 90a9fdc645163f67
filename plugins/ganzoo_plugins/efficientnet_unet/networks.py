"""A U-Net whose encoder is EfficientNet-Lite0 (arXiv:1505.04597, 1801.05746, 1905.11946)."""

from __future__ import annotations

from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import InstanceNorm, at_least_float32

# Channels, kernel, stride and number of blocks of each stage: the table of EfficientNet-B0, without attention.
STAGES = ((16, 3, 1, 1), (24, 3, 2, 2), (40, 5, 2, 2), (80, 3, 2, 3), (112, 5, 1, 3), (192, 5, 2, 4), (320, 3, 1, 1))
STEM = 32
SKIP_STAGES = (0, 1, 2, 4)  # stages whose maps, at 1/2, 1/4, 1/8 and 1/16, go to the decoder
NORMS = {"instance": InstanceNorm, "batch": nn.BatchNorm2d}


def convolution(inner: int, outer: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Build a padded convolution to H/stride and W/stride; with stride 2 there is more padding after than before."""
    total = kernel - stride
    before, after = total // 2, total - total // 2
    layer = nn.Conv2d(inner, outer, kernel, stride, before if before == after else 0, groups=groups)
    pad = [] if before == after else [nn.ZeroPad2d((before, after, before, after))]
    return nn.Sequential(*pad, layer)


class InvertedResidual(nn.Module):
    """MobileNetV2's block: expand, depthwise convolution, project; a shortcut if shapes agree (arXiv:1801.04381).

    Batch norms are folded into the convolutions.
    """

    def __init__(self, inner: int, outer: int, kernel: int, stride: int, widening: int) -> None:
        super().__init__()
        wide = widening * inner
        self.shortcut = inner == outer and stride == 1
        self.layers = nn.Sequential(
            *([convolution(inner, wide), nn.ReLU6(inplace=True)] if widening > 1 else []),
            convolution(wide, wide, kernel, stride, groups=wide),
            nn.ReLU6(inplace=True),
            convolution(wide, outer),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, out, H/s, W/s) for the block's stride s."""
        residual = self.layers(features)
        return features + residual if self.shortcut else residual


class Encoder(nn.Module):
    """EfficientNet-Lite0 up to its last stage: images (N, 3, H, W) in [-1, 1] to maps at 1/2, 1/4, 1/8, 1/16, 1/32.

    With 4 ``levels`` it ends at 1/16.
    """

    def __init__(self, levels: int = 5) -> None:
        super().__init__()
        self.map_stages = (*SKIP_STAGES, len(STAGES) - 1)[:levels]
        self.channels = tuple(STAGES[stage][0] for stage in self.map_stages)
        self.stem = nn.Sequential(convolution(3, STEM, 3, stride=2), nn.ReLU6(inplace=True))
        stages, inner = [], STEM
        for index, (outer, kernel, stride, count) in enumerate(STAGES[: self.map_stages[-1] + 1]):
            blocks = []
            for number in range(count):
                widening = 1 if index == 0 else 6
                blocks.append(InvertedResidual(inner, outer, kernel, stride if number == 0 else 1, widening))
                inner = outer
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return maps of images (N, 3, H, W), from the largest to the smallest."""
        features = self.stem((127.5 * images + 0.5) / 128)  # (value - 127) / 128 of 8-bit values
        maps = []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in self.map_stages:
                maps.append(features)
        return maps


def layer(inner: int, outer: int, norm: str) -> list[nn.Module]:
    """Return a 3x3 convolution, a norm and ReLU."""
    return [nn.Conv2d(inner, outer, 3, padding=1), NORMS[norm](outer), nn.ReLU(inplace=True)]


class Residual(nn.Module):
    """Two 3x3 convolutions and a shortcut; (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layer(channels, channels, norm), *layer(channels, channels, norm)[:-1])

    def forward(self, features: Tensor) -> Tensor:
        """Return features (N, C, H, W) of the same shape: the input plus what the block changes."""
        return features + self.layers(features)


def join(features: Tensor, skip: Tensor) -> Tensor:
    """Enlarge features (N, C, H, W) twice and stack them on a map (N, D, 2 H, 2 W) of the encoder."""
    return torch.cat([F.interpolate(features, scale_factor=2.0), skip], 1)


class EfficientNetUNet(nn.Module):
    """A U-Net with EfficientNet-Lite0 as encoder and 3x3 convolutions as decoder.

    Heights and widths must be multiples of 32. There are ``blocks`` residual blocks at 1/8 and at 1/4 each. The encoder
    is frozen unless ``trained``; `begin` loads ImageNet's weights into it. With ``global_skip`` the network learns a
    change of the image. The encoder knows RGB: of other images than RGB it sees the mean of their channels, as gray,
    while the decoder's last level sees all of them. The default has 3,919,843 parameters, 980,723 of them in the
    decoder. With 4 ``levels`` the encoder ends at 1/16, and heights and widths must be multiples of 16.
    """

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        width: int = 32,
        blocks: int = 1,
        global_skip: bool = True,
        trained: bool = False,
        levels: int = 5,
        norm: str = "instance",
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.global_skip = in_channels, out_channels, global_skip
        self.stride = 2**levels
        self.encoder = Encoder(levels)
        widths = [width // 2, width, 2 * width, 3 * width, 4 * width][:levels]  # at 1/1, 1/2, ..., 1/16
        skips = [in_channels, *self.encoder.channels]
        rises, inner = [], skips[-1]
        for level in reversed(range(len(widths))):
            residuals = [Residual(widths[level], norm) for _ in range(blocks if level in (2, 3) else 0)]
            rises.append(nn.Sequential(*layer(inner + skips[level], widths[level], norm), *residuals))
            inner = widths[level]
        self.rises = nn.ModuleList(rises)
        self.last = nn.Conv2d(inner, out_channels, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)
        if global_skip:  # start as the identity
            nn.init.zeros_(self.last.weight)
        self.encoder.requires_grad_(trained)

    def begin(self) -> None:
        """Load ImageNet's weights into the encoder when a training starts. Raises GanzooError if they are missing."""
        import ganzoo

        pretrained = ganzoo.build("features:efficientnet-lite0").state_dict()
        state = self.encoder.state_dict()
        own = islice(pretrained.values(), len(state))  # from shallow to deep
        self.encoder.load_state_dict(dict(zip(state, own, strict=True)))

    def fit_to(self, teacher: nn.Module, images: Tensor) -> None:
        """Become an excerpt of a wider network of this kind, fitted on images (N, in_channels, H, W) in [-1, 1].

        Raises GanzooError if the two do not match. See `layer_fitting`.
        """
        from .layer_fitting import fit

        fit(self, teacher, images)

    def colors(self, images: Tensor) -> Tensor:
        """Return what the encoder sees of images: (N, 3, H, W)."""
        return images if self.in_channels == 3 else torch.cat([images.mean(1, keepdim=True)] * 3, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Translate (N, in_channels, H, W) in [-1, 1] to (N, out_channels, H, W) in [-1, 1]."""
        maps = [images, *self.encoder(self.colors(images))]
        features = maps.pop()
        for rise in self.rises:
            features = rise(join(features, maps.pop()))
        change = self.last(features)
        if self.global_skip:  # a change of 0 gives the input; 0.98 keeps atanh of white finite
            change = at_least_float32(change) + torch.atanh(0.98 * at_least_float32(images))
        return torch.tanh(change)
