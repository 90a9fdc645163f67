"""LSGAN's generator and discriminator (arXiv:1611.04076, figure 5: the 112x112 model), for base * 2**k pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def split_size(image_size: int) -> tuple[int, int]:
    """Return (base, doublings) with ``image_size == base * 2**doublings`` and base 4..7, as 112 -> (7, 4).

    Raises ValueError for a size that is no such product, and outside 16..256.
    """
    base, doublings = image_size, 0
    while base > 7 and base % 2 == 0:
        base, doublings = base // 2, doublings + 1
    if not 4 <= base <= 7 or not 16 <= image_size <= 256:
        raise ValueError(
            f"image_size {image_size} is not 4, 5, 6 or 7 times a power of two between 16 and 256, as 28, 32, 112"
        )
    return base, doublings


def up(channels: int, after: int, stride: int) -> list[nn.Module]:
    """Return a 3x3 transposed convolution with batch norm and ReLU; sizes grow by ``stride``."""
    convolution = nn.ConvTranspose2d(channels, after, 3, stride, padding=1, output_padding=stride - 1, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]


class LsganGenerator(nn.Module):
    """A linear layer to base x base, then transposed convolutions; the last two doublings halve the width.

    Earlier doublings keep 4 * width channels and are followed by a convolution of stride 1, as in the paper's
    112x112 model (base 7, four doublings, latent_dim 1024, width 64).
    """

    def __init__(self, image_size: int = 112, channels: int = 3, latent_dim: int = 1024, width: int = 64) -> None:
        super().__init__()
        self.image_size, self.out_channels, self.latent_dim = image_size, channels, latent_dim
        self.base, doublings = split_size(image_size)
        top = 4 * width
        self.linear = nn.Linear(latent_dim, top * self.base**2, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(top), nn.ReLU(inplace=True)]
        for _ in range(doublings - 2):
            layers += up(top, top, 2) + up(top, top, 1)
        layers += up(top, 2 * width, 2) + up(2 * width, width, 2)
        layers.append(nn.ConvTranspose2d(width, channels, 3, 1, 1))
        self.layers = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, latents: Tensor) -> Tensor:
        """Turn latents (N, latent_dim) from N(0, 1) into images (N, channels, image_size, image_size) in [-1, 1]."""
        features = self.linear(latents).unflatten(1, (-1, self.base, self.base))
        return torch.tanh(self.layers(features))


class LsganDiscriminator(nn.Module):
    """Strided 5x5 convolutions (width, 2, 4, 8 * width) and one linear layer to a score; no sigmoid anywhere."""

    def __init__(self, image_size: int = 112, channels: int = 3, width: int = 64) -> None:
        super().__init__()
        self.image_size, self.in_channels = image_size, channels
        base, doublings = split_size(image_size)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 5, 2, 2), nn.LeakyReLU(0.2, inplace=True)]
        now = width
        for _ in range(doublings - 1):
            after = min(2 * now, 8 * width)
            layers += [
                nn.Conv2d(now, after, 5, 2, 2, bias=False),
                nn.BatchNorm2d(after),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            now = after
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(now * base**2, 1)
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_size) in [-1, 1]: scores (N, 1)."""
        return self.linear(self.layers(images).flatten(1))


def initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), batch-norm scales from N(1, 0.02), biases zero, as DCGAN does."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
