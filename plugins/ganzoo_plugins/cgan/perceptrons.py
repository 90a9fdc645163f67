"""The perceptrons of arXiv:1411.1784, section 4.1: layers, units, pieces and dropout are the paper's.

Images are in [-1, 1], so the last activation is tanh, a rescaled version of the paper's sigmoid. The paper does not
state the initial weights: they are torch's.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PIECES, JOINT_PIECES = 5, 4  # of each maxout unit


class Maxout(nn.Module):
    """Units that are each the largest of ``pieces`` linear functions (arXiv:1302.4389)."""

    def __init__(self, in_features: int, units: int, pieces: int) -> None:
        super().__init__()
        self.shape = (units, pieces)
        self.linear = nn.Linear(in_features, units * pieces)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (N, in_features) to (N, units)."""
        largest: Tensor = self.linear(inputs).unflatten(1, self.shape).amax(2)
        return largest


class PerceptronGenerator(nn.Module):
    """200 ReLU units for latents, 1000 for the class, 1200 for both, then pixels; 2,413,984 parameters at 28x28."""

    def __init__(
        self,
        image_size: int = 28,
        channels: int = 1,
        classes: int = 10,
        latent_dim: int = 100,
        latent_width: int = 200,
        label_width: int = 1000,
        width: int = 1200,
        dropout: float = 0.5,
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width, self.out_channels = image_size, image_width or image_size, channels
        self.classes, self.latent_dim = classes, latent_dim
        self.shape = (channels, self.image_size, self.image_width)
        self.from_latents = _hidden(latent_dim, latent_width, dropout)
        self.from_labels = _hidden(classes, label_width, dropout)
        self.joint = _hidden(latent_width + label_width, width, dropout)
        self.pixels = nn.Linear(width, math.prod(self.shape))

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Generate images (N, channels, image_size, image_width) in [-1, 1].

        Args:
            latents: (N, latent_dim) from N(0, 1), mapped by their distribution function to the paper's uniform [0, 1].
            labels: (N,) int64 in [0, classes).
        """
        uniform = (1 + torch.erf(latents / math.sqrt(2))) / 2
        hidden = [self.from_latents(uniform), self.from_labels(_one_hot(labels, self.classes, latents))]
        return torch.tanh(self.pixels(self.joint(torch.cat(hidden, 1)))).unflatten(1, self.shape)


class PerceptronDiscriminator(nn.Module):
    """240 maxout units for the image, 50 for the class, 240 for both, then one logit."""

    conditional = True

    def __init__(
        self,
        image_size: int = 28,
        channels: int = 1,
        classes: int = 10,
        label_width: int = 50,
        width: int = 240,
        dropout: float = 0.5,
        image_width: int = 0,
    ) -> None:
        super().__init__()
        self.image_size, self.image_width = image_size, image_width or image_size
        self.in_channels, self.classes = channels, classes
        values = channels * self.image_size * self.image_width
        self.from_images = nn.Sequential(Maxout(values, width, PIECES), nn.Dropout(dropout))
        self.from_labels = nn.Sequential(Maxout(classes, label_width, PIECES), nn.Dropout(dropout))
        self.joint = nn.Sequential(Maxout(width + label_width, width, JOINT_PIECES), nn.Dropout(dropout))
        self.logit = nn.Linear(width, 1)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1] of classes (N,) int64: logits (N, 1)."""
        hidden = [self.from_images(images.flatten(1)), self.from_labels(_one_hot(labels, self.classes, images))]
        logits: Tensor = self.logit(self.joint(torch.cat(hidden, 1)))
        return logits


def _hidden(in_features: int, out_features: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_features, out_features), nn.ReLU(), nn.Dropout(dropout))


def _one_hot(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    return F.one_hot(labels, classes).to(like.dtype)
