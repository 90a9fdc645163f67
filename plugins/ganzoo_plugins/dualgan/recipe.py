"""DualGAN: two translators in a loop, each with a clipped Wasserstein critic (arXiv:1704.02510, algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import UnpairedRecipe, at_least_float32, mean_absolute_error


class DualGANRecipe(UnpairedRecipe):
    """Generators a2b and b2a (the paper's G_A, from U to V, and G_B) with a critic each.

    The critics are updated in every step, the generators in every ``discriminator_steps``-th. The paper's noise is
    dropout, in training and afterwards; here it acts in training only, so that an image has one translation. Norms are
    instance norms, which is what the paper's batch norm is in its batches of one. The authors' later code differs from
    the paper: it has cross entropies, weights of 20, and two generator updates for each of the discriminators. This
    recipe follows the paper.
    """

    takes_masks = True

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts, norm="instance")
        self.loss = parts.build("loss")
        rate = config.learning_rate
        self.optimizers = {
            "generators": self.rmsprop(rate, self.a2b, self.b2a),
            "discriminators": self.rmsprop(
                config.discriminator_learning_rate or rate, self.discriminator_a, self.discriminator_b
            ),
        }

    def rmsprop(self, rate: float, *networks: nn.Module) -> torch.optim.Optimizer:
        """Build RMSProp over these networks, with ``beta2`` as its decay and ``beta1`` as its momentum."""
        parameters = [parameter for network in networks for parameter in network.parameters()]
        return torch.optim.RMSprop(parameters, rate, alpha=self.config.beta2, momentum=self.config.beta1)

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update and clip the critics, then update the generators if this is a generator step."""
        a, b, valid_a, valid_b = batch["a"], batch["b"], batch.get("valid_a"), batch.get("valid_b")
        is_generator_step = self.is_generator_step()
        with torch.set_grad_enabled(is_generator_step):
            fake_b, fake_a = self.keep_valid(self.a2b(a), valid_a), self.keep_valid(self.b2a(b), valid_b)

        loss_d = self.discriminator_loss(self.discriminator_a, a, fake_a)
        loss_d = loss_d + self.discriminator_loss(self.discriminator_b, b, fake_b)
        self.update("discriminators", loss_d)
        self.clip()
        if not is_generator_step:
            return {"discriminator": loss_d}

        with self.frozen("discriminator_a", "discriminator_b"):
            adversarial = self.adversarial_loss(self.discriminator_a, fake_a, a)
            adversarial = adversarial + self.adversarial_loss(self.discriminator_b, fake_b, b)
            cycle_a = mean_absolute_error(self.b2a(fake_b), a, valid_a)
            cycle_b = mean_absolute_error(self.a2b(fake_a), b, valid_b)
            total = adversarial + self.config.reconstruction_weight_a * cycle_a
            total = total + self.config.reconstruction_weight_b * cycle_b
            losses = {"adversarial": adversarial, "reconstruction_a": cycle_a, "reconstruction_b": cycle_b}
            outputs = {"fake_a": fake_a, "fake_b": fake_b}
            self.update("generators", self.with_extra_losses(total, losses, batch, outputs))
        return {**losses, "discriminator": loss_d}

    def discriminator_loss(self, critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return what one critic minimizes (equations 1 and 2)."""
        real, fake = self.augment(real), self.augment(at_least_float32(fake.detach()))
        loss = self.loss.discriminator(*self.forward_batched(critic, real, fake))
        return loss + self.penalty(critic, real, fake)

    def adversarial_loss(self, critic: nn.Module, fake: Tensor, real: Tensor) -> Tensor:
        """Return the adversarial term of a generator's loss (equation 3)."""
        return self.loss.generator(critic(self.augment(fake)), lambda: critic(self.augment(real)))

    @torch.no_grad()
    def clip(self) -> None:
        """Clip the critics' weights to [-c, c] (algorithm 1)."""
        limit = self.config.weight_clip
        if limit:
            for critic in (self.discriminator_a, self.discriminator_b):
                for weight in critic.parameters():
                    weight.clamp_(-limit, limit)
