"""Conditional GAN: both networks take the class as an input (Mirza & Osindero 2014, arXiv:1411.1784).

The paper's own networks, perceptrons for 28x28 digits, are ``cgan-mlp``; ``cgan`` is a convolutional version of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Interval

from ganzoo import ClassCount, Config, DoubledSize, Family, LatentConfig, PositiveInt, ProperFraction
from ganzoo.layers.image_sizes import DoubledSizeConfig

if TYPE_CHECKING:
    from .networks import CganDiscriminator as CganDiscriminator
    from .networks import CganGenerator as CganGenerator
    from .perceptrons import PerceptronDiscriminator as PerceptronDiscriminator
    from .perceptrons import PerceptronGenerator as PerceptronGenerator
    from .recipe import CGANRecipe as CGANRecipe

family = Family(__name__, paper="arXiv:1411.1784")
TASK = "class-conditional-image-generation"
Norm = Literal["batch", "none", "spectral"]


@family.generator("cgan", ".networks.CganGenerator", task=TASK)
@dataclass(frozen=True)
class GeneratorConfig(DoubledSizeConfig):
    """Transposed convolutions, class-conditional, 16..256 pixels, gray or RGB.

    The convolutional generator, where classes get a quarter as many channels as latents.

    Attributes:
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


@family.discriminator("cgan", ".networks.CganDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(DoubledSizeConfig):
    """Strided convolutions, class-conditional; batch, spectral or no norm.

    The convolutional discriminator.

    Attributes:
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


@family.generator("cgan-mlp", ".perceptrons.PerceptronGenerator", task=TASK)
@dataclass(frozen=True)
class PerceptronGeneratorConfig(Config):
    """The paper's class-conditional perceptron, 4..256 pixels.

    Attributes:
        image_size: From 4 to 256 pixels.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
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
    image_width: Annotated[int, Interval(ge=0, le=256)] = 0


@family.discriminator("cgan-mlp", ".perceptrons.PerceptronDiscriminator")
@dataclass(frozen=True)
class PerceptronDiscriminatorConfig(Config):
    """The paper's class-conditional maxout perceptron.

    Attributes:
        image_size: From 4 to 256 pixels.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
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
    image_width: Annotated[int, Interval(ge=0, le=256)] = 0


@family.recipe(
    "cgan",
    ".recipe.CGANRecipe",
    data="labeled",
    batch_size=100,
    parts={"generator": "generator:cgan", "discriminator": "discriminator:cgan", "loss": "loss:non-saturating"},
)
@dataclass(frozen=True)
class CGANOptions(LatentConfig):
    """Images of a chosen class; both networks take the class.

    Attributes:
        classes: Number of classes; 0: taken from the data.
    """

    classes: ClassCount = 0


ganzoo_entries = family.entries
__getattr__ = family.public_name
