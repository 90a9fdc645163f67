"""DualGAN: unpaired translation by two Wasserstein GANs in a loop (Yi, Zhang, Tan, Gong 2017, arXiv:1704.02510)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ganzoo import (
    Enlargement,
    Family,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
    TranslationConfig,
)

if TYPE_CHECKING:
    from .recipe import DualGANRecipe as DualGANRecipe

family = Family(__name__, paper="arXiv:1704.02510")


@family.recipe(
    "dualgan",
    ".recipe.DualGANRecipe",
    data="unpaired",
    parts={"generator": "generator:unet", "discriminator": "discriminator:patchgan", "loss": "loss:wasserstein"},
)
@dataclass(frozen=True)
class DualGANOptions(TranslationConfig):
    """Unpaired translation both ways, Wasserstein critics.

    The paper's values: RMSProp 5e-5, 2 to 4 critic updates (``discriminator_steps``) for one of the generators.

    ``reconstruction_weight_a`` and ``_b`` (lambda U and V) are from 100 to 1000 in the paper, the smaller one on the
    side of natural images. ``weight_clip`` (c of algorithm 1) is from 0.01 to 0.1; 0 is none, as for another loss
    than the critics' own. ``beta2`` is RMSProp's decay, ``beta1`` its momentum.
    """

    image_size: NonNegativeInt = 256
    learning_rate: PositiveFloat = 5e-5
    beta1: ProperFraction = 0.0
    beta2: ProperFraction = 0.9
    discriminator_steps: PositiveInt = 3
    enlarge: Enlargement = 1.0
    flip: bool = True
    reconstruction_weight_a: NonNegativeFloat = 200.0
    reconstruction_weight_b: NonNegativeFloat = 200.0
    weight_clip: NonNegativeFloat = 0.01


ganzoo_entries = family.entries
__getattr__ = family.public_name
