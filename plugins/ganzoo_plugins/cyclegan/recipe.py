"""CycleGAN: unpaired translation in both directions (arXiv:1703.10593, equations 1-3 and section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import GanzooError, UnpairedRecipe, at_least_float32, build, mean_absolute_error
from ganzoo.layers.background_mask import BackgroundMask, background_change

from .image_pool import ImagePool


class CycleGANRecipe(UnpairedRecipe):
    """Generators a2b and b2a with a discriminator each; an image translated there and back should not change."""

    takes_masks = True

    def __init__(self, config, parts) -> None:
        require_rgb_options(config)
        super().__init__(config, parts)
        # In the paper G minimizes (D(G(x)) - 1)**2, without a factor of 1/2; `discriminator_loss` halves D's loss.
        self.loss = parts.build("loss", factor=1.0)
        self.pools = {"a": ImagePool(config.pool_size), "b": ImagePool(config.pool_size)}
        self.background_mask = build_background_mask(config)
        self.optimizers = {
            "generators": self.adam(self.a2b, self.b2a),
            "discriminators": self.adam(self.discriminator_a, self.discriminator_b, discriminator=True),
        }

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both generators, then both discriminators on what those had generated before their update."""
        a, b = batch["a"], batch["b"]
        background_a, background_b = self.backgrounds(a, b)
        valid_a, valid_b = batch.get("valid_a"), batch.get("valid_b")
        if self.is_generator_step():
            fake_a, fake_b, losses = self.update_generators(a, b, background_a, background_b, valid_a, valid_b)
        else:
            with torch.no_grad():
                fake_a, fake_b, losses = self.b2a(b), self.a2b(a), {}
        fake_a, fake_b = self.keep_valid(fake_a, valid_b), self.keep_valid(fake_b, valid_a)
        loss_d = self.discriminator_loss("a", self.visible(a, background_a), self.visible(fake_a, background_b))
        loss_d = loss_d + self.discriminator_loss(
            "b", self.visible(b, background_b), self.visible(fake_b, background_a)
        )
        self.update("discriminators", loss_d)
        return {**losses, "discriminator": loss_d}

    def update_generators(
        self,
        a: Tensor,
        b: Tensor,
        background_a: Tensor | None,
        background_b: Tensor | None,
        valid_a: Tensor | None = None,
        valid_b: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Minimize equation 3; return the translations of b and of a, and the losses."""
        config = self.config
        with self.frozen("discriminator_a", "discriminator_b"):
            fake_b, identity_b = self.translate(self.a2b, a, b)
            fake_a, identity_a = self.translate(self.b2a, b, a)
            fake_b, fake_a = self.keep_valid(fake_b, valid_a), self.keep_valid(fake_a, valid_b)
            adversarial = self.adversarial_loss(
                self.discriminator_b, self.visible(fake_b, background_a), self.visible(b, background_b)
            )
            adversarial = adversarial + self.adversarial_loss(
                self.discriminator_a, self.visible(fake_a, background_b), self.visible(a, background_a)
            )
            cycle = mean_absolute_error(self.b2a(fake_b), a, valid_a)
            cycle = cycle + mean_absolute_error(self.a2b(fake_a), b, valid_b)
            losses = {"adversarial": adversarial, "cycle": cycle}
            total = adversarial + config.cycle_weight * cycle
            if config.identity_weight:
                identity = mean_absolute_error(identity_b, b, valid_b)
                losses["identity"] = identity + mean_absolute_error(identity_a, a, valid_a)
                total = total + config.cycle_weight * config.identity_weight * losses["identity"]
            if config.preserve_background:
                losses["kept"] = background_change(background_a, a, fake_b) + background_change(background_b, b, fake_a)
                total = total + config.preserve_background * losses["kept"]
            outputs = {"fake_a": fake_a, "fake_b": fake_b}
            self.update("generators", self.with_extra_losses(total, losses, {"a": a, "b": b}, outputs))
        return fake_a, fake_b, losses

    def translate(self, generator: nn.Module, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor | None]:
        """Translate ``images`` and, for the identity loss of section 5.2, ``targets`` that need no change."""
        if not self.config.identity_weight:
            return generator(images), None
        fake, identity = self.forward_batched(generator, images, targets)
        return fake, identity

    def adversarial_loss(self, discriminator: nn.Module, fake: Tensor, real: Tensor) -> Tensor:
        """Return the generator's half of equation 1."""
        return self.loss.generator(discriminator(self.augment(fake)), lambda: discriminator(self.augment(real)))

    def discriminator_loss(self, side: str, real: Tensor, fake: Tensor) -> Tensor:
        """Return half the discriminator's loss: section 4, "we divide the objective by 2 while optimizing D"."""
        discriminator = self.networks[f"discriminator_{side}"]
        real, fake = self.augment(real), self.augment(self.exchange(side, at_least_float32(fake.detach())))
        loss = self.loss.discriminator(*self.forward_batched(discriminator, real, fake))
        return (loss + self.penalty(discriminator, real, fake)) / 2

    def exchange(self, side: str, fake: Tensor) -> Tensor:
        """Return ``fake`` after the image pool, which all processes share: each puts in its own images."""
        whole = self.processes.gathered(fake)
        draws = self.processes.gathered(self.uniform(len(fake), 2, device="cpu"))  # no waiting for a GPU
        return self.processes.own(self.pools[side].exchange(whole, draws))

    def backgrounds(self, a: Tensor, b: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return the background masks (N, 1, H, W) of both sides, None where this step needs none."""
        needed = self.is_generator_step() or self.config.discriminate_foreground
        if self.background_mask is None or not needed:
            return None, None
        return self.background_mask(a), self.background_mask(b)

    def visible(self, images: Tensor, background: Tensor | None) -> Tensor:
        """Return what a discriminator sees of images: everything, or objects on gray (arXiv:1806.02311)."""
        return images * (1 - background) if self.config.discriminate_foreground and background is not None else images

    def state(self) -> dict[str, Any]:
        """Return the images of both pools, which a resumed run needs."""
        return {name: pool.images for name, pool in self.pools.items()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore the images of both pools."""
        for name, pool in self.pools.items():
            pool.images = list(state[name])


def require_rgb_options(config) -> None:
    """Raise GanzooError for options that compare unlike images, or show channels to a classifier of photographs."""
    if config.identity_weight and config.input_channels != config.channels:
        raise GanzooError(
            f"identity_weight={config.identity_weight} compares an image with its translation, which needs equal "
            f"channels: these data have {config.input_channels} and {config.channels}. Set identity_weight=0."
        )
    wanted = config.preserve_background or config.discriminate_foreground
    if wanted and not {config.input_channels, config.channels} <= {1, 3}:
        raise GanzooError(
            "preserve_background and discriminate_foreground need gray or RGB photographs: the classifier that finds "
            f"the foreground knows no others, and these data have {config.input_channels} and {config.channels} "
            "channels. Set both to 0."
        )


def build_background_mask(config) -> BackgroundMask | None:
    """Return the mask that the config's options need, None where they need none."""
    if not (config.preserve_background or config.discriminate_foreground):
        return None
    first, _, last = config.foreground_classes.partition("-")
    return BackgroundMask(build(f"extractor:{config.foreground_extractor}"), int(first), int(last))
