"""Two perceptrons with one hidden layer each, after arXiv:1406.2661, with the sizes of the seed experiment.

The paper of 2014 has maxout units and dropout in its discriminator; these are the plain networks of textbooks.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class VanillaGenerator(nn.Module):
    """Latents through one ReLU layer to pixels; 227,344 parameters for 28x28 gray from 100 latents at width 256."""

    def __init__(
        self, image_size: int = 28, channels: int = 1, latent_dim: int = 100, width: int = 256, image_width: int = 0
    ) -> None:
        super().__init__()
        self.image_size, self.image_width = image_size, image_width or image_size
        self.out_channels, self.latent_dim = channels, latent_dim
        self.shape = (channels, self.image_size, self.image_width)
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, width), nn.ReLU(inplace=True), nn.Linear(width, math.prod(self.shape))
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Map latents (N, latent_dim) from N(0, 1) to images (N, channels, image_size, image_width) in [-1, 1]."""
        return torch.tanh(self.layers(latents)).unflatten(1, self.shape)


class VanillaDiscriminator(nn.Module):
    """Pixels through one ReLU layer to a logit; 201,217 parameters for 28x28 gray at width 256."""

    def __init__(self, image_size: int = 28, channels: int = 1, width: int = 256, image_width: int = 0) -> None:
        super().__init__()
        self.image_size, self.image_width, self.in_channels = image_size, image_width or image_size, channels
        self.layers = nn.Sequential(
            nn.Linear(channels * self.image_size * self.image_width, width), nn.ReLU(inplace=True), nn.Linear(width, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, channels, image_size, image_width) in [-1, 1]: logits (N, 1), no sigmoid."""
        return self.layers(images.flatten(1))
