"""The first GAN (Goodfellow et al. 2014, arXiv:1406.2661) as two small perceptrons, with Adam and tanh.

`ganzoo seed-experiment` trains it on Fashion-MNIST and prints its scores next to those of a paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from ganzoo import AdversarialConfig, Config, Entry, hookimpl

PAPER = "arXiv:1406.2661"


def check(image_size: int, **at_least_one: int) -> None:
    """Raise ValueError for an image size that is not from 4 to 256, or another number below 1."""
    if not 4 <= image_size <= 256:
        raise ValueError(f"image_size={image_size} should be from 4 to 256")
    for name, value in at_least_one.items():
        if value < 1:
            raise ValueError(f"{name}={value} should be at least 1")


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The generator.

    Attributes:
        image_size: From 4 to 256 pixels.
        channels: Channels of the images.
        latent_dim: Dimension of the latents.
        width: Units of the hidden layer.
    """

    image_size: int = 28
    channels: Annotated[int, Ge(1)] = 1
    latent_dim: int = 100
    width: int = 256

    def __post_init__(self) -> None:
        check(self.image_size, latent_dim=self.latent_dim, width=self.width)


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The discriminator.

    Attributes:
        image_size: From 4 to 256 pixels.
        channels: Channels of the images.
        width: Units of the hidden layer.
    """

    image_size: int = 28
    channels: Annotated[int, Ge(1)] = 1
    width: int = 256

    def __post_init__(self) -> None:
        check(self.image_size, width=self.width)


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
