"""The training that DCGAN, LSGAN and the first GAN share, whole: only networks, loss and Adam's numbers differ.

GANs that are told classes train by it too: they say so in `LatentRecipe.conditions`.

Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1 with k = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.contracts.recipe import Parts
from ganzoo.errors import OptionError
from ganzoo.recipes.recipe import Recipe
from ganzoo.recipes.sliced_wasserstein import sliced_wasserstein


class LatentRecipe(Recipe):
    """Images from latents: one discriminator update, then one generator update, a step.

    config       has image_size, channels, learning_rate, beta1 and beta2, and perhaps classes
    parts        "generator", "discriminator" and "loss"
    suggestions  options for the loss, where it has them and the user set none
    A subclass says by `conditions` what networks are told of each picture, and by `discriminator_loss` and
    `generator_loss` how pictures are judged.
    """

    validation_batch = 2048  # a distance between two sets needs many of each

    def __init__(self, config: Any, parts: Parts, **suggestions: Any) -> None:
        self.config = config
        facts = {name: getattr(config, name) for name in ("image_size", "channels", "classes") if hasattr(config, name)}
        self.generator = parts.build("generator", **facts)
        self.discriminator = parts.build("discriminator", **facts, in_channels=config.channels)
        self.loss = parts.build("loss", **suggestions)
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self._check_classes(facts.get("classes", 0))
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports, self.discriminators = {"": "generator"}, {"": "discriminator"}

    def _check_classes(self, classes: int) -> None:
        for role, network in self.networks.items():
            known = int(getattr(network, "classes", classes))
            if known < classes:
                raise OptionError(
                    f"The {role} knows {known} classes, the data has {classes}. Leave {role}.classes away."
                )

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both networks on ``batch["image"]``; the generator learns from the discriminator just updated."""
        given, learns = self.conditions(batch), self.is_generator_step()
        with torch.set_grad_enabled(learns):
            fake = self.generator(self.latents(len(batch["image"]), batch["image"].device), *given)

        real, shown = self.augment(batch["image"]), self.augment(fake.detach())
        discriminator_loss = self.discriminator_loss(real, shown, *given)
        self.update("discriminator", discriminator_loss)
        if not learns:
            return {"discriminator": discriminator_loss}

        with self.frozen("discriminator"):
            generator_loss = self.generator_loss(self.augment(fake), *given)
            self.update("generator", generator_loss)
        return {"generator": generator_loss, "discriminator": discriminator_loss}

    def conditions(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return what the generator takes after latents, one row a picture: nothing, where a subclass has no labels."""
        return ()

    def discriminator_loss(self, real: Tensor, fake: Tensor, *given: Tensor) -> Tensor:
        """Return what the discriminator minimizes, penalties and all; it is told the `conditions` of both sides."""
        logits = self.forward_batched(self.discriminator, real, fake, conditioning=given)
        judge = (lambda images: self.discriminator(images, *given)) if given else self.discriminator
        loss: Tensor = self.loss.discriminator(*logits) + self.penalty(judge, real, fake)
        return loss

    def generator_loss(self, fake: Tensor, *given: Tensor) -> Tensor:
        """Return what the generator minimizes."""
        loss: Tensor = self.loss.generator(self.discriminator(fake, *given))
        return loss

    def latents(self, count: int, device: torch.device) -> Tensor:
        """Draw (count, latent_dim) from N(0, 1)."""
        return self.normal(count, self.generator.latent_dim, device=device)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return images from the same latents every time, as many as ``batch`` has; drawn alike for every device."""
        like, fixed = batch["image"], torch.Generator().manual_seed(0)
        latents = torch.randn(len(like), self.generator.latent_dim, generator=fixed).to(like.device)
        made: Tensor = networks["generator"](latents, *self.conditions(batch))
        return made

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the sliced Wasserstein distance of made to held-out pictures (arXiv:1710.10196), times 1000.

        Pictures below 7 pixels have no such distance.
        """
        if min(batch["image"].shape[-2:]) < 7:
            return {}
        return {"distance": sliced_wasserstein(self.sample(networks, batch).float(), batch["image"])}
