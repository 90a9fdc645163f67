"""DualGAN: two translators in a loop, each with a clipped Wasserstein critic (arXiv:1704.02510, algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import UnpairedRecipe, mean_error


class DualGanRecipe(UnpairedRecipe):
    """Generators a2b and b2a (the paper's G_A, from U to V, and G_B) with a critic each.

    The critics learn in every step, the generators in each ``discriminator_steps``-th. The paper's noise is dropout,
    in training and afterwards; here it acts in training only, so that a picture has one translation. Norms are of each
    picture alone, which batch norm is in the paper's batches of one. The paper is followed where the authors' later
    code differs, which has cross entropies, weights of 20, and two generator updates for one of the discriminators.
    """

    def __init__(self, config, parts) -> None:
        self.config = config
        size, channels = config.image_size, config.channels
        self.a2b, self.b2a = (
            parts.build("generator", in_channels=channels, out_channels=channels, image_size=size, norm="instance")
            for _ in range(2)
        )
        self.discriminator_a, self.discriminator_b = (
            parts.build("discriminator", in_channels=channels, channels=channels, image_size=size) for _ in range(2)
        )
        self.loss = parts.build("loss")
        self.networks = {
            "a2b": self.a2b,
            "b2a": self.b2a,
            "discriminator_a": self.discriminator_a,
            "discriminator_b": self.discriminator_b,
        }
        rate = config.learning_rate
        self.optimizers = {
            "generators": self.rmsprop(rate, self.a2b, self.b2a),
            "discriminators": self.rmsprop(
                config.discriminator_learning_rate or rate, self.discriminator_a, self.discriminator_b
            ),
        }
        self.exports, self.discriminators = {"": "a2b", "b2a": "b2a"}, {"": "discriminator_b", "b2a": "discriminator_a"}

    def rmsprop(self, rate: float, *networks: nn.Module) -> torch.optim.Optimizer:
        """Return RMSProp over these networks, beta2 its decay and beta1 its momentum."""
        parameters = [parameter for network in networks for parameter in network.parameters()]
        return torch.optim.RMSprop(parameters, rate, alpha=self.config.beta2, momentum=self.config.beta1)

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update and clip the critics, then the generators, if it is their turn."""
        a, b = batch["a"], batch["b"]
        learns = self.is_generator_step()
        with torch.set_grad_enabled(learns):
            fake_b, fake_a = self.a2b(a), self.b2a(b)

        loss_d = self.discriminator_loss(self.discriminator_a, a, fake_a) + self.discriminator_loss(
            self.discriminator_b, b, fake_b
        )
        self.update("discriminators", loss_d)
        self.clip()
        if not learns:
            return {"discriminator": loss_d}

        with self.frozen("discriminator_a", "discriminator_b"):
            adversarial = self.fooled(self.discriminator_a, fake_a) + self.fooled(self.discriminator_b, fake_b)
            home_a, home_b = mean_error(self.b2a(fake_b), a), mean_error(self.a2b(fake_a), b)
            total = adversarial + self.config.reconstruction_weight_a * home_a
            self.update("generators", total + self.config.reconstruction_weight_b * home_b)
        losses = {"adversarial": adversarial, "reconstruction_a": home_a, "reconstruction_b": home_b}
        return {**losses, "discriminator": loss_d}

    def discriminator_loss(self, critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return what one critic minimizes (equations 1 and 2)."""
        real, fake = self.augment(real), self.augment(fake.detach().float())
        loss = self.loss.discriminator(*self.forward_batched(critic, real, fake))
        return loss + self.penalty(critic, real, fake)

    def fooled(self, critic: nn.Module, fake: Tensor) -> Tensor:
        """Return the adversarial half of a generator's loss (equation 3)."""
        return self.loss.generator(critic(self.augment(fake)))

    @torch.no_grad()
    def clip(self) -> None:
        """Bring the critics' weights back to [-c, c] (algorithm 1)."""
        limit = self.config.weight_clip
        if limit:
            for critic in (self.discriminator_a, self.discriminator_b):
                for weight in critic.parameters():
                    weight.clamp_(-limit, limit)
