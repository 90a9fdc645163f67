"""The training that DCGAN, LSGAN and the first GAN share, whole: only networks, loss and Adam's numbers differ.

Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1 with k = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.distances import sliced_wasserstein
from ganzoo.interfaces import Parts, Recipe


class LatentRecipe(Recipe):
    """Images from latents: one discriminator update, then one generator update, a step.

    config       has image_size, channels, learning_rate, beta1 and beta2
    parts        "generator", "discriminator" and "loss"
    suggestions  options for the loss, where it has them and the user set none
    """

    validation_batch = 2048  # a distance between two sets needs many of each

    def __init__(self, config: Any, parts: Parts, **suggestions: Any) -> None:
        self.config = config
        size, channels = config.image_size, config.channels
        self.generator = parts.build("generator", image_size=size, channels=channels)
        self.discriminator = parts.build("discriminator", image_size=size, channels=channels, in_channels=channels)
        self.loss = parts.build("loss", **suggestions)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, judge=True),
        }
        self.exports, self.judges = {"": "generator"}, {"": "discriminator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both networks on ``batch["image"]``; the generator learns from the discriminator just updated."""
        learns = self.generator_turn()
        with torch.set_grad_enabled(learns):
            fake = self.generator(self.latents(len(batch["image"]), batch["image"].device))

        real, shown = self.augment(batch["image"]), self.augment(fake.detach())
        discriminator_loss = self.loss.discriminator(*self.together(self.discriminator, real, shown))
        discriminator_loss = discriminator_loss + self.penalty(self.discriminator, real, shown)
        self.update("discriminator", discriminator_loss)
        if not learns:
            return {"discriminator": discriminator_loss}

        with self.frozen("discriminator"):
            generator_loss = self.loss.generator(self.discriminator(self.augment(fake)))
            self.update("generator", generator_loss)
        return {"generator": generator_loss, "discriminator": discriminator_loss}

    def latents(self, count: int, device: torch.device) -> Tensor:
        """Draw (count, latent_dim) from N(0, 1)."""
        return self.normal(count, self.generator.latent_dim, device=device)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return images from the same latents every time, as many as ``batch`` has; drawn alike for every device."""
        like, fixed = batch["image"], torch.Generator().manual_seed(0)
        made: Tensor = networks["generator"](
            torch.randn(len(like), self.generator.latent_dim, generator=fixed).to(like.device)
        )
        return made

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the sliced Wasserstein distance of made to held-out pictures (arXiv:1710.10196), times 1000.

        Pictures below 7 pixels have no such distance.
        """
        if min(batch["image"].shape[-2:]) < 7:
            return {}
        return {"distance": sliced_wasserstein(self.sample(networks, batch).float(), batch["image"])}
