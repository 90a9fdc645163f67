"""R3GAN's training: a relativistic loss with zero-centered gradient penalties (arXiv:2501.05441, section 2)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from ganzoo import LatentRecipe
from ganzoo.losses.logits import mean_per_image
from ganzoo.losses.precision import at_least_float32


class R3GANRecipe(LatentRecipe):
    """Real and generated images are compared in pairs; gamma / 2 * (R1 + R2) keeps the discriminator's slope small.

    Gamma, the learning rates and Adam's beta2 change in the burn-in. Where the penalties are taken, the discriminator's
    update is computed in float32 at least.
    """

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminator on ``batch["image"]``, then the generator, with this step's beta2."""
        beta2 = self.scheduled(self.config.beta2, self.config.beta2_end, self.progress)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (group["betas"][0], beta2)
        return super().step(batch)

    def learning_rate(self, progress: float) -> float:
        """Return the factor on both learning rates: the burn-in's, times that of ``schedule``."""
        return super().learning_rate(progress) * self.scheduled(1.0, self.config.learning_rate_end, progress)

    def scheduled(self, start: float, end: float, progress: float) -> float:
        """Return a value on half a cosine from ``start`` to ``end``, which it has after the burn-in."""
        if progress >= self.config.burn_in:
            return end
        return end + (start - end) * (1 + math.cos(math.pi * progress / self.config.burn_in)) / 2

    def discriminator_loss(self, real: Tensor, fake: Tensor, *conditions: Tensor) -> Tensor:
        """Return the loss with both penalties, which share one pass through the discriminator."""
        config = self.config
        if not config.r1 or self.step_state.step % config.r1_every:
            return super().discriminator_loss(real, fake, *conditions)
        gamma = config.r1 * self.scheduled(1.0, config.r1_end, self.progress)
        with torch.autocast(real.device.type, enabled=False):
            images = [at_least_float32(each).detach().requires_grad_(True) for each in (real, fake)]
            logits = self.forward_batched(self.discriminator, *images, conditioning=conditions)
            scores = torch.cat([mean_per_image(each) for each in logits])
            gradients = torch.autograd.grad(scores.sum(), images, create_graph=True)
            r1, r2 = (gradient.flatten(1).square().sum(1).mean() for gradient in gradients)
            loss: Tensor = self.loss.discriminator(*logits) + gamma / 2 * config.r1_every * (r1 + r2)
        return loss + self.regularization(self.discriminator, real, fake)
