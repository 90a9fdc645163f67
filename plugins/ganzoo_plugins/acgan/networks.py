"""The networks of arXiv:1610.09585, appendix A, table 2 (32x32), for any size base * 2**k with base 4..7.

Weights are drawn from N(0, 0.02) and biases are zero, as in the table. It does not mention batch-norm scales: they are
drawn from DCGAN's N(1, 0.02). The noise on activations, for which the table lists 0 to 0.2, is left out.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo.layers.image_sizes import split_sides

STRIDES = (2, 1, 2, 1, 2, 1)  # of the discriminator's layers
MAX_WIDTH_FACTOR = 8  # 768 channels at width 96, as in the paper's network for 128x128


class AcganGenerator(nn.Module):
    """Latents and the class's one-hot code through a linear layer and 5x5 transposed convolutions to images.

    Channels halve as sizes double: 384, 192, 96 at width 96, the paper's for 32x32 (its base is 4). At 28x28 the
    base is 7.
    """

    def __init__(
        self,
        image_size: int = 32,
        channels: int = 3,
        classes: int = 10,
        latent_dim: int = 100,
        width: int = 96,
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.out_channels = image_size, image_width or image_size, channels
        self.classes, self.latent_dim = classes, latent_dim
        *self.base, doublings = split_sides(image_size, image_width)
        in_width = width * min(2 ** (doublings - 1), MAX_WIDTH_FACTOR)
        self.linear = nn.Linear(latent_dim + classes, in_width * math.prod(self.base))
        layers: list[nn.Module] = [nn.ReLU(inplace=True)]
        for index in reversed(range(doublings - 1)):
            out_width = width * min(2**index, MAX_WIDTH_FACTOR)
            layers += [_up(in_width, out_width), nn.BatchNorm2d(out_width), nn.ReLU(inplace=True)]
            in_width = out_width
        self.layers = nn.Sequential(*layers, _up(in_width, channels, bias=True))
        self.apply(initialize)
        self.to(memory_format=torch.channels_last)  # faster on CPUs and GPUs

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Generate images (N, channels, image_size, image_width) in [-1, 1].

        Args:
            latents: (N, latent_dim) from N(0, 1).
            labels: (N,) int64 in [0, classes).
        """
        code = F.one_hot(labels, self.classes).to(latents.dtype)
        maps = self.linear(torch.cat([latents, code], 1)).unflatten(1, (-1, *self.base))
        return torch.tanh(self.layers(maps))


def _up(channels: int, out_width: int, bias: bool = False) -> nn.Module:
    return nn.ConvTranspose2d(channels, out_width, 5, 2, padding=2, output_padding=1, bias=bias)


class AcganDiscriminator(nn.Module):
    """Six 3x3 convolutions with dropout, then one linear layer to a logit for real and one to class logits."""

    def __init__(
        self,
        image_size: int = 32,
        channels: int = 3,
        classes: int = 10,
        width: int = 16,
        norm: str = "batch",
        dropout: float = 0.5,
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width = image_size, image_width or image_size
        self.in_channels, self.classes = channels, classes
        layers: list[nn.Module] = []
        in_width, sides = channels, (self.image_size, self.image_width)
        for index, stride in enumerate(STRIDES):
            out_width = width * 2**index
            layers += _layer(in_width, out_width, stride, "none" if norm == "batch" and index == 0 else norm)
            layers += [nn.LeakyReLU(0.2, inplace=True), nn.Dropout(dropout)]
            in_width, sides = out_width, (-(-sides[0] // stride), -(-sides[1] // stride))
        self.layers = nn.Sequential(*layers, nn.Flatten())
        heads = [nn.Linear(in_width * math.prod(sides), units) for units in (1, classes)]
        self.source, self.kind = (spectral_norm(head) if norm == "spectral" else head for head in heads)
        self.apply(initialize)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1]: logits (N, 1), no sigmoid."""
        logits: Tensor = self.source(self.layers(images))
        return logits

    def classified(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of ``forward`` and class logits (N, classes), no softmax: P(S|X) and P(C|X)."""
        features = self.layers(images)
        return self.source(features), self.kind(features)


def _layer(channels: int, out_width: int, stride: int, norm: str) -> list[nn.Module]:
    convolution = nn.Conv2d(channels, out_width, 3, stride, 1, bias=norm != "batch")
    if norm == "batch":
        return [convolution, nn.BatchNorm2d(out_width)]
    return [spectral_norm(convolution) if norm == "spectral" else convolution]


def initialize(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), batch-norm scales from N(1, 0.02), biases zero."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        parametrized = hasattr(module, "parametrizations")
        weight = module.parametrizations.weight.original if parametrized else module.weight  # type: ignore[union-attr]
        nn.init.normal_(weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
