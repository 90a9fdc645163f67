"""AdaIN's network: an encoder, a normalization that carries the style, and a decoder (arXiv:1703.06868, section 5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .networks import convolution
from .perception import adapt
from .pyramid import fitted, resized

CONVOLUTIONS = (2, 2, 4, 4)  # of each level of VGG-19
WIDEST = 8  # in units of ``width``: VGG-19's 512 channels at width 64


def channels_of(width: int, level: int) -> int:
    return width * min(2**level, WIDEST)


def encoder(width: int, depth: int) -> nn.Sequential:
    """Return VGG-19's layers up to the first of level ``depth`` (relu4_1 with 3), their borders reflected.

    Pictures (N, 3, H, W) to (N, channels of that level, H / 2**depth, W / 2**depth).
    """
    layers: list[nn.Module] = []
    before = 3
    for level in range(depth):
        for _ in range(CONVOLUTIONS[level]):
            layers += [*convolution(before, channels_of(width, level), 3), nn.ReLU(inplace=True)]
            before = channels_of(width, level)
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, *convolution(before, channels_of(width, depth), 3), nn.ReLU(inplace=True))


def decoder(width: int, depth: int) -> nn.Sequential:
    """Return the encoder's mirror: pooling becomes nearest enlargement, and there is no norm (section 6)."""
    layers: list[nn.Module] = []
    before = channels_of(width, depth)
    for level in reversed(range(depth)):
        channels = channels_of(width, level)
        layers += [*convolution(before, channels, 3), nn.ReLU(inplace=True), nn.Upsample(scale_factor=2)]
        for _ in range(CONVOLUTIONS[level] - 1):
            layers += [*convolution(channels, channels, 3), nn.ReLU(inplace=True)]
        before = channels
    return nn.Sequential(*layers, *convolution(before, 3, 3))


class AdainGenerator(nn.Module):
    """tanh(g((1 - strength) f(c) + strength AdaIN(f(c), f(s)))): equations 8, 10 and 14 of arXiv:1703.06868.

    The layout is the paper's (width 64, depth 3: VGG-19 to relu4_1 and its mirror, 7,010,947 parameters), and so is
    the reflected border. Other than there, the encoder f is no VGG with fixed weights: it learns with the decoder g,
    so that it can be small and the model is whole; and tanh keeps to [-1, 1]. Heights and widths are multiples of
    2 * 2**depth, as reflection needs. The style may have any size: it is brought to the picture's.
    """

    in_channels, out_channels = 3, 3

    def __init__(self, width: int = 64, depth: int = 3, strength: float = 1.0) -> None:
        super().__init__()
        self.stride, self.strength = 2 * 2**depth, strength
        self.encoder, self.decoder = encoder(width, depth), decoder(width, depth)
        self.apply(initialize)

    def forward(self, images: Tensor, style: Tensor) -> Tensor:
        """Paint images (N, 3, H, W) in the style of (N or 1, 3, h, w), both in [-1, 1]; so is the result."""
        content = self.encoder(images)
        wanted = self.encoder(self._sized(style, images))
        mixed = torch.lerp(content.float(), adapt(content, wanted), self.strength)
        return torch.tanh(self.decoder(mixed.to(content.dtype)))

    def _sized(self, style: Tensor, images: Tensor) -> Tensor:
        """Return the style with the picture's shorter side, and no side too small to be encoded."""
        sized = fitted(style, images)
        size = [max(side, self.stride) for side in sized.shape[2:]]
        return sized if size == [*sized.shape[2:]] else resized(sized, size)


def initialize(module: nn.Module) -> None:
    """Draw weights so that ReLU keeps the signal's size (He et al., arXiv:1502.01852); biases zero."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        assert module.bias is not None
        nn.init.zeros_(module.bias)
