"""A two-layer generator of 16x16 gray pictures, with its discriminator, loss and recipe, as a ganzoo plugin.

`ganzoo list` imports this file on every start, so torch is imported inside the build functions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo import Config, Entry, PositiveInt, hookimpl


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """``hidden`` is the width of the one hidden layer."""

    latent_dim: PositiveInt = 8
    hidden: PositiveInt = 32


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """``hidden`` is the width of the one hidden layer."""

    hidden: PositiveInt = 64


@dataclass(frozen=True)
class LossConfig(Config):
    """Logits beyond ``margin`` on the right side cost nothing."""

    margin: float = 1.0


@dataclass(frozen=True)
class RecipeConfig(Config):
    """Adam's options; pictures are read as ``image_size`` pixels a side, with ``channels`` 1 for gray."""

    image_size: int = 16
    channels: int = 1
    learning_rate: float = 2e-3
    beta1: float = 0.5

    def __post_init__(self) -> None:
        if (self.image_size, self.channels) != (16, 1):
            raise ValueError("these networks make 16x16 gray pictures: leave image_size=16 and channels=1")


def build_generator(config: GeneratorConfig):
    from .networks import TinyGenerator

    return TinyGenerator(config.latent_dim, config.hidden)


def build_discriminator(config: DiscriminatorConfig):
    from .networks import TinyDiscriminator

    return TinyDiscriminator(config.hidden)


def build_loss(config: LossConfig):
    from .losses import SquaredHingeLoss

    return SquaredHingeLoss(config.margin)


def build_recipe(config: RecipeConfig, parts):
    from .recipe import TinyRecipe

    return TinyRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="tiny",
            config=GeneratorConfig,
            build=build_generator,
            task="unconditional-image-generation",
            summary="Two layers, 16x16 gray",
            paper="arXiv:1406.2661",
        ),
        Entry(
            kind="discriminator",
            name="tiny",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="Two layers, 16x16 gray",
            paper="arXiv:1406.2661",
        ),
        Entry(
            kind="loss",
            name="squared-hinge",
            config=LossConfig,
            build=build_loss,
            summary="Squared hinge on the discriminator's logits",
        ),
        Entry(
            kind="recipe",
            name="tiny",
            config=RecipeConfig,
            build=build_recipe,
            data="images",
            parts={"generator": "generator:tiny", "discriminator": "discriminator:tiny", "loss": "loss:squared-hinge"},
            summary="16x16 gray pictures from latents",
            paper="arXiv:1406.2661",
        ),
    ]


@hookimpl
def ganzoo_cards():
    return Path(__file__).parent / "registry.json"
