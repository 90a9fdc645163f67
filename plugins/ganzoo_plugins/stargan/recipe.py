"""StarGAN: one generator that translates among all domains (arXiv:1711.09020, equations 1-6 and 8)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo import GanzooError, Recipe, at_least_float32, mean_absolute_error, sliced_wasserstein

MIN_SIDE = 8  # pixels, for the sliced Wasserstein distance


class StarGANRecipe(Recipe):
    """D distinguishes real from generated images and predicts the domain; G translates to a target domain.

    L_D = -L_adv + class_weight * L_cls of real images (equations 2 and 5), L_G = L_adv + class_weight * L_cls of
    generated images + reconstruction_weight * L_rec (equations 3, 4 and 6). L_adv is equation 8, the loss wgan-gp. Here
    D's value of an image, and so the penalized gradient, is the mean over its patches; the authors' code penalizes the
    gradient of their sum. Target domains are drawn uniformly (section 3.1); that code permutes those of the batch.

    Missing pixels are 0 in real and in translated images, and do not count in equation 6.
    """

    takes_masks = True
    validation_batch = 512  # a distance to one domain needs many of its images

    def __init__(self, config, parts) -> None:
        self.config = config
        shared = {"channels": config.channels, "image_size": config.image_size, "classes": config.classes}
        self.generator = parts.build("generator", in_channels=config.channels, out_channels=config.channels, **shared)
        self.discriminator = parts.build("discriminator", in_channels=config.channels, **shared)
        if not hasattr(self.discriminator, "classified"):
            raise GanzooError(
                "The discriminator does not predict domains: it should have classified(images) -> (logits, class "
                "logits), like discriminator:stargan. Omit --part discriminator=..., or use one that has it."
            )
        for role, network in (("generator", self.generator), ("discriminator", self.discriminator)):
            if network.classes != config.classes:
                raise GanzooError(
                    f"The {role} has classes={network.classes}, the data {config.classes} domains. "
                    f"Omit {role}.classes: it is taken from the data."
                )
        self.loss = parts.build("loss")
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports, self.discriminators = {"": "generator"}, {"": "discriminator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminator, then the generator on the same images if this is a generator step."""
        images, labels, valid = batch["image"], batch["label"], batch.get("valid")
        targets = (self.uniform(len(images), device=images.device) * self.config.classes).long()
        is_generator_step = self.is_generator_step()
        with torch.set_grad_enabled(is_generator_step):
            fake = self.keep_valid(self.generator(images, targets), valid)
        losses = self.update_discriminator(images, labels, fake.detach())
        if not is_generator_step:
            return losses
        return {**self.update_generator(images, labels, fake, targets, valid), **losses}

    def update_discriminator(self, images: Tensor, labels: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Update the discriminator; return its loss and the domain loss of real images (equation 2)."""
        real, fake = self.augment(images), self.augment(fake)
        real_logits, domains = self.discriminator.classified(real)
        loss = self.loss.discriminator(real_logits, self.discriminator(fake))
        loss = loss + self.penalty(self.discriminator, real, fake)
        real_class = F.cross_entropy(at_least_float32(domains), labels)
        self.update("discriminator", loss + self.config.class_weight * real_class)
        return {"discriminator": loss, "real_class": real_class}

    def update_generator(
        self, images: Tensor, labels: Tensor, fake: Tensor, targets: Tensor, valid: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Update the generator; return its losses, equations 1, 3 and 4."""
        with self.frozen("discriminator"):
            logits, domains = self.discriminator.classified(self.augment(fake))
            adversarial = self.loss.generator(logits, lambda: self.discriminator(self.augment(images)))
            fake_class = F.cross_entropy(at_least_float32(domains), targets)
            reconstruction = mean_absolute_error(self.generator(fake, labels), images, valid)
            total = adversarial + self.config.class_weight * fake_class
            total = total + self.config.reconstruction_weight * reconstruction
            losses = {"adversarial": adversarial, "made_class": fake_class, "reconstruction": reconstruction}
            batch = {"image": images, "label": labels, "target": targets}
            self.update("generator", self.with_extra_losses(total, losses, batch, {"image": fake}))
        return losses

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return each image followed by its translations to all domains."""
        images = batch["image"]
        return torch.stack([images, *(self.to_domain(networks, images, each) for each in self.domains)], 1).flatten(
            0, 1
        )

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return how far translations to each domain, from all others, are from its images; the mean over domains.

        Returns:
            ``distance``: the sliced Wasserstein distance (arXiv:1710.10196) times 1000. Domains that are not in the
            batch do not count.
        """
        images, labels, valid = batch["image"], batch["label"], batch.get("valid")
        distances = []
        for domain in self.domains:
            in_domain = labels == domain
            if in_domain.any() and not in_domain.all() and min(images.shape[2:]) >= MIN_SIDE:
                fakes = [self.to_domain(networks, some, domain) for some in images[~in_domain].split(16)]
                fake = self.keep_valid(torch.cat(fakes), None if valid is None else valid[~in_domain])
                distances.append(sliced_wasserstein(fake, images[in_domain]))
        return {"distance": sum(distances) / len(distances)} if distances else {}

    @property
    def domains(self) -> range:
        """Return the numbers of all domains."""
        return range(self.config.classes)

    def to_domain(self, networks: Mapping[str, nn.Module], images: Tensor, domain: int) -> Tensor:
        """Return images (N, C, H, W) translated to one domain."""
        labels = torch.full((len(images),), domain, device=images.device)
        translated: Tensor = networks["generator"](images, labels).float()
        return translated
