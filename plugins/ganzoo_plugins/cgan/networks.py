"""Convolutional networks with the structure of arXiv:1411.1784, section 3.2 and figure 1.

The class and the latents, or the class and the image, each have a hidden layer. These are concatenated, and the later
layers see both. The paper has perceptrons (`perceptrons`) and no convolutional network: layers, norms and initial
weights here are those of DCGAN (arXiv:1511.06434, sections 3 and 4). Only the maps of the classes are drawn from
N(0, 1): with weights as small as the others they have no effect for thousands of steps.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo.layers.image_sizes import split_sides

MAX_WIDTH_FACTOR = 16
LABEL_DIVISOR = 4  # the class has a quarter as many channels as what it is concatenated with


class ClassMaps(nn.Module):
    """A hidden layer of the class: learned maps for each, the same as a linear layer on its one-hot code."""

    def __init__(self, classes: int, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.shape = (channels, height, width)
        self.table = nn.Embedding(classes, math.prod(self.shape))

    def forward(self, labels: Tensor) -> Tensor:
        """Return (N, channels, height, width) for labels (N,) int64."""
        maps: Tensor = self.table(labels).unflatten(1, self.shape)
        return maps


class CganGenerator(nn.Module):
    """Latents and class as maps of base x base pixels, concatenated and upsampled to images.

    28x28 gray, at width 64 with 10 classes and 100 latents: 815,424 parameters.
    """

    def __init__(
        self,
        image_size: int = 64,
        channels: int = 3,
        classes: int = 10,
        latent_dim: int = 100,
        width: int = 64,
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.out_channels = image_size, image_width or image_size, channels
        self.classes, self.latent_dim = classes, latent_dim
        *self.base, doublings = split_sides(image_size, image_width)
        first = width * min(2 ** (doublings - 1), MAX_WIDTH_FACTOR)
        label_width = max(1, first // LABEL_DIVISOR)
        self.from_latents = nn.Linear(latent_dim, first * math.prod(self.base), bias=False)
        self.from_labels = ClassMaps(classes, label_width, *self.base)
        in_width = first + label_width
        layers: list[nn.Module] = [nn.BatchNorm2d(in_width), nn.ReLU(inplace=True)]
        for index in reversed(range(doublings - 1)):
            out_width = width * min(2**index, MAX_WIDTH_FACTOR)
            layers += [
                nn.ConvTranspose2d(in_width, out_width, 4, 2, 1, bias=False),
                nn.BatchNorm2d(out_width),
                nn.ReLU(inplace=True),
            ]
            in_width = out_width
        layers.append(nn.ConvTranspose2d(in_width, channels, 4, 2, 1, bias=False))
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)
        self.to(memory_format=torch.channels_last)  # as in DCGAN: faster on CPUs and GPUs

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Generate images (N, channels, image_size, image_width) in [-1, 1].

        Args:
            latents: (N, latent_dim) from N(0, 1).
            labels: (N,) int64 in [0, classes).
        """
        maps = self.from_latents(latents).unflatten(1, (-1, *self.base))
        return torch.tanh(self.layers(torch.cat([maps, self.from_labels(labels)], 1)))


class CganDiscriminator(nn.Module):
    """Image and class as maps of half the image's size, concatenated and downsampled to one logit."""

    conditional = True

    def __init__(
        self,
        image_size: int = 64,
        channels: int = 3,
        classes: int = 10,
        width: int = 64,
        norm: str = "batch",
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width = image_size, image_width or image_size
        self.in_channels, self.classes = channels, classes
        *base, doublings = split_sides(image_size, image_width)
        label_width = max(1, width // LABEL_DIVISOR)
        # No norm on the first layer: section 3 of DCGAN's paper.
        first = nn.Conv2d(channels, width, 4, 2, 1)
        self.from_images = nn.Sequential(spectral_norm(first) if norm == "spectral" else first, nn.LeakyReLU(0.2))
        self.from_labels = nn.Sequential(
            ClassMaps(classes, label_width, self.image_size // 2, self.image_width // 2), nn.LeakyReLU(0.2)
        )
        layers: list[nn.Module] = []
        in_width = width + label_width
        for index in range(1, doublings):
            out_width = width * min(2**index, MAX_WIDTH_FACTOR)
            layers += [*_layer(nn.Conv2d(in_width, out_width, 4, 2, 1, bias=norm != "batch"), norm), nn.LeakyReLU(0.2)]
            in_width = out_width
        last = nn.Conv2d(in_width, 1, tuple(base))
        layers.append(spectral_norm(last) if norm == "spectral" else last)
        self.layers = nn.Sequential(*layers)
        self.apply(initialize)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1] of classes (N,) int64: logits (N, 1)."""
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
