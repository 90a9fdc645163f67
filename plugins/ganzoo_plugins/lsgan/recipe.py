"""LSGAN's training: one discriminator step, one generator step, both with Adam (arXiv:1611.04076, section 4)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import Recipe


class LsganRecipe(Recipe):
    """One least-squares update of each network a step."""

    def __init__(self, config, parts) -> None:
        self.generator = parts.build("generator", image_size=config.image_size, channels=config.channels)
        self.discriminator = parts.build(
            "discriminator", image_size=config.image_size, channels=config.channels, in_channels=config.channels
        )
        self.loss = parts.build("loss", a=config.a, b=config.b, c=config.c)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        adam = {"lr": config.learning_rate, "betas": (config.beta1, config.beta2), "fused": True}
        self.optimizers = {
            "generator": torch.optim.Adam(self.generator.parameters(), **adam),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), **adam),
        }
        self.exports = {"": "generator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        real = batch["image"]
        fake = self.generator(self.latents(len(real), real))

        loss_d = self.loss.discriminator(self.discriminator(real), self.discriminator(fake.detach()))
        loss_d = loss_d + self.loss.regularizer(self.discriminator, real, fake.detach())
        self.update("discriminator", loss_d)

        with self.frozen("discriminator"):
            loss_g = self.loss.generator(self.discriminator(fake))
            self.update("generator", loss_g)
        return {"generator": loss_g, "discriminator": loss_d}

    def latents(self, count: int, like: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw (count, latent_dim) from N(0, 1), on the device of ``like``."""
        return torch.randn(count, self.generator.latent_dim, generator=generator).to(like.device)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return images from the same latents every time, as many as ``batch`` has."""
        like = batch["image"]
        return networks["generator"](self.latents(len(like), like, torch.Generator().manual_seed(0)))
