"""The training that DCGAN, LSGAN and the first GAN share, whole: only networks, loss and Adam's numbers differ.

Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1 with k = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.interfaces import Parts, Recipe


class LatentRecipe(Recipe):
    """Images from latents: one discriminator update, then one generator update, a step.

    config       has image_size, channels, learning_rate, beta1 and beta2
    parts        "generator", "discriminator" and "loss"
    suggestions  options for the loss, where it has them and the user set none
    """

    def __init__(self, config: Any, parts: Parts, **suggestions: Any) -> None:
        size, channels = config.image_size, config.channels
        self.generator = parts.build("generator", image_size=size, channels=channels)
        self.discriminator = parts.build("discriminator", image_size=size, channels=channels, in_channels=channels)
        self.loss = parts.build("loss", **suggestions)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), config.learning_rate, (config.beta1, config.beta2), fused=True)
            for name, network in self.networks.items()
        }
        self.exports = {"": "generator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both networks on ``batch["image"]``; the generator learns from the discriminator just updated."""
        real = batch["image"]
        fake = self.generator(self.latents(len(real), real.device))

        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake.detach())
        discriminator_loss = self.loss.discriminator(real_logits, fake_logits)
        discriminator_loss = discriminator_loss + self.loss.regularizer(self.discriminator, real, fake.detach())
        self.update("discriminator", discriminator_loss)

        with self.frozen("discriminator"):
            generator_loss = self.loss.generator(self.discriminator(fake))
            self.update("generator", generator_loss)
        return {"generator": generator_loss, "discriminator": discriminator_loss}

    def latents(self, count: int, device: torch.device) -> Tensor:
        """Draw (count, latent_dim) from N(0, 1)."""
        return torch.randn(count, self.generator.latent_dim, device=device)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return images from the same latents every time, as many as ``batch`` has; drawn alike for every device."""
        like, fixed = batch["image"], torch.Generator().manual_seed(0)
        made: Tensor = networks["generator"](
            torch.randn(len(like), self.generator.latent_dim, generator=fixed).to(like.device)
        )
        return made
