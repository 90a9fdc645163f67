"""Conditional GAN: both networks are told the class (Mirza & Osindero 2014, arXiv:1411.1784).

The paper's own networks, perceptrons for 28x28 digits, are ``cgan-mlp``; ``cgan`` has their wiring in convolutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import AdversarialConfig, Config, Entry, hookimpl, split_size

PAPER = "arXiv:1411.1784"
TASK = "class-conditional-image-generation"
Norm = Literal["batch", "none", "spectral"]


def check(classes: int, dropout: float = 0.0, **least_one: int) -> None:
    """Raise ValueError for less than two classes, a dropout outside 0..1, or another number below 1."""
    if classes < 2:
        raise ValueError(f"classes={classes} should be at least 2")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout={dropout} should be from 0 up to, not including, 1")
    for name, value in least_one.items():
        if value < 1:
            raise ValueError(f"{name}={value} should be at least 1")


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """``image_size`` is 4, 5, 6 or 7 times a power of two, 16..256; classes get a quarter of the first channels."""

    image_size: int = 64
    channels: Literal[1, 3] = 3
    classes: int = 10
    latent_dim: int = 100
    width: int = 64

    def __post_init__(self) -> None:
        split_size(self.image_size)
        check(self.classes, latent_dim=self.latent_dim, width=self.width)


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """As the generator's; ``norm`` "spectral" is arXiv:1802.05957."""

    image_size: int = 64
    channels: Literal[1, 3] = 3
    classes: int = 10
    width: int = 64
    norm: Norm = "batch"

    def __post_init__(self) -> None:
        split_size(self.image_size)
        check(self.classes, width=self.width)


@dataclass(frozen=True)
class PerceptronGeneratorConfig(Config):
    """Units of the hidden layers of latents (``latent_width``), classes (``label_width``) and both (``width``)."""

    image_size: int = 28
    channels: Literal[1, 3] = 1
    classes: int = 10
    latent_dim: int = 100
    latent_width: int = 200
    label_width: int = 1000
    width: int = 1200
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if not 4 <= self.image_size <= 256:
            raise ValueError(f"image_size={self.image_size} should be from 4 to 256")
        widths = {"latent_width": self.latent_width, "label_width": self.label_width, "width": self.width}
        check(self.classes, self.dropout, latent_dim=self.latent_dim, **widths)


@dataclass(frozen=True)
class PerceptronDiscriminatorConfig(Config):
    """Maxout units of pictures, and of pictures and classes joined (``width``), and of classes (``label_width``)."""

    image_size: int = 28
    channels: Literal[1, 3] = 1
    classes: int = 10
    label_width: int = 50
    width: int = 240
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if not 4 <= self.image_size <= 256:
            raise ValueError(f"image_size={self.image_size} should be from 4 to 256")
        check(self.classes, self.dropout, label_width=self.label_width, width=self.width)


@dataclass(frozen=True)
class CganConfig(AdversarialConfig):
    """``classes`` is how many the data has; 0: taken from the data."""

    classes: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes != 0:
            check(self.classes)


def build_generator(config: GeneratorConfig):
    from .networks import CganGenerator

    return CganGenerator(**vars(config))


def build_discriminator(config: DiscriminatorConfig):
    from .networks import CganDiscriminator

    return CganDiscriminator(**vars(config))


def build_perceptron_generator(config: PerceptronGeneratorConfig):
    from .perceptrons import PerceptronGenerator

    return PerceptronGenerator(**vars(config))


def build_perceptron_discriminator(config: PerceptronDiscriminatorConfig):
    from .perceptrons import PerceptronDiscriminator

    return PerceptronDiscriminator(**vars(config))


def build_recipe(config: CganConfig, parts):
    from .recipe import CganRecipe

    return CganRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="cgan",
            config=GeneratorConfig,
            build=build_generator,
            task=TASK,
            summary="Transposed convolutions told the class, 16..256 pixels, gray or RGB",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="cgan",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="Strided convolutions told the class; batch, spectral or no norm",
            paper=PAPER,
        ),
        Entry(
            kind="generator",
            name="cgan-mlp",
            config=PerceptronGeneratorConfig,
            build=build_perceptron_generator,
            task=TASK,
            summary="The paper's perceptron told the class, 4..256 pixels",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="cgan-mlp",
            config=PerceptronDiscriminatorConfig,
            build=build_perceptron_discriminator,
            summary="The paper's maxout perceptron told the class",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="cgan",
            config=CganConfig,
            build=build_recipe,
            data="labeled",
            batch_size=100,
            parts={
                "generator": "generator:cgan",
                "discriminator": "discriminator:cgan",
                "loss": "loss:non-saturating",
            },
            summary="Images of a chosen class; both networks are told it",
            paper=PAPER,
        ),
    ]
