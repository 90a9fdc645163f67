"""LSGAN: least squares instead of cross entropy (Mao et al. 2016, arXiv:1611.04076)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from ganzoo import AdversarialConfig, Config, Entry, hookimpl, split_size

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

    image_size: int = 112
    channels: Annotated[int, Ge(1)] = 3
    latent_dim: int = 1024
    width: int = 64

    def __post_init__(self) -> None:
        split_size(self.image_size)
        if self.latent_dim < 1 or self.width < 1:
            raise ValueError(f"latent_dim={self.latent_dim} and width={self.width} should both be at least 1")


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The discriminator.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
        channels: Channels of the images.
        width: Channels of the first layer.
    """

    image_size: int = 112
    channels: Annotated[int, Ge(1)] = 3
    width: int = 64

    def __post_init__(self) -> None:
        split_size(self.image_size)
        if self.width < 1:
            raise ValueError(f"width={self.width} should be at least 1")


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
