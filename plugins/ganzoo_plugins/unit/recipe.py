"""UNIT: VAEs and GANs of two domains with one latent space (arXiv:1703.00848, equations 2 to 8)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo import GanzooError, UnpairedRecipe, mean_error


class UnitRecipe(UnpairedRecipe):
    """Generators a2b (encoder of a, decoder of b) and b2a, whose inner blocks are one; a discriminator a domain.

    Where the paper is silent the authors' code decides: KL divergences and likelihoods are means over numbers, not
    sums; generators minimize -log D, not log(1 - D). As in the paper, only translations are judged.
    """

    def __init__(self, config, parts) -> None:
        self.config = config
        size, channels = config.image_size, config.channels
        self.a2b, self.b2a = (
            parts.build("generator", in_channels=channels, out_channels=channels, image_size=size) for _ in range(2)
        )
        check_halves(self.a2b)
        self.b2a.share(self.a2b)
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
        self.optimizers = {
            "generators": self.adam(nn.ModuleList([self.a2b, self.b2a])),  # a list names what is shared once
            "discriminators": self.adam(self.discriminator_a, self.discriminator_b, discriminator=True),
        }
        self.exports, self.discriminators = {"": "a2b", "b2a": "b2a"}, {"": "discriminator_b", "b2a": "discriminator_a"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Update the discriminators, then encoders and decoders together (section 3, "Learning")."""
        a, b = batch["a"], batch["b"]
        learns = self.is_generator_step()
        with torch.set_grad_enabled(learns):
            means = self.a2b.encode(a), self.b2a.encode(b)
            code_a, code_b = (self.drawn(mean) for mean in means)
            fake_b, same_b = decoded(self.a2b, (code_a, a), (code_b, b))
            fake_a, same_a = decoded(self.b2a, (code_b, b), (code_a, a))

        loss_d = self.discriminator_loss(self.discriminator_a, a, fake_a) + self.discriminator_loss(
            self.discriminator_b, b, fake_b
        )
        self.update("discriminators", loss_d)
        if not learns:
            return {"discriminator": loss_d}

        with self.frozen("discriminator_a", "discriminator_b"):
            losses = {
                "adversarial": self.fooled(self.discriminator_a, fake_a) + self.fooled(self.discriminator_b, fake_b),
                "kl": kl(means[0]) + kl(means[1]),
                "reconstruction": mean_error(same_a, a) + mean_error(same_b, b),
                **self.cycles(a, b, fake_a, fake_b),
            }
            self.update("generators", self.weighted(losses))
        return {**losses, "discriminator": loss_d}

    def drawn(self, mean: Tensor) -> Tensor:
        """Draw a code from N(mean, 1), by the reparameterisation of section 3."""
        return mean.float() + self.normal(*mean.shape, device=mean.device)

    def discriminator_loss(self, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """Return what one discriminator minimizes, without lambda 0, which Adam's steps do not see."""
        real, fake = self.augment(real), self.augment(fake.detach().float())
        loss = self.loss.discriminator(*self.forward_batched(discriminator, real, fake))
        return loss + self.penalty(discriminator, real, fake)

    def fooled(self, discriminator: nn.Module, fake: Tensor) -> Tensor:
        """Return the adversarial half of a generator's loss (equations 5 and 6)."""
        return self.loss.generator(discriminator(self.augment(fake)))

    def cycles(self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor) -> dict[str, Tensor]:
        """Return the losses of pictures that go there and back (equations 7 and 8)."""
        mean_a, mean_b = self.a2b.encode(fake_a), self.b2a.encode(fake_b)
        back_a, back_b = self.b2a.decode(self.drawn(mean_b), fake_b), self.a2b.decode(self.drawn(mean_a), fake_a)
        return {"cycle_kl": kl(mean_a) + kl(mean_b), "cycle": mean_error(back_a, a) + mean_error(back_b, b)}

    def weighted(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of ``losses``, lambda 0 to 4 times each (equation 2)."""
        config = self.config
        return (
            config.gan_weight * losses["adversarial"]
            + config.kl_weight * losses["kl"]
            + config.reconstruction_weight * losses["reconstruction"]
            + config.cycle_kl_weight * losses["cycle_kl"]
            + config.cycle_weight * losses["cycle"]
        )


def check_halves(generator: nn.Module) -> None:
    """Raise GanzooError for a generator that cannot be taken apart at its code."""
    missing = [name for name in ("encode", "decode", "share") if not hasattr(generator, name)]
    if missing:
        raise GanzooError(
            f"The generator of the recipe 'unit' is a {type(generator).__name__}, which has no {', '.join(missing)}: "
            "two of them could share no latent space. Take --part generator=unit."
        )


def decoded(generator: nn.Module, *pairs: tuple[Tensor, Tensor]) -> list[Tensor]:
    """Return what ``generator`` decodes from each (codes, images they are of), run as one batch."""
    codes, images = (torch.cat(each) for each in zip(*pairs, strict=True))
    return list(generator.decode(codes, images).split([len(each) for each, _ in pairs]))


def kl(mean: Tensor) -> Tensor:
    """Return the KL divergence of N(mean, 1) from N(0, 1), mean^2 / 2, averaged over the code's numbers."""
    return mean.float().square().mean() / 2
