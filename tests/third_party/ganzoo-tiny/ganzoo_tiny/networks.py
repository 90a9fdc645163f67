"""Two layers each: torch only, nothing of ganzoo."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIDE = 16


class TinyGenerator(nn.Module):
    """A generator says how large its latents and images are; ganzoo reads these attributes."""

    image_size, out_channels = SIDE, 1

    def __init__(self, latent_dim: int = 8, hidden: int = 32) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.layers = nn.Sequential(nn.Linear(latent_dim, hidden), nn.ReLU(), nn.Linear(hidden, SIDE * SIDE))

    def forward(self, latents: Tensor) -> Tensor:
        """Turn latents (N, latent_dim) from N(0, 1) into images (N, 1, 16, 16) in [-1, 1]."""
        return torch.tanh(self.layers(latents)).view(-1, 1, SIDE, SIDE)


class TinyDiscriminator(nn.Module):
    """One logit a picture."""

    image_size, in_channels = SIDE, 1

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(SIDE * SIDE, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Score images (N, 1, 16, 16) in [-1, 1]: logits (N, 1), no sigmoid."""
        logits: Tensor = self.layers(images.flatten(1))
        return logits
