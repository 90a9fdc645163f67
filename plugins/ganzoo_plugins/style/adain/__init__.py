"""AdaIN: any style in one pass of a network (Huang, Belongie 2017, arXiv:1703.06868)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Interval

from ganzoo import (
    Config,
    Enlargement,
    Family,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
    RecipeConfig,
)

if TYPE_CHECKING:
    from .networks import AdainGenerator as AdainGenerator
    from .recipe import AdaINRecipe as AdaINRecipe

family = Family(__name__, paper="arXiv:1703.06868")


@family.generator("adain", ".networks.AdainGenerator", task="style-transfer")
@dataclass(frozen=True)
class AdainConfig(Config):
    """Any style in one pass: encoder, adaptive instance norm, decoder.

    Attributes:
        width: Channels of the first level, 64 in the paper.
        depth: How often the size is halved, 3 in the paper.
        strength: Strength of the style, from 0 to 1: alpha of equation 14. It can be set when a model is loaded.
    """

    width: PositiveInt = 64
    depth: Annotated[int, Interval(ge=1, le=4)] = 3
    strength: Fraction = 1.0


@family.recipe(
    "adain",
    ".recipe.AdaINRecipe",
    data="unpaired",
    batch_size=8,
    parts={"generator": "generator:adain", "features": "features:efficientnet-lite0"},
)
@dataclass(frozen=True)
class AdaINOptions(RecipeConfig):
    """A network for any style, trained by means and deviations of features.

    The training, with the paper's values: crops of 256 out of 512 pixels, batches of 8 pairs, Adam.

    The learning rate and its decay are those of the authors' code.

    Attributes:
        lr_decay: After t steps the learning rate is divided by 1 + lr_decay * t; 0: not.
        style_weight: Weight of the style loss relative to the content loss; 10 in the authors' later code.
        variation_weight: Weight of total variation; the paper has none.
        color_weight: Weight of the color loss, which compares colors with the photograph's, moved to those of the
            style; the paper has none.
        identity_weight: Weight of the error of photographs painted in their own style; the paper has none.
        content_reduction: Content is compared in the deepest feature map with at most this many pixels a step.
        enlarge: Images are stored this much larger, then cropped at random.
        flip: Mirror images at random.
    """

    image_size: NonNegativeInt = 256
    channels: Literal[3] = 3
    learning_rate: PositiveFloat = 1e-4
    beta1: ProperFraction = 0.9
    lr_decay: NonNegativeFloat = 5e-5
    style_weight: NonNegativeFloat = 10.0
    variation_weight: NonNegativeFloat = 0.1
    color_weight: NonNegativeFloat = 1.0
    identity_weight: NonNegativeFloat = 2.0
    content_reduction: PositiveInt = 8
    enlarge: Enlargement = 2.0
    flip: bool = True


__getattr__ = family.public_name
