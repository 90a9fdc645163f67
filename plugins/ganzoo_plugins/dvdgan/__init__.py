"""DVD-GAN: clips from latents and classes (Clark, Donahue, Simonyan 2019, arXiv:1907.06571)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge

from ganzoo import (
    AdversarialConfig,
    Check,
    Config,
    Family,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
)

from .sizes import split_size

if TYPE_CHECKING:
    from .networks import DvdGanGenerator as DvdGanGenerator
    from .networks import SpatialDiscriminator as SpatialDiscriminator
    from .networks import TemporalDiscriminator as TemporalDiscriminator
    from .recipe import DVDGANRecipe as DVDGANRecipe

family = Family(__name__, paper="arXiv:1907.06571")
PARTS = {"spatial": "discriminator:dvdgan-spatial", "temporal": "discriminator:dvdgan-temporal", "loss": "loss:hinge"}
NO_CLASSES = (
    "give videos or images in one folder for each class, or IDX files with labels; the recipe dvdgan-unconditional "
    "needs no classes"
)


def check_classes(classes: int) -> None:
    """Raise ValueError for fewer than two classes, with what to do."""
    if classes < 2:
        raise ValueError(f"classes={classes} should be at least 2: {NO_CLASSES}")


@family.generator(
    "dvdgan-unconditional",
    ".networks.DvdGanGenerator",
    task="unconditional-video-generation",
    summary="The same without classes",
)
@dataclass(frozen=True)
class UnconditionalConfig(Config):
    """The generator without classes.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 128.
        channels: Channels of the images.
        frames: Number of frames of a clip.
        latent_dim: Dimension of the latents, 120 in the paper.
        width: Channels of the last stage.
        recurrent: Number of stages with a ConvGRU, from the smallest on; in the paper all.
    """

    image_size: Annotated[int, Check(split_size)] = 64
    channels: PositiveInt = 3
    frames: Annotated[int, Ge(2)] = 8
    latent_dim: PositiveInt = 120
    width: PositiveInt = 32
    recurrent: PositiveInt = 8


@family.generator("dvdgan", ".networks.DvdGanGenerator", task="class-conditional-video-generation")
@dataclass(frozen=True)
class GeneratorConfig(UnconditionalConfig):
    """ConvGRUs over time, residual blocks for each frame, 16..128 pixels.

    z and e(y) have ``latent_dim`` numbers each, as in the paper.

    Attributes:
        classes: Number of classes.
    """

    classes: Annotated[int, Check(check_classes)] = 10


@family.discriminator("dvdgan-spatial", ".networks.SpatialDiscriminator")
@dataclass(frozen=True)
class SpatialConfig(Config):
    """BigGAN's residual blocks with class projection, for images or frames.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 128.
        channels: Channels of the images.
        classes: Number of classes; 0: unconditional.
        width: Channels of the first block.
    """

    image_size: Annotated[int, Check(split_size)] = 64
    channels: PositiveInt = 3
    classes: NonNegativeInt = 0
    width: PositiveInt = 32


@family.discriminator("dvdgan-temporal", ".networks.TemporalDiscriminator")
@dataclass(frozen=True)
class TemporalConfig(SpatialConfig):
    """3D residual blocks, for clips at half their resolution.

    Attributes:
        frames: Number of frames of a clip.
    """

    frames: Annotated[int, Ge(2)] = 8


@family.recipe(
    "dvdgan-unconditional",
    ".recipe.DVDGANRecipe",
    data="clips",
    batch_size=16,
    parts={"generator": "generator:dvdgan-unconditional", **PARTS},
)
@dataclass(frozen=True)
class UnconditionalDVDGANOptions(AdversarialConfig):
    """Clips, with discriminators of frames and of motion.

    Adam at 1e-4 and 5e-4 as in the paper, with the betas 0 and 0.999 of BigGAN, on which it builds.

    BigGAN's ``discriminator_steps`` is 2.

    Attributes:
        frames: Number of frames of a clip; 0: 8.
        frame_stride: Use every such frame of a video.
        spatial_frames: Number of frames of each clip that the spatial discriminator sees (k in the paper: 8 of 12 to
            48).
        motion: "bounce": images move on a canvas of ``image_size``, like the digits of Moving MNIST.
        item_size: Their side there in pixels; 0: five eighths of the canvas.
        speed: Largest speed of this motion, in pixels a frame.
    """

    learning_rate: PositiveFloat = 1e-4
    discriminator_learning_rate: NonNegativeFloat = 5e-4
    beta1: ProperFraction = 0.0
    frames: NonNegativeInt = 0
    frame_stride: PositiveInt = 1
    spatial_frames: PositiveInt = 4
    motion: Literal["", "bounce"] = ""
    item_size: NonNegativeInt = 0
    speed: NonNegativeFloat = 3.0


@family.recipe(
    "dvdgan", ".recipe.DVDGANRecipe", data="clips", batch_size=16, parts={"generator": "generator:dvdgan", **PARTS}
)
@dataclass(frozen=True)
class DVDGANOptions(UnconditionalDVDGANOptions):
    """Clips of a class, with discriminators of frames and of motion.

    As the recipe dvdgan-unconditional, with classes.

    Attributes:
        classes: Number of classes; 0: taken from the data.
    """

    classes: NonNegativeInt = 0


ganzoo_entries = family.entries
__getattr__ = family.public_name
