"""Convolutional networks in the wiring of arXiv:1411.1784, section 3.2 and figure 1.

The class and the latents, or the class and the picture, each go through a hidden layer of their own; these are joined,
and the layers after that see both. The paper has perceptrons (`perceptrons`) and gives no convolutional network:
layers, norms and initial weights here are those of DCGAN (arXiv:1511.06434, sections 3 and 4), but for the maps of the
classes, from N(0, 1): as small as the other weights, they are not heard beside the pictures for thousands of steps.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo import split_size

WIDEST = 16  # in units of `width`
SHARE = 4  # the class has a quarter as many channels as what it is joined with


class ClassMaps(nn.Module):
    """A hidden layer of the class: the learned maps of each, as a linear layer on its one-hot code would have them."""

    def __init__(self, classes: int, channels: int, pixels: int) -> None:
        super().__init__()
        self.shape = (channels, pixels, pixels)
        self.table = nn.Embedding(classes, channels * pixels**2)

    def forward(self, labels: Tensor) -> Tensor:
        """Return (N, channels, pixels, pixels) for labels (N,) int64."""
        maps: Tensor = self.table(labels).unflatten(1, self.shape)
        return maps


class CganGenerator(nn.Module):
    """Latents and class, each a map of base x base, joined and doubled in size to images.

    28x28 gray, at width 64 with 10 classes and 100 latents: 815,424 parameters.
    """

    def __init__(
        self, image_size: int = 64, channels: int = 3, classes: int = 10, latent_dim: int = 100, width: int = 64
    ) -> None:
        super().__init__()
        self.image_size, self.out_channels = image_size, channels
        self.classes, self.latent_dim = classes, latent_dim
        self.base, doublings = split_size(image_size)
        first = width * min(2 ** (doublings - 1), WIDEST)
        conditioning = max(1, first // SHARE)
        self.from_latents = nn.Linear(latent_dim, first * self.base**2, bias=False)
        self.from_labels = ClassMaps(classes, conditioning, self.base)
        now = first + conditioning
        layers: list[nn.Module] = [nn.BatchNorm2d(now), nn.ReLU(inplace=True)]
        for index in reversed(range(doublings - 1)):
            after = width * min(2**index, WIDEST)
            layers += [
                nn.ConvTranspose2d(now, after, 4, 2, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
            now = after
        layers.append(nn.ConvTranspose2d(now, channels, 4, 2, 1, bias=False))
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)
        self.to(memory_format=torch.channels_last)  # as DCGAN's: faster on CPUs, and liked by GPUs

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Make images (N, channels, image_size, image_size) in [-1, 1].

        Takes latents (N, latent_dim) from N(0, 1) and labels (N,) int64 below ``classes``.
        """
        maps = self.from_latents(latents).unflatten(1, (-1, self.base, self.base))
        return torch.tanh(self.layers(torch.cat([maps, self.from_labels(labels)], 1)))


class CganDiscriminator(nn.Module):
    """Picture and class, each maps of half the picture's size, joined and halved to one logit."""

    conditional = True

    def __init__(
        self, image_size: int = 64, channels: int = 3, classes: int = 10, width: int = 64, norm: str = "batch"
    ) -> None:
        super().__init__()
        self.image_size, self.in_channels, self.classes = image_size, channels, classes
        base, doublings = split_size(image_size)
        conditioning = max(1, width // SHARE)
        # No norm on the first layer: section 3 of DCGAN's paper.
        first = nn.Conv2d(channels, width, 4, 2, 1)
        self.from_images = nn.Sequential(spectral_norm(first) if norm == "spectral" else first, nn.LeakyReLU(0.2))
        self.from_labels = nn.Sequential(ClassMaps(classes, conditioning, image_size // 2), nn.LeakyReLU(0.2))
        layers: list[nn.Module] = []
        now = width + conditioning
        for index in range(1, doublings):
            after = width * min(2**index, WIDEST)
            layers += [*_layer(nn.Conv2d(now, after, 4, 2, 1, bias=norm != "batch"), norm), nn.LeakyReLU(0.2)]
            now = after
        last = nn.Conv2d(now, 1, base)
        layers.append(spectral_norm(last) if norm == "spectral" else last)
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_size) in [-1, 1] of classes (N,) int64: logits (N, 1)."""
        joined = torch.cat([self.from_images(images), self.from_labels(labels)], 1)
        return self.layers(joined).flatten(1)


def _layer(convolution: nn.Conv2d, norm: str) -> list[nn.Module]:
    if norm == "batch":
        return [convolution, nn.BatchNorm2d(convolution.out_channels)]
    return [spectral_norm(convolution) if norm == "spectral" else convolution]


def initialize(module: nn.Module) -> None:
    """Draw weights from N(0, 0.02), batch-norm scales from N(1, 0.02), biases zero; embeddings keep torch's N(0, 1)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
        parametrized = hasattr(module, "parametrizations")
        weight = module.parametrizations.weight.original if parametrized else module.weight  # type: ignore[union-attr]
        nn.init.normal_(weight, 0.0, 0.02)
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
