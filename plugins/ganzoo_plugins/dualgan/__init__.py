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

    ``beta2`` is RMSProp's decay, ``beta1`` its momentum.

    Attributes:
        enlarge: Images are enlarged by this factor, then cropped at random.
        flip: Mirror images at random.
        reconstruction_weight_a: Weight of the L1 error of A after translation there and back, lambda U: from 100 to
            1000 in the paper, the smaller one on the side of natural images.
        reconstruction_weight_b: The same of B, lambda V.
        weight_clip: Weights of the critics are clipped to [-c, c], c of algorithm 1, from 0.01 to 0.1 in the paper; 0:
            not, as for another loss than the critics' own.
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
