"""UNIT: VAEs and GANs of two domains with one latent space (arXiv:1703.00848, equations 2 to 8)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import GanzooError, UnpairedRecipe, at_least_float32, mean_absolute_error


class UNITRecipe(UnpairedRecipe):
    """Generators a2b (encoder of a, decoder of b) and b2a, which share their inner blocks, and two discriminators.

    Where the paper says nothing, the recipe follows the authors: divergences are means of squares over the numbers of a
    code, without the factor 1/2, likelihoods are means, not sums; generators minimize -log D, not log(1 - D). As in
    the paper, discriminators see translations but no reconstructions.
    """

    takes_masks = True

    def __init__(self, config, parts) -> None:
        super().__init__(config, parts)
        require_encoder_and_decoder(self.a2b)
        self.b2a.share(self.a2b)
        self.loss = parts.build("loss")
        self.optimizers = {
            "generators": self.adam(nn.ModuleList([self.a2b, self.b2a])),  # a ModuleList has shared parameters once
            "discriminators": self.adam(self.discriminator_a, self.discriminator_b, discriminator=True),
        }

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminators, then encoders and decoders together (section 3, "Learning")."""
        a, b, valid_a, valid_b = batch["a"], batch["b"], batch.get("valid_a"), batch.get("valid_b")
        is_generator_step = self.is_generator_step()
        with torch.set_grad_enabled(is_generator_step):
            means = self.a2b.encode(a), self.b2a.encode(b)
            code_a, code_b = (self.draw_code(mean) for mean in means)
            fake_b, reconstructed_b = decode_batched(self.a2b, (code_a, a), (code_b, b))
            fake_a, reconstructed_a = decode_batched(self.b2a, (code_b, b), (code_a, a))
            fake_b, fake_a = self.keep_valid(fake_b, valid_a), self.keep_valid(fake_a, valid_b)

        loss_d = self.discriminator_loss(self.discriminator_a, a, fake_a)
        loss_d = loss_d + self.discriminator_loss(self.discriminator_b, b, fake_b)
        self.update("discriminators", loss_d)
        if not is_generator_step:
            return {"discriminator": loss_d}

        with self.frozen("discriminator_a", "discriminator_b"):
            adversarial = self.adversarial_loss(self.discriminator_a, fake_a, a)
            losses = {
                "adversarial": adversarial + self.adversarial_loss(self.discriminator_b, fake_b, b),
                "kl": self.divergence(means[0]) + self.divergence(means[1]),
                "reconstruction": mean_absolute_error(reconstructed_a, a, valid_a)
                + mean_absolute_error(reconstructed_b, b, valid_b),
                **self.cycle_losses(a, b, fake_a, fake_b, valid_a, valid_b),
            }
            outputs = {"fake_a": fake_a, "fake_b": fake_b}
            self.update("generators", self.with_extra_losses(self.weighted(losses), losses, batch, outputs))
        return {**losses, "discriminator": loss_d}

    def draw_code(self, mean: Tensor) -> Tensor:
        """Draw a code from N(mean, 1), by the reparameterization trick (section 3)."""
        return at_least_float32(mean) + self.normal(*mean.shape, device=mean.device)

    def divergence(self, mean: Tensor) -> Tensor:
        """Return ``kl_factor`` times the mean of squares; 0.5 is the KL divergence of N(mean, 1) from N(0, 1)."""
        return self.config.kl_factor * at_least_float32(mean).square().mean()

    def discriminator_loss(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return what one discriminator minimizes, without lambda 0: Adam's steps do not depend on it."""
        real, fake = self.augment(real), self.augment(at_least_float32(fake.detach()))
        loss = self.loss.discriminator(*self.forward_batched(discriminator, real, fake))
        return loss + self.penalty(discriminator, real, fake)

    def adversarial_loss(self, discriminator: nn.Module, fake: Tensor, real: Tensor) -> Tensor:
        """Return the adversarial term of a generator's loss (equations 5 and 6)."""
        return self.loss.generator(discriminator(self.augment(fake)), lambda: discriminator(self.augment(real)))

    def cycle_losses(
        self,
        a: Tensor,
        b: Tensor,
        fake_a: Tensor,
        fake_b: Tensor,
        valid_a: Tensor | None = None,
        valid_b: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the losses of images that are translated there and back (equations 7 and 8)."""
        mean_a, mean_b = self.a2b.encode(fake_a), self.b2a.encode(fake_b)
        back_a = self.b2a.decode(self.draw_code(mean_b), fake_b)
        back_b = self.a2b.decode(self.draw_code(mean_a), fake_a)
        cycle = mean_absolute_error(back_a, a, valid_a) + mean_absolute_error(back_b, b, valid_b)
        return {"cycle_kl": self.divergence(mean_a) + self.divergence(mean_b), "cycle": cycle}

    def weighted(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of ``losses``, weighted by lambda 0 to 4 (equation 2)."""
        config = self.config
        return (
            config.gan_weight * losses["adversarial"]
            + config.kl_weight * losses["kl"]
            + config.reconstruction_weight * losses["reconstruction"]
            + config.cycle_kl_weight * losses["cycle_kl"]
            + config.cycle_weight * losses["cycle"]
        )


def require_encoder_and_decoder(generator: nn.Module) -> None:
    """Raise GanzooError for a generator without separate encoder and decoder."""
    missing = [name for name in ("encode", "decode", "share") if not hasattr(generator, name)]
    if missing:
        raise GanzooError(
            f"The generator of the recipe 'unit' is a {type(generator).__name__}, which has no {', '.join(missing)}: "
            "two of them cannot share a latent space. Use --part generator=unit."
        )


def decode_batched(generator: nn.Module, *pairs: tuple[Tensor, Tensor]) -> list[Tensor]:
    """Return what ``generator`` decodes from each (codes, images that these encode), run as one batch.

    Images of unlike channels are left out: only ``global_skip`` uses them, which needs equal ones.
    """
    codes = torch.cat([each for each, _ in pairs])
    alike = len({images.shape[1] for _, images in pairs}) == 1
    images = torch.cat([each for _, each in pairs]) if alike else None
    return list(generator.decode(codes, images).split([len(each) for each, _ in pairs]))
