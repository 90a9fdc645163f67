"""StarGAN: one generator that translates among all domains (arXiv:1711.09020, equations 1-6 and 8)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, Recipe, sliced_wasserstein

LEAST = 8  # pixels: the sliced Wasserstein distance wants 7


class StarGanRecipe(Recipe):
    """D tells real from made and the domain of real images; G must make what D takes for the domain it was told.

    L_D = -L_adv + class_weight * L_cls of real images (equations 2 and 5), L_G = L_adv + class_weight * L_cls of
    made ones + reconstruction_weight * L_rec (equations 3, 4 and 6). L_adv is equation 8, the loss wgan-gp: of one
    image D's value, and with it the gradient that is penalized, is the mean of its patches, where the paper's code
    penalizes the gradient of their sum, in a step of its own. Domains to make are drawn evenly (section 3.1); the
    code takes those of the batch in another order.
    """

    validation_batch = 512  # a distance to one domain needs its images together

    def __init__(self, config, parts) -> None:
        self.config = config
        shared = {"channels": config.channels, "image_size": config.image_size, "classes": config.classes}
        self.generator = parts.build("generator", in_channels=config.channels, out_channels=config.channels, **shared)
        self.discriminator = parts.build("discriminator", in_channels=config.channels, **shared)
        if not hasattr(self.discriminator, "classified"):
            raise GanzooError(
                "The discriminator does not tell domains: it should have classified(images) -> (logits, class logits), "
                "as discriminator:stargan has. Leave --part discriminator=... away, or take such a one."
            )
        for role, network in (("generator", self.generator), ("discriminator", self.discriminator)):
            if network.classes != config.classes:
                raise GanzooError(
                    f"The {role} has classes={network.classes}, the data {config.classes} domains. "
                    f"Leave {role}.classes away: the data decide."
                )
        self.loss = parts.build("loss")
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports, self.discriminators = {"": "generator"}, {"": "discriminator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminator, and in each ``discriminator_steps``-th step the generator on the same images."""
        images, labels = batch["image"], batch["label"]
        targets = (self.uniform(len(images), device=images.device) * self.config.classes).long()
        learns = self.is_generator_step()
        with torch.set_grad_enabled(learns):
            made = self.generator(images, targets)
        losses = self.update_discriminator(images, labels, made.detach())
        return {**self.translate(images, labels, made, targets), **losses} if learns else losses

    def update_discriminator(self, images: Tensor, labels: Tensor, made: Tensor) -> dict[str, Tensor]:
        """Update the discriminator; return its loss and that of the domains it sees in real images (equation 2)."""
        real, fake = self.augment(images), self.augment(made)
        real_logits, domains = self.discriminator.classified(real)
        loss = self.loss.discriminator(real_logits, self.discriminator(fake))
        loss = loss + self.penalty(self.discriminator, real, fake)
        real_class = F.cross_entropy(domains.float(), labels)
        self.update("discriminator", loss + self.config.class_weight * real_class)
        return {"discriminator": loss, "real_class": real_class}

    def translate(self, images: Tensor, labels: Tensor, made: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Update the generator; return its losses, equations 1, 3 and 4."""
        with self.frozen("discriminator"):
            logits, domains = self.discriminator.classified(self.augment(made))
            adversarial = self.loss.generator(logits)
            made_class = F.cross_entropy(domains.float(), targets)
            reconstruction = (self.generator(made, labels).float() - images).abs().mean()
            total = adversarial + self.config.class_weight * made_class
            self.update("generator", total + self.config.reconstruction_weight * reconstruction)
        return {"adversarial": adversarial, "made_class": made_class, "reconstruction": reconstruction}

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each image and what becomes of it in every domain, one after the other."""
        images = batch["image"]
        return torch.stack([images, *(self.to_domain(networks, images, each) for each in self.domains)], 1).flatten(
            0, 1
        )

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return how far images of all other domains, translated, are from those of each domain; the mean.

        distance: sliced Wasserstein (arXiv:1710.10196) times 1000. Domains that the batch lacks do not count.
        """
        images, labels = batch["image"], batch["label"]
        distances = []
        for domain in self.domains:
            own = labels == domain
            if own.any() and not own.all() and min(images.shape[2:]) >= LEAST:
                made = [self.to_domain(networks, part, domain) for part in images[~own].split(16)]
                distances.append(sliced_wasserstein(torch.cat(made), images[own]))
        return {"distance": sum(distances) / len(distances)} if distances else {}

    @property
    def domains(self) -> range:
        return range(self.config.classes)

    def to_domain(self, networks: Mapping[str, nn.Module], images: Tensor, domain: int) -> Tensor:
        labels = torch.full((len(images),), domain, device=images.device)
        made: Tensor = networks["generator"](images, labels).float()
        return made
