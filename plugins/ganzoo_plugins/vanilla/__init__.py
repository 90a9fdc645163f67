"""The first GAN (Goodfellow et al. 2014, arXiv:1406.2661) as two small perceptrons, with Adam and tanh.

`ganzoo seed-experiment` trains it on Fashion-MNIST and prints its scores next to those of a paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from ganzoo import AdversarialConfig, Config, Entry, PositiveInt, hookimpl

PAPER = "arXiv:1406.2661"


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The generator.

    Attributes:
        image_size: From 4 to 256 pixels.
        channels: Channels of the images.
        latent_dim: Dimension of the latents.
        width: Units of the hidden layer.
    """

    image_size: Annotated[int, Interval(ge=4, le=256)] = 28
    channels: PositiveInt = 1
    latent_dim: PositiveInt = 100
    width: PositiveInt = 256


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The discriminator.

    Attributes:
        image_size: From 4 to 256 pixels.
        channels: Channels of the images.
        width: Units of the hidden layer.
    """

    image_size: Annotated[int, Interval(ge=4, le=256)] = 28
    channels: PositiveInt = 1
    width: PositiveInt = 256


def build_generator(config: GeneratorConfig):
    from .networks import VanillaGenerator

    return VanillaGenerator(**vars(config))


def build_discriminator(config: DiscriminatorConfig):
    from .networks import VanillaDiscriminator

    return VanillaDiscriminator(**vars(config))


def build_recipe(config: AdversarialConfig, parts):
    from ganzoo import LatentRecipe

    return LatentRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="vanilla",
            config=GeneratorConfig,
            build=build_generator,
            task="unconditional-image-generation",
            summary="One hidden layer, 4..256 pixels, gray or RGB",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="vanilla",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="One hidden layer to one logit",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="vanilla",
            config=AdversarialConfig,
            build=build_recipe,
            data="images",
            batch_size=128,
            parts={
                "generator": "generator:vanilla",
                "discriminator": "discriminator:vanilla",
                "loss": "loss:non-saturating",
            },
            summary="The first GAN: perceptrons, alternating Adam steps",
            paper=PAPER,
        ),
    ]


@hookimpl
def ganzoo_commands(cli):
    from .command import command

    cli.add_command(command)
