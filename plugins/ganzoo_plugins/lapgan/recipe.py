"""LAPGAN's training: each level is a GAN of its own (arXiv:1506.05751, section 2.3)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ganzoo import GanzooError, LatentRecipe

from .networks import pyramid


class LapganRecipe(LatentRecipe):
    """One update of every level's discriminator, then of every level's generator, on the pyramids of one batch.

    The levels are independent: G_k is given the low-pass l_k of real pictures, never what another level made. The
    paper shows D_k a real or a made picture with equal probability; here, both. It trains by gradient descent with
    momentum; here, by Adam, as the other families.
    """

    def __init__(self, config, parts) -> None:
        self.config = config
        size, channels = config.image_size, config.channels
        self.generator = parts.build("generator", image_size=size, channels=channels)
        if not hasattr(self.generator, "sizes"):
            raise GanzooError(
                f"lapgan trains the levels of a pyramid, which {type(self.generator).__name__} has not. "
                "Use the generator lapgan, or another recipe, such as dcgan."
            )
        self.sizes: list[int] = self.generator.sizes
        self.loss = parts.build("loss")
        judges = {f"discriminator_{n}": self._judge(n, parts) for n in self.sizes}
        self.networks = {"generator": self.generator, **judges}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(*judges.values(), judge=True),
        }
        self.exports, self.judges = {"": "generator"}, {"": f"discriminator_{size}"}

    def _judge(self, size: int, parts):
        role = "coarse_discriminator" if size == self.sizes[0] else "discriminator"
        channels = self.config.channels
        return parts.build(role, image_size=size, channels=channels, in_channels=channels)

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update all levels on ``batch["image"]``, and return each one's losses under its size."""
        learns = self.generator_turn()
        parts = pyramid(batch["image"], len(self.sizes) - 1)
        noise = self.generator.noise(self.latents(len(batch["image"]), batch["image"].device))
        with torch.set_grad_enabled(learns):
            made = [low + self.generator.made(k, noise[k], low).float() for k, (low, _) in enumerate(parts)]
        real = [low + high for low, high in parts]

        judged = [self.judge_loss(*pair) for pair in zip(self.sizes, real, made, strict=True)]
        self.update("discriminator", torch.stack(judged).sum())
        losses = {f"discriminator_{n}": loss for n, loss in zip(self.sizes, judged, strict=True)}
        if not learns:
            return losses

        with self.frozen(*losses):
            fooled = [
                self.loss.generator(self.networks[f"discriminator_{n}"](self.augment(one)))
                for n, one in zip(self.sizes, made, strict=True)
            ]
            self.update("generator", torch.stack(fooled).sum())
        return {f"generator_{n}": loss for n, loss in zip(self.sizes, fooled, strict=True)} | losses

    def judge_loss(self, size: int, real: Tensor, made: Tensor) -> Tensor:
        """Return the loss of the discriminator of one level (equation 2), with its penalties."""
        judge = self.networks[f"discriminator_{size}"]
        real, shown = self.augment(real), self.augment(made.detach())
        loss: Tensor = self.loss.discriminator(*self.together(judge, real, shown))
        return loss + self.penalty(judge, real, shown)
