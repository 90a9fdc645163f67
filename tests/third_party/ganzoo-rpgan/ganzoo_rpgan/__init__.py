"""A relativistic GAN with zero-centered penalties on real and generated images (as R3GAN has, arXiv:2501.05441)."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo import AdversarialConfig, Family, NonNegativeFloat, ProperFraction

GANZOO_API = 1
family = Family(__name__, paper="arXiv:2501.05441")


@family.recipe(
    "rpgan",
    ".recipe.RpGANRecipe",
    data="images",
    batch_size=64,
    parts={
        "generator": "generator:dcgan",
        "discriminator": "discriminator:dcgan",
        "loss": "loss:relativistic",
        "r1": "regularizer:r1",
        "r2": "regularizer:r2",
    },
)
@dataclass(frozen=True)
class RpGANOptions(AdversarialConfig):
    """Images from latents by a relativistic loss, R1 and R2.

    Attributes:
        beta1: Adam's; the paper trains without momentum.
        final_rate: Learning rate at the end of the run, as a fraction of the first one; it falls as a cosine.
    """

    beta1: ProperFraction = 0.0
    final_rate: NonNegativeFloat = 0.25


ganzoo_entries = family.entries
__getattr__ = family.public_name
