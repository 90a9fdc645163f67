"""WGAN: the generator minimizes the Wasserstein distance that a critic estimates.

Algorithm 1 of arXiv:1701.07875 and of arXiv:1704.00028: the critic is updated in every step, the generator in every
``discriminator_steps``-th, with new latents.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import LatentRecipe
from ganzoo.losses.wasserstein import estimate_distance


class WGANGPRecipe(LatentRecipe):
    """The step of both papers. The loss ``wasserstein`` is the estimated distance, which falls as training proceeds.

    Where pixels are missing, the critic sees 0 in real and in generated images alike, and in the images between them
    that the penalty is taken on.
    """

    takes_masks = True

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the critic on ``batch["image"]``, then the generator if this is a generator step."""
        self.real_images = batch["image"]
        valid = batch.get("valid")
        losses = self.update_critic(batch["image"], valid)
        if self.is_generator_step():
            with self.frozen("discriminator"):
                fake = self.generator(self.latents(len(batch["image"]), batch["image"].device))
                fake = self.keep_valid(fake, valid)
                losses["generator"] = self.generator_loss(self.augment(fake))
                outputs = {"image": fake}
                self.update("generator", self.with_extra_losses(losses["generator"], losses, batch, outputs))
        return losses

    def update_critic(self, images: Tensor, valid: Tensor | None = None) -> dict[str, Tensor]:
        """Update the critic; return its loss and its estimate of the distance before the update."""
        with torch.no_grad():
            fake = self.keep_valid(self.generator(self.latents(len(images), images.device)), valid)
        real, fake = self.augment(images), self.augment(fake)
        logits = self.forward_batched(self.discriminator, real, fake)
        loss = self.loss.discriminator(*logits) + self.penalty(self.discriminator, real, fake)
        self.update("discriminator", loss)
        return {"wasserstein": estimate_distance(*logits), "discriminator": loss}


class WGANRecipe(WGANGPRecipe):
    """WGAN of arXiv:1701.07875: RMSProp, and all weights of the critic clipped after each of its updates."""

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts)
        self.optimizers = {
            "generator": self.rmsprop(self.generator, config.learning_rate),
            "discriminator": self.rmsprop(
                self.discriminator, config.discriminator_learning_rate or config.learning_rate
            ),
        }

    def rmsprop(self, network: nn.Module, rate: float) -> torch.optim.Optimizer:
        """Build RMSProp with the config's momentum and decay."""
        return torch.optim.RMSprop(network.parameters(), rate, self.config.beta2, momentum=self.config.beta1)

    def update_critic(self, images: Tensor, valid: Tensor | None = None) -> dict[str, Tensor]:
        """Update the critic, then clip all its weights to [-c, c], those of norms included (algorithm 1, line 7)."""
        losses = super().update_critic(images, valid)
        with torch.no_grad():
            for parameter in self.discriminator.parameters():
                parameter.clamp_(-self.config.clip, self.config.clip)
        return losses
