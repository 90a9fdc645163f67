"""LSGAN: least squares instead of cross entropy (Mao et al. 2016, arXiv:1611.04076)."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo import AdversarialConfig, Config, DoubledSize, Entry, PositiveInt, hookimpl

PAPER = "arXiv:1611.04076"


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The generator; the defaults are the paper's 112x112 model.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
        channels: Channels of the images.
        latent_dim: Dimension of the latents.
        width: Channels of the last hidden layer.
    """

    image_size: DoubledSize = 112
    channels: PositiveInt = 3
    latent_dim: PositiveInt = 1024
    width: PositiveInt = 64


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The discriminator.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
        channels: Channels of the images.
        width: Channels of the first layer.
    """

    image_size: DoubledSize = 112
    channels: PositiveInt = 3
    width: PositiveInt = 64


@dataclass(frozen=True)
class LsganRecipeConfig(AdversarialConfig):
    """The training: Adam with beta1 0.5.

    Attributes:
        a: D's label for generated images.
        b: D's label for real images.
        c: The label that G wants D to give to generated images.
    """

    a: float = 0.0
    b: float = 1.0
    c: float = 1.0


def build_generator(config: GeneratorConfig):
    from .networks import LsganGenerator

    return LsganGenerator(**vars(config))


def build_discriminator(config: DiscriminatorConfig):
    from .networks import LsganDiscriminator

    return LsganDiscriminator(**vars(config))


def build_recipe(config: LsganRecipeConfig, parts):
    from .recipe import LsganRecipe

    return LsganRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="lsgan",
            config=GeneratorConfig,
            build=build_generator,
            task="unconditional-image-generation",
            summary="Linear layer and 3x3 transposed convolutions, 16..256 pixels",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="lsgan",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="Strided 5x5 convolutions to one score",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="lsgan",
            config=LsganRecipeConfig,
            build=build_recipe,
            data="images",
            batch_size=64,
            parts={
                "generator": "generator:lsgan",
                "discriminator": "discriminator:lsgan",
                "loss": "loss:least-squares",
            },
            summary="Images from latents, trained by least squares",
            paper=PAPER,
        ),
    ]
