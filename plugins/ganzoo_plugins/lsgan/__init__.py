"""LSGAN: least squares in place of cross entropy (Mao et al. 2016, arXiv:1611.04076)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ganzoo import Config, Entry, hookimpl

from .sizes import split_size

PAPER = "arXiv:1611.04076"


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The defaults are the paper's 112x112 model; ``image_size`` is 4..7 times a power of two, 16..256."""

    image_size: int = 112
    channels: Literal[1, 3] = 3
    latent_dim: int = 1024
    width: int = 64

    def __post_init__(self) -> None:
        split_size(self.image_size)
        if self.latent_dim < 1 or self.width < 1:
            raise ValueError(f"latent_dim={self.latent_dim} and width={self.width} should both be at least 1")


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """As the generator's."""

    image_size: int = 112
    channels: Literal[1, 3] = 3
    width: int = 64

    def __post_init__(self) -> None:
        split_size(self.image_size)
        if self.width < 1:
            raise ValueError(f"width={self.width} should be at least 1")


@dataclass(frozen=True)
class LossConfig(Config):
    """Labels ``a`` (fake, for D), ``b`` (real, for D), ``c`` (fake, for G); ``factor`` before the squares."""

    a: float = 0.0
    b: float = 1.0
    c: float = 1.0
    factor: float = 0.5

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.a, self.b, self.c))):
            raise ValueError(f"a={self.a}, b={self.b} and c={self.c} should be numbers")
        if not 0 < self.factor < math.inf:
            raise ValueError(f"factor={self.factor} should be above 0")


@dataclass(frozen=True)
class RecipeConfig(Config):
    """Adam with beta1 0.5; labels as the loss's. ``image_size`` and ``channels`` of 0 are taken from the data."""

    image_size: int = 0
    channels: int = 0
    a: float = 0.0
    b: float = 1.0
    c: float = 1.0
    learning_rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999

    def __post_init__(self) -> None:
        if self.image_size < 0 or self.channels not in (0, 1, 3):
            raise ValueError(
                f"image_size={self.image_size} should be at least 0, and channels={self.channels} 0, 1 or 3"
            )
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate={self.learning_rate} should be above 0")
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise ValueError(f"beta1={self.beta1} and beta2={self.beta2} should be from 0 up to, not including, 1")


def build_generator(config: GeneratorConfig):
    from .networks import LsganGenerator

    return LsganGenerator(**vars(config))


def build_discriminator(config: DiscriminatorConfig):
    from .networks import LsganDiscriminator

    return LsganDiscriminator(**vars(config))


def build_loss(config: LossConfig):
    from .losses import LeastSquaresLoss

    return LeastSquaresLoss(**vars(config))


def build_recipe(config: RecipeConfig, parts):
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
            kind="loss",
            name="lsgan",
            config=LossConfig,
            build=build_loss,
            summary="Least squares with labels a, b, c",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="lsgan",
            config=RecipeConfig,
            build=build_recipe,
            data="images",
            batch_size=64,
            parts={"generator": "generator:lsgan", "discriminator": "discriminator:lsgan", "loss": "loss:lsgan"},
            summary="Images from latents by least squares",
            paper=PAPER,
        ),
    ]
