"""DCGAN's training: one discriminator step, one generator step, both with Adam (arXiv:1511.06434, section 4)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import Recipe


class LatentRecipe(Recipe):
    """Alternate one discriminator and one generator update on latents from N(0, 1)."""

    def __init__(self, config, parts) -> None:
        self.generator = parts.build("generator", image_size=config.image_size, channels=config.channels)
        self.discriminator = parts.build(
            "discriminator", image_size=config.image_size, channels=config.channels, in_channels=config.channels
        )
        self.loss = parts.build("loss")
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        betas = (config.beta1, config.beta2)
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), config.learning_rate, betas, fused=True)
            for name, network in self.networks.items()
        }
        self.exports = {"": "generator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        real = batch["image"]
        latents = torch.randn(len(real), self.generator.latent_dim, device=real.device)
        fake = self.generator(latents)

        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake.detach())
        discriminator_loss = self.loss.discriminator(real_logits, fake_logits)
        discriminator_loss = discriminator_loss + self.loss.regularizer(self.discriminator, real, fake.detach())
        self.update("discriminator", discriminator_loss)

        with self.frozen("discriminator"):
            generator_loss = self.loss.generator(self.discriminator(fake))
            self.update("generator", generator_loss)
        return {"generator": generator_loss, "discriminator": discriminator_loss}

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return images from the same latents every time, as many as ``batch`` has."""
        like = batch["image"]
        generator = torch.Generator().manual_seed(0)
        latents = torch.randn(len(like), self.generator.latent_dim, generator=generator)
        return networks["generator"](latents.to(like.device))
