"""Auxiliary classifier GAN: the discriminator predicts the class (Odena, Olah, Shlens 2016, arXiv:1610.09585)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge

from ganzoo import (
    ClassCount,
    DoubledSize,
    Family,
    LatentConfig,
    NonNegativeFloat,
    PositiveInt,
    ProperFraction,
)
from ganzoo.layers.image_sizes import DoubledSizeConfig

if TYPE_CHECKING:
    from .networks import AcganDiscriminator as AcganDiscriminator
    from .networks import AcganGenerator as AcganGenerator
    from .recipe import ACGANRecipe as ACGANRecipe

family = Family(__name__, paper="arXiv:1610.09585")


@family.generator("acgan", ".networks.AcganGenerator", task="class-conditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(DoubledSizeConfig):
    """5x5 transposed convolutions, class-conditional, 16..256 pixels, gray or RGB.

    Attributes:
        channels: Channels of the images.
        classes: Number of classes.
        latent_dim: Dimension of the latents.
        width: Channels of the last hidden layer; 96 is the paper's network for 32x32.
    """

    image_size: DoubledSize = 32
    channels: PositiveInt = 3
    classes: Annotated[int, Ge(2)] = 10
    latent_dim: PositiveInt = 100
    width: PositiveInt = 96


@family.discriminator("acgan", ".networks.AcganDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(DoubledSizeConfig):
    """Six 3x3 convolutions to one logit, and to one for each class.

    Attributes:
        channels: Channels of the images.
        classes: Number of classes.
        width: Channels of the first of six layers, 16 in the paper; each layer doubles them.
        norm: Norm of the layers; "batch" leaves out the first.
        dropout: Probability of dropout after each layer.
    """

    image_size: DoubledSize = 32
    channels: PositiveInt = 3
    classes: Annotated[int, Ge(2)] = 10
    width: PositiveInt = 16
    norm: Literal["batch", "none", "spectral"] = "batch"
    dropout: ProperFraction = 0.5


@family.recipe(
    "acgan",
    ".recipe.ACGANRecipe",
    data="labeled",
    batch_size=100,
    parts={"generator": "generator:acgan", "discriminator": "discriminator:acgan", "loss": "loss:non-saturating"},
)
@dataclass(frozen=True)
class ACGANOptions(LatentConfig):
    """Images of a chosen class; the discriminator predicts the class.

    Attributes:
        classes: Number of classes; 0: taken from the data.
        class_weight: Weight of L_C relative to L_S, 1 in the paper.
    """

    classes: ClassCount = 0
    class_weight: NonNegativeFloat = 1.0


ganzoo_entries = family.entries
__getattr__ = family.public_name
