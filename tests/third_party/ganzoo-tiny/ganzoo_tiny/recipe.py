"""One discriminator update, one generator update: the whole algorithm is in `step`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import Parts, Recipe
from ganzoo_tiny import TinyConfig


class TinyRecipe(Recipe):
    """The loop around it owns steps, devices, checkpoints and logs."""

    def __init__(self, config: TinyConfig, parts: Parts) -> None:
        self.generator, self.discriminator = parts.build("generator"), parts.build("discriminator")
        self.loss = parts.build("loss")
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), config.learning_rate, (config.beta1, 0.999))
            for name, network in self.networks.items()
        }
        self.exports = {"": "generator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        real = batch["image"]
        fake = self.generator(torch.randn(len(real), self.generator.latent_dim, device=real.device))

        discriminator_loss = self.loss.discriminator(self.discriminator(real), self.discriminator(fake.detach()))
        # 0 for our own loss, but a user may choose one with a gradient penalty: --part loss=wgan-gp
        discriminator_loss = discriminator_loss + self.loss.regularizer(self.discriminator, real, fake.detach())
        self.update("discriminator", discriminator_loss)

        with self.frozen("discriminator"):
            generator_loss = self.loss.generator(self.discriminator(fake))
            self.update("generator", generator_loss)
        return {"generator": generator_loss, "discriminator": discriminator_loss}

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return images from the same latents every time, as many as ``batch`` has."""
        like = batch["image"]
        latents = torch.randn(len(like), self.generator.latent_dim, generator=torch.Generator().manual_seed(0))
        images: Tensor = networks["generator"](latents.to(like.device))
        return images
