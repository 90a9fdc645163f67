"""Conditional GAN: both networks take the class as an input (Mirza & Osindero 2014, arXiv:1411.1784).

The paper's own networks, perceptrons for 28x28 digits, are ``cgan-mlp``; ``cgan`` is a convolutional version of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Interval

from ganzoo import AdversarialConfig, ClassCount, Config, DoubledSize, Entry, PositiveInt, ProperFraction, hookimpl

PAPER = "arXiv:1411.1784"
TASK = "class-conditional-image-generation"
Norm = Literal["batch", "none", "spectral"]


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The convolutional generator, where classes get a quarter as many channels as latents.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
        channels: Channels of the images.
        classes: Number of classes.
        latent_dim: Dimension of the latents.
        width: Channels of the last hidden layer.
    """

    image_size: DoubledSize = 64
    channels: PositiveInt = 3
    classes: Annotated[int, Ge(2)] = 10
    latent_dim: PositiveInt = 100
    width: PositiveInt = 64


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The convolutional discriminator.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
        channels: Channels of the images.
        classes: Number of classes.
        width: Channels of the first layer.
        norm: "spectral" is spectral normalization, arXiv:1802.05957.
    """

    image_size: DoubledSize = 64
    channels: PositiveInt = 3
    classes: Annotated[int, Ge(2)] = 10
    width: PositiveInt = 64
    norm: Norm = "batch"


@dataclass(frozen=True)
class PerceptronGeneratorConfig(Config):
    """The paper's generator.

    Attributes:
        image_size: From 4 to 256 pixels.
        channels: Channels of the images.
        classes: Number of classes.
        latent_dim: Dimension of the latents.
        latent_width: Units of the hidden layer of the latents.
        label_width: Units of the hidden layer of the class.
        width: Units of the joint hidden layer.
        dropout: Probability of dropout after each hidden layer.
    """

    image_size: Annotated[int, Interval(ge=4, le=256)] = 28
    channels: PositiveInt = 1
    classes: Annotated[int, Ge(2)] = 10
    latent_dim: PositiveInt = 100
    latent_width: PositiveInt = 200
    label_width: PositiveInt = 1000
    width: PositiveInt = 1200
    dropout: ProperFraction = 0.5


@dataclass(frozen=True)
class PerceptronDiscriminatorConfig(Config):
    """The paper's discriminator.

    Attributes:
        image_size: From 4 to 256 pixels.
        channels: Channels of the images.
        classes: Number of classes.
        label_width: Maxout units of the class.
        width: Maxout units of the image, and of the joint layer.
        dropout: Probability of dropout after each hidden layer.
    """

    image_size: Annotated[int, Interval(ge=4, le=256)] = 28
    channels: PositiveInt = 1
    classes: Annotated[int, Ge(2)] = 10
    label_width: PositiveInt = 50
    width: PositiveInt = 240
    dropout: ProperFraction = 0.5


@dataclass(frozen=True)
class CganConfig(AdversarialConfig):
    """The training.

    Attributes:
        classes: Number of classes; 0: taken from the data.
    """

    classes: ClassCount = 0


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
            summary="Transposed convolutions, class-conditional, 16..256 pixels, gray or RGB",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="cgan",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="Strided convolutions, class-conditional; batch, spectral or no norm",
            paper=PAPER,
        ),
        Entry(
            kind="generator",
            name="cgan-mlp",
            config=PerceptronGeneratorConfig,
            build=build_perceptron_generator,
            task=TASK,
            summary="The paper's class-conditional perceptron, 4..256 pixels",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="cgan-mlp",
            config=PerceptronDiscriminatorConfig,
            build=build_perceptron_discriminator,
            summary="The paper's class-conditional maxout perceptron",
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
            summary="Images of a chosen class; both networks take the class",
            paper=PAPER,
        ),
    ]
