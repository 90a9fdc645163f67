"""pix2pix: paired translation by L1 and a conditional PatchGAN (arXiv:1611.07004, equation 4)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import Recipe, mean_absolute_error


class Pix2PixRecipe(Recipe):
    """The generator minimizes adversarial loss + lambda * L1; the discriminator sees input and output stacked."""

    takes_masks = True

    def __init__(self, config, parts) -> None:
        self.config, inner, outer = config, config.input_channels, config.channels
        self.generator = parts.build(
            "generator", in_channels=inner, out_channels=outer, image_size=config.image_size, test_statistics="image"
        )
        self.discriminator = parts.build(  # it sees input and output stacked
            "discriminator",
            in_channels=inner + outer,
            channels=inner + outer,
            image_channels=outer,
            image_size=config.image_size,
            norm="batch",  # appendix 6.1.2
        )
        self.loss = parts.build("loss")
        self.l1_weight = config.l1_weight
        self.networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimizers = {
            "generator": self.adam(self.generator),
            "discriminator": self.adam(self.discriminator, discriminator=True),
        }
        self.exports, self.discriminators = {"": "generator"}, {"": "discriminator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update both networks once: the discriminator, then the generator by its loss and L1."""
        inputs, targets, valid = batch["input"], batch["target"], batch.get("valid")
        is_generator_step = self.is_generator_step()
        with torch.set_grad_enabled(is_generator_step):
            outputs = self.keep_valid(self.generator(inputs), valid)
            fake_pair = torch.cat([inputs, outputs], 1)

        real, fake = self.augment(torch.cat([inputs, targets], 1)), self.augment(fake_pair.detach())
        loss_d = self.loss.discriminator(*self.forward_batched(self.discriminator, real, fake))
        loss_d = loss_d + self.penalty(self.discriminator, real, fake)
        self.update("discriminator", loss_d / 2)  # section 3.3: halved, so that D learns more slowly than G
        if not is_generator_step:
            return {"discriminator": loss_d}

        with self.frozen("discriminator"):
            adversarial = self.loss.generator(
                self.discriminator(self.augment(fake_pair)),
                lambda: self.discriminator(self.augment(torch.cat([inputs, targets], 1))),
            )
            l1 = mean_absolute_error(outputs, targets, valid)
            losses = {"generator": adversarial, "l1": l1, "discriminator": loss_d}
            total = adversarial + self.l1_weight * l1
            self.update("generator", self.with_extra_losses(total, losses, batch, {"image": outputs}))
        return losses

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        """Return input, output and target of each pair, one after the other."""
        outputs = networks["generator"](batch["input"]).float()
        return self.side_by_side(batch["input"], outputs, batch["target"])

    def validate(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> dict[str, float]:
        """Return the mean absolute error, in [0, 2], of images in [-1, 1]."""
        outputs = networks["generator"](batch["input"])
        return {"l1": mean_absolute_error(outputs, batch["target"], batch.get("valid")).item()}
