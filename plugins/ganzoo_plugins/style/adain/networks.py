"""AdaIN's network: encoder, adaptive instance norm, decoder (arXiv:1703.06868, section 5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo import at_least_float32
from ganzoo_plugins.style.layers import reflected_conv
from ganzoo_plugins.style.perception import adapt
from ganzoo_plugins.style.pyramid import fit_style, resize

CONVOLUTIONS = (2, 2, 4, 4)  # of each level of VGG-19
MAX_WIDTH_FACTOR = 8  # VGG-19 has at most 512 channels, at width 64


def level_channels(width: int, level: int) -> int:
    """Return the channels of a level, 0 the largest; each doubles them up to a limit."""
    return width * min(2**level, MAX_WIDTH_FACTOR)


def build_encoder(width: int, depth: int) -> nn.Sequential:
    """Build VGG-19's layers up to the first one of level ``depth`` (relu4_1 for 3), with reflected borders.

    It maps images (N, 3, H, W) to (N, channels of that level, H / 2**depth, W / 2**depth).
    """
    layers: list[nn.Module] = []
    in_channels = 3
    for level in range(depth):
        for _ in range(CONVOLUTIONS[level]):
            layers += [*reflected_conv(in_channels, level_channels(width, level), 3), nn.ReLU(inplace=True)]
            in_channels = level_channels(width, level)
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, *reflected_conv(in_channels, level_channels(width, depth), 3), nn.ReLU(inplace=True))


def build_decoder(width: int, depth: int) -> nn.Sequential:
    """Build the mirror of the encoder, with nearest-neighbor upsampling for pooling and no norm (section 6)."""
    layers: list[nn.Module] = []
    in_channels = level_channels(width, depth)
    for level in reversed(range(depth)):
        channels = level_channels(width, level)
        layers += [*reflected_conv(in_channels, channels, 3), nn.ReLU(inplace=True), nn.Upsample(scale_factor=2)]
        for _ in range(CONVOLUTIONS[level] - 1):
            layers += [*reflected_conv(channels, channels, 3), nn.ReLU(inplace=True)]
        in_channels = channels
    return nn.Sequential(*layers, *reflected_conv(in_channels, 3, 3))


class AdainGenerator(nn.Module):
    """tanh(g((1 - strength) f(c) + strength AdaIN(f(c), f(s)))): equations 8, 10 and 14 of arXiv:1703.06868.

    The layout and the reflected borders are the paper's (width 64, depth 3: VGG-19 to relu4_1 and its mirror, 7,010,947
    parameters). Unlike the paper, the encoder f is not a VGG with fixed weights. It is trained together with the
    decoder g, so that it can be small and the model is complete. The tanh keeps the output in [-1, 1]. Heights and
    widths must be multiples of 2 * 2**depth for reflection.

    Args:
        width: Channels of the first level.
        depth: How often the size is halved.
        strength: Strength of the style, from 0 to 1.
    """

    in_channels, out_channels = 3, 3

    def __init__(self, width: int = 64, depth: int = 3, strength: float = 1.0) -> None:
        super().__init__()
        self.stride, self.strength = 2 * 2**depth, strength
        self.encoder, self.decoder = build_encoder(width, depth), build_decoder(width, depth)
        self.apply(initialize)

    def forward(self, images: Tensor, style: Tensor) -> Tensor:
        """Paint images in a style.

        Args:
            images: (N, 3, H, W) in [-1, 1].
            style: (N or 1, 3, h, w) in [-1, 1], of any size; it is resized to that of the images.

        Returns:
            (N, 3, H, W) in [-1, 1].
        """
        content = self.encoder(images)
        style_features = self.encoder(self._resize_style(style, images))
        mixed = torch.lerp(at_least_float32(content), adapt(content, style_features), self.strength)
        return torch.tanh(self.decoder(mixed.to(content.dtype)))

    def _resize_style(self, style: Tensor, images: Tensor) -> Tensor:
        """Resize the style to the images' shorter side, with no side too small for the encoder."""
        fitted = fit_style(style, images)
        size = [max(side, self.stride) for side in fitted.shape[2:]]
        return fitted if size == [*fitted.shape[2:]] else resize(fitted, size)


def initialize(module: nn.Module) -> None:
    """Draw weights so that ReLU preserves the scale of the signal (He et al., arXiv:1502.01852); biases are zero."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        assert module.bias is not None
        nn.init.zeros_(module.bias)
