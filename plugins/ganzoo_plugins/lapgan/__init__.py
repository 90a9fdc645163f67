"""LAPGAN: a Laplacian pyramid of GANs (Denton, Chintala, Szlam, Fergus 2015, arXiv:1506.05751)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge

from ganzoo import (
    AdversarialConfig,
    Check,
    Config,
    Enlargement,
    Family,
    NonNegativeInt,
    PositiveInt,
    ProperFraction,
)
from ganzoo.contracts.config import check_height

from .sizes import level_sizes

if TYPE_CHECKING:
    from .networks import ConvolutionalDiscriminator as ConvolutionalDiscriminator
    from .networks import DenseDiscriminator as DenseDiscriminator
    from .networks import PyramidGenerator as PyramidGenerator
    from .recipe import LAPGANRecipe as LAPGANRecipe

family = Family(__name__, paper="arXiv:1506.05751")


def check_odd(kernel_size: int) -> None:
    """Raise ValueError for an even kernel size."""
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size={kernel_size} should be odd, as 3, 5 or 7")


@family.generator("lapgan", ".networks.PyramidGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(Config):
    """A small image from latents, refined at each doubling of its size.

    The generator of all levels; the coarsest image has ``image_size / 2**levels`` pixels a side.

    Attributes:
        image_size: Side of the images in pixels.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
        channels: Channels of the images.
        levels: Number of levels above the coarsest.
        coarse_latent_dim: Dimension of the coarsest level's latents, 100 in the paper.
        hidden: Units of both hidden layers of the coarsest level, 1200 in the paper.
        width: Channels of the convolutions of each other level.
        depth: Number of these convolutions: in the paper 3 for CIFAR10 and STL, 5 for LSUN.
        kernel_size: Their kernel size.
        norm: Their norm: in the paper "batch" for LSUN, "none" for CIFAR10 and STL.
    """

    image_size: int = 64
    channels: PositiveInt = 3
    levels: NonNegativeInt = 3
    coarse_latent_dim: PositiveInt = 100
    hidden: PositiveInt = 1200
    width: PositiveInt = 64
    depth: Annotated[int, Ge(2)] = 3
    kernel_size: Annotated[int, Ge(1), Check(check_odd)] = 7
    norm: Literal["none", "batch"] = "none"
    image_width: NonNegativeInt = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        level_sizes(self.image_size, self.levels)
        if self.image_width:
            level_sizes(self.image_width, self.levels, "image_width")


@family.discriminator("lapgan-dense", ".networks.DenseDiscriminator")
@dataclass(frozen=True)
class DenseConfig(Config):
    """Two dense layers with dropout, for the coarsest level of a pyramid.

    The discriminator of the coarsest level.

    Attributes:
        image_size: Side of the images in pixels.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
        channels: Channels of the images.
        hidden: Units of both hidden layers, 600 in the paper.
        dropout: Probability of dropout after each hidden layer.
    """

    image_size: PositiveInt = 8
    channels: PositiveInt = 3
    hidden: PositiveInt = 600
    dropout: ProperFraction = 0.5
    image_width: NonNegativeInt = field(default=0, kw_only=True)


@family.discriminator("lapgan", ".networks.ConvolutionalDiscriminator")
@dataclass(frozen=True)
class ConvolutionalConfig(Config):
    """Strided convolutions with dropout to one logit, for a level of a pyramid.

    The discriminator of any other level.

    Attributes:
        image_size: Side of the images in pixels.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
        channels: Channels of the images.
        width: Channels of the first convolution; each next one doubles them.
        depth: Number of strided 5x5 convolutions.
        dropout: Probability of dropout before the last layer.
    """

    image_size: PositiveInt = 64
    channels: PositiveInt = 3
    width: PositiveInt = 64
    depth: PositiveInt = 2
    dropout: ProperFraction = 0.5
    image_width: NonNegativeInt = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        if self.image_size < 2**self.depth:
            raise ValueError(f"image_size={self.image_size} should be at least {2**self.depth} for depth={self.depth}")
        if 0 < self.image_width < 2**self.depth:
            raise ValueError(f"image_width={self.image_width} should be at least {2**self.depth}, or 0")


@family.recipe(
    "lapgan",
    ".recipe.LAPGANRecipe",
    data="images",
    batch_size=64,
    parts={
        "generator": "generator:lapgan",
        "coarse_discriminator": "discriminator:lapgan-dense",
        "discriminator": "discriminator:lapgan",
        "loss": "loss:non-saturating",
    },
)
@dataclass(frozen=True)
class LAPGANOptions(AdversarialConfig):
    """A GAN for each level of a Laplacian pyramid, trained independently.

    Attributes:
        enlarge: Images are enlarged by this factor, then cropped at random; the paper crops 28 of 32 pixels for
            CIFAR10.
        flip: Mirror images at random.
        coarse_steps: Updates of the coarsest level in a step, on the same images with new noise. It is cheap and needs
            the most.
        image_width: Width of the images in pixels, if ``image_size`` is their height only; 0: square images.
    """

    enlarge: Enlargement = 1.0
    flip: bool = False
    coarse_steps: PositiveInt = 1
    image_width: NonNegativeInt = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        check_height(self.image_size, self.image_width)


ganzoo_entries = family.entries
__getattr__ = family.public_name
