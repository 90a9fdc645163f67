"""Auxiliary classifier GAN: the discriminator predicts the class (Odena, Olah, Shlens 2016, arXiv:1610.09585)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from ganzoo import (
    AdversarialConfig,
    ClassCount,
    Config,
    DoubledSize,
    Entry,
    NonNegativeFloat,
    PositiveInt,
    ProperFraction,
    hookimpl,
)

PAPER = "arXiv:1610.09585"


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The generator.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
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


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The discriminator.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
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


@dataclass(frozen=True)
class AcganConfig(AdversarialConfig):
    """The training.

    Attributes:
        classes: Number of classes; 0: taken from the data.
        class_weight: Weight of L_C relative to L_S, 1 in the paper.
    """

    classes: ClassCount = 0
    class_weight: NonNegativeFloat = 1.0


def build_generator(config: GeneratorConfig):
    from .networks import AcganGenerator

    return AcganGenerator(**vars(config))


def build_discriminator(config: DiscriminatorConfig):
    from .networks import AcganDiscriminator

    return AcganDiscriminator(**vars(config))


def build_recipe(config: AcganConfig, parts):
    from .recipe import AcganRecipe

    return AcganRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="acgan",
            config=GeneratorConfig,
            build=build_generator,
            task="class-conditional-image-generation",
            summary="5x5 transposed convolutions, class-conditional, 16..256 pixels, gray or RGB",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="acgan",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="Six 3x3 convolutions to one logit, and to one for each class",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="acgan",
            config=AcganConfig,
            build=build_recipe,
            data="labeled",
            batch_size=100,
            parts={
                "generator": "generator:acgan",
                "discriminator": "discriminator:acgan",
                "loss": "loss:non-saturating",
            },
            summary="Images of a chosen class; the discriminator predicts the class",
            paper=PAPER,
        ),
    ]
