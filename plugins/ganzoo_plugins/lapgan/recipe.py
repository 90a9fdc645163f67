"""LAPGAN's training: each level is a GAN of its own (arXiv:1506.05751, section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ganzoo import GanzooError, LatentRecipe

from .networks import pyramid, uniform, valid_pyramid


class LAPGANRecipe(LatentRecipe):
    """Updates the discriminator and the generator of every level on the pyramids of one batch.

    The levels are independent: the input of G_k is the low-pass l_k of real images, never the output of another level.
    In the paper, D_k sees a real or a generated image with equal probability; here it sees both. The paper trains by
    gradient descent with momentum; here it is Adam, as in the other families.

    Missing pixels take no part in the means that coarser levels are made of, and are 0 for each discriminator, in real
    and in generated images alike.
    """

    takes_masks = True

    def __init__(self, config, parts) -> None:
        self.config = config
        size, channels = config.image_size, config.channels
        self.generator = parts.build("generator", image_size=size, image_width=config.image_width, channels=channels)
        if not hasattr(self.generator, "sizes"):
            raise GanzooError(
                f"The recipe lapgan trains the levels of a pyramid, and {type(self.generator).__name__} has none. "
                "Use the generator lapgan, or another recipe, such as dcgan."
            )
        self.loss = parts.build("loss")
        self.networks, self.optimizers = {"generator": self.generator}, {}
        levels = [self.generator.coarse, *self.generator.refine]
        for side, wide, level in zip(self.generator.sizes, self.generator.widths, levels, strict=True):
            role = "discriminator" if self.optimizers else "coarse_discriminator"
            shape = {"image_size": side, "image_width": wide if config.image_width else 0}
            discriminator = parts.build(role, **shape, channels=channels, in_channels=channels)
            self.networks[f"discriminator_{side}"] = discriminator
            self.optimizers[f"generator_{side}"] = self.adam(level)
            self.optimizers[f"discriminator_{side}"] = self.adam(discriminator, discriminator=True)
        self.exports, self.discriminators = {"": "generator"}, {"": f"discriminator_{size}"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update all levels on ``batch["image"]``, coarsest first; return the losses of each, named by its size."""
        if self.config.coarse_steps > 1 and self.step_state.micro_batches > 1:
            raise GanzooError(
                f"coarse_steps={self.config.coarse_steps} means several updates in a step, which does not work with "
                f"{self.step_state.micro_batches} micro-batches. Train without --accumulate, or with coarse_steps=1."
            )
        losses: dict[str, Tensor] = {}
        count, valid = len(self.generator.sizes) - 1, batch.get("valid")
        masks = [None] * (count + 1) if valid is None else valid_pyramid(valid, count)
        for level, (low, high) in enumerate(pyramid(batch["image"], count, valid)):
            for _ in range(1 if level else self.config.coarse_steps):
                losses |= self.level_step(level, low, high, masks[level])
        return losses

    def level_step(self, level: int, low: Tensor, high: Tensor, valid: Tensor | None = None) -> dict[str, Tensor]:
        """Update D_k, then G_k, on real images l_k + h_k (equations 2 and 6)."""
        side, is_generator_step = self.generator.sizes[level], self.is_generator_step()
        discriminator = self.networks[f"discriminator_{side}"]
        noise = uniform(self.normal(len(low), *self.generator.shapes[level], device=low.device))
        with torch.set_grad_enabled(is_generator_step):
            generated = self.keep_valid(self.generator.generate_level(level, noise, low), valid)

        real, fake = self.augment(low + high), self.augment(generated.detach())
        loss_d = self.loss.discriminator(*self.forward_batched(discriminator, real, fake))
        loss_d = loss_d + self.penalty(discriminator, real, fake)
        self.update(f"discriminator_{side}", loss_d)
        if not is_generator_step:
            return {f"discriminator_{side}": loss_d}

        with self.frozen(f"discriminator_{side}"):
            loss_g = self.loss.generator(
                discriminator(self.augment(generated)), lambda: discriminator(self.augment(low + high))
            )
            losses = {f"generator_{side}": loss_g, f"discriminator_{side}": loss_d}
            total = self.with_extra_losses(loss_g, losses, {"image": low + high}, {"image": generated})
            self.update(f"generator_{side}", total)
        return losses
