"""The training that DCGAN, LSGAN and the first GAN share: they differ in networks, loss and Adam's values only.

It is algorithm 1 of Goodfellow et al. 2014, arXiv:1406.2661. Conditional GANs use it with `LatentRecipe.conditions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.contracts.recipe import Parts
from ganzoo.errors import OptionError
from ganzoo.layers.image_sizes import sides
from ganzoo.losses.logits import Logits, mean_per_image
from ganzoo.recipes.adaptive_augmentation import EVERY, AdaptiveAugmentation, ObservedLoss, decision_boundary
from ganzoo.recipes.recipe import Recipe
from ganzoo.recipes.sliced_wasserstein import sliced_wasserstein

FACTS = ("image_size", "image_width", "channels", "classes")  # suggested to both networks


class LatentRecipe(Recipe):
    """Images from latents: in each step one update of the discriminator, then one of the generator.

    A subclass can override `conditions` for inputs of both networks besides latents and images, labels say, and
    `discriminator_loss` and `generator_loss`. One with a `step` of its own sets ``real_images`` there.

    Args:
        config: Has ``image_size``, ``channels``, ``learning_rate``, ``beta1``, ``beta2``, and ``classes`` if there are
            labels.
        parts: "generator", "discriminator" and "loss".
        **suggestions: Options of the loss, each used if the loss has it and the user has not set it.

    Raises:
        OptionError: If a network has fewer classes than the data.

    Attributes:
        latent_distribution: "normal" or "uniform", suggested to a generator with an option ``latents``, which turns
            latents from N(0, 1) into these.
        real_images: Those of this step, (N, C, H, W), for losses whose generator's half compares with real images.
        adaptive: What adapts the augmentation to the config's ``augment_target``; None without one.
    """

    takes_masks = True
    latent_distribution = "normal"
    real_images: Tensor | None = None
    adaptive: AdaptiveAugmentation | None = None
    validation_batch = 2048  # a distance between two sets needs many images of each

    def __init__(self, config: Any, parts: Parts, **suggestions: Any) -> None:
        self.config = config
        facts = {name: getattr(config, name) for name in FACTS if hasattr(config, name)}
        self.generator = parts.build("generator", **facts, latents=self.latent_distribution)
        self.discriminator = parts.build("discriminator", **facts, in_channels=config.channels)
        self.loss = parts.build("loss", **suggestions)
        self.adaptive = self._adaptive_augmentation()
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self._check_classes(facts.get("classes", 0))
        self._check_width(facts.get("image_width", 0))
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports, self.discriminators = {"": "generator"}, {"": "discriminator"}

    def _adaptive_augmentation(self) -> AdaptiveAugmentation | None:
        """Return what adapts the augmentation and let it see the loss's logits; None if the config has no target."""
        target = getattr(self.config, "augment_target", 0.0)
        if not target:
            return None
        adaptive = AdaptiveAugmentation(target, decision_boundary(self.loss))
        self.loss = ObservedLoss(self.loss, self._observe)
        return adaptive

    def _observe(self, real_logits: Logits) -> None:
        """Note the logits of a micro-batch of real images; at the end of every fourth step adapt the augmentation."""
        adaptive, now = self.adaptive, self.step_state
        if adaptive is None:
            return
        adaptive.observe(real_logits, self.processes.average)
        if now.micro_batch == now.micro_batches - 1 and (now.step + 1) % EVERY == 0:
            batch = len(mean_per_image(real_logits)) * now.micro_batches * self.processes.count
            adaptive.adjust(EVERY * batch)

    @property
    def augment_probability(self) -> float:
        """The probability of each change of an image, which ``augment_target`` adapts; 1 without a target."""
        return self.adaptive.probability if self.adaptive else 1.0

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs of the adaptive augmentation; a subclass adds its own."""
        return {"augmentation": self.adaptive.state()} if self.adaptive else {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what `state` returned."""
        if self.adaptive and "augmentation" in state:
            self.adaptive.load_state(state["augmentation"])

    def with_extra_losses(
        self, total: Tensor, losses: dict[str, Tensor], batch: Mapping[str, Tensor], outputs: Mapping[str, Tensor]
    ) -> Tensor:
        """Return what the generator minimizes, as `ganzoo.Recipe` does, and log the adaptive probability.

        Args:
            total: The scalar that it minimizes without extra losses.
            losses: The losses that are logged.
            batch: As for `step`.
            outputs: As for `extra_losses`.
        """
        if self.adaptive:
            losses["augment_probability"] = torch.tensor(self.adaptive.probability)
        return super().with_extra_losses(total, losses, batch, outputs)

    def _check_classes(self, classes: int) -> None:
        for role, network in self.networks.items():
            network_classes = int(getattr(network, "classes", classes))
            if network_classes < classes:
                raise OptionError(
                    f"The {role} has {network_classes} classes, the data has {classes}. Omit {role}.classes."
                )

    def _check_width(self, width: int) -> None:
        for role, network in self.networks.items():
            if width and sides(network) not in ((0, 0), (self.config.image_size, width)):
                entry = getattr(getattr(network, "architecture", None), "entry", type(network).__name__)
                raise OptionError(
                    f"The {role}, {entry}, has no images of {width}x{self.config.image_size} pixels. Omit image_width, "
                    "for square images, or choose another part."
                )

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminator on ``batch["image"]``, then the generator against it."""
        conditions, is_generator_step = self.conditions(batch), self.is_generator_step()
        self.real_images = batch["image"]
        with torch.set_grad_enabled(is_generator_step):
            fake = self.generator(self.latents(len(batch["image"]), batch["image"].device), *conditions)
            fake = self.keep_valid(fake, batch.get("valid"))  # missing where real images are, for the discriminator

        real, augmented = self.augment(batch["image"]), self.augment(fake.detach())
        discriminator_loss = self.discriminator_loss(real, augmented, *conditions)
        self.update("discriminator", discriminator_loss)
        if not is_generator_step:
            return {"discriminator": discriminator_loss}

        with self.frozen("discriminator"):
            generator_loss = self.generator_loss(self.augment(fake), *conditions)
            losses = {"generator": generator_loss, "discriminator": discriminator_loss}
            self.update("generator", self.with_extra_losses(generator_loss, losses, batch, {"image": fake}))
        return losses

    def conditions(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return what both networks take after latents or images, one row for each image; nothing by default."""
        return ()

    def discriminator_loss(self, real: Tensor, fake: Tensor, *conditions: Tensor) -> Tensor:
        """Return the scalar that the discriminator minimizes, penalties included.

        Args:
            real: Images (N, C, H, W) in [-1, 1], augmented.
            fake: Generated ones, without gradient.
            *conditions: What both networks take with each image, as labels (N,).
        """
        logits = self.forward_batched(self.discriminator, real, fake, conditioning=conditions)
        score = (lambda images: self.discriminator(images, *conditions)) if conditions else self.discriminator
        loss: Tensor = self.loss.discriminator(*logits) + self.penalty(score, real, fake)
        return loss

    def generator_loss(self, fake: Tensor, *conditions: Tensor) -> Tensor:
        """Return the scalar that the generator minimizes.

        Args:
            fake: Generated images (N, C, H, W) in [-1, 1], augmented, with gradient.
            *conditions: What the discriminator takes with each image, as labels (N,).
        """
        loss: Tensor = self.loss.generator(self.discriminator(fake, *conditions), self.real_logits(*conditions))
        return loss

    def real_logits(self, *conditions: Tensor) -> Callable[[], Any] | None:
        """Return a function that scores the real images of this step, augmented; None if they are unknown."""
        if (images := self.real_images) is None:
            return None
        return lambda: self.discriminator(self.augment(images), *conditions)

    def latents(self, count: int, device: torch.device) -> Tensor:
        """Draw latents from N(0, 1).

        Args:
            count: Images in the micro-batch.
            device: Where they are needed.

        Returns:
            (count, latent_dim), float32.
        """
        return self.normal(count, self.generator.latent_dim, device=device)

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return as many images as ``batch`` has, from the same latents every time and on every device."""
        like, fixed = batch["image"], torch.Generator().manual_seed(0)
        latents = torch.randn(len(like), self.generator.latent_dim, generator=fixed).to(like.device)
        images: Tensor = networks["generator"](latents, *self.conditions(batch))
        return images

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the sliced Wasserstein distance between generated and held-out images, times 1000.

        Returns:
            ``distance`` (arXiv:1710.10196); nothing for images below 7 pixels.
        """
        if min(batch["image"].shape[-2:]) < 7:
            return {}
        return {"distance": sliced_wasserstein(self.sample(networks, batch).float(), batch["image"])}
