"""The first GAN (Goodfellow et al. 2014, arXiv:1406.2661) as two small perceptrons, with Adam and tanh.

`ganzoo seed-experiment` trains it on Fashion-MNIST and prints its scores next to those of a paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

from ganzoo import Config, Family, LatentConfig, PositiveInt, hookimpl

family = Family(__name__, paper="arXiv:1406.2661")


@family.generator("vanilla", ".networks.VanillaGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(Config):
    """One hidden layer, 4..256 pixels, gray or RGB.

    Attributes:
        image_size: From 4 to 256 pixels.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
        channels: Channels of the images.
        latent_dim: Dimension of the latents.
        width: Units of the hidden layer.
    """

    image_size: Annotated[int, Interval(ge=4, le=256)] = 28
    channels: PositiveInt = 1
    latent_dim: PositiveInt = 100
    width: PositiveInt = 256
    image_width: Annotated[int, Interval(ge=0, le=256)] = 0


@family.discriminator("vanilla", ".networks.VanillaDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """One hidden layer to one logit.

    Attributes:
        image_size: From 4 to 256 pixels.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
        channels: Channels of the images.
        width: Units of the hidden layer.
    """

    image_size: Annotated[int, Interval(ge=4, le=256)] = 28
    channels: PositiveInt = 1
    width: PositiveInt = 256
    image_width: Annotated[int, Interval(ge=0, le=256)] = 0


family.recipe(
    "vanilla",
    "ganzoo.LatentRecipe",
    data="images",
    batch_size=128,
    parts={"generator": "generator:vanilla", "discriminator": "discriminator:vanilla", "loss": "loss:non-saturating"},
    summary="The first GAN: perceptrons, alternating Adam steps",
)(LatentConfig)

ganzoo_entries = family.entries


@hookimpl
def ganzoo_commands(cli):
    """Add `ganzoo seed-experiment`."""
    from .command import command

    cli.add_command(command)
