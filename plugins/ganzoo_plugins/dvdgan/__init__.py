"""DVD-GAN: clips from latents and classes (Clark, Donahue, Simonyan 2019, arXiv:1907.06571)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from ganzoo import (
    AdversarialConfig,
    Check,
    Config,
    Entry,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
    hookimpl,
)

from .sizes import split_size

PAPER = "arXiv:1907.06571"
NO_CLASSES = (
    "give videos or images in one folder for each class, or IDX files with labels; the recipe dvdgan-unconditional "
    "needs no classes"
)


def check_classes(classes: int) -> None:
    if classes < 2:
        raise ValueError(f"classes={classes} should be at least 2: {NO_CLASSES}")


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


@dataclass(frozen=True)
class GeneratorConfig(UnconditionalConfig):
    """The generator with classes; z and e(y) have ``latent_dim`` numbers each, as in the paper.

    Attributes:
        classes: Number of classes.
    """

    classes: Annotated[int, Check(check_classes)] = 10


@dataclass(frozen=True)
class SpatialConfig(Config):
    """The discriminator of frames.

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


@dataclass(frozen=True)
class TemporalConfig(SpatialConfig):
    """The discriminator of motion, as `SpatialConfig`.

    Attributes:
        frames: Number of frames of a clip.
    """

    frames: Annotated[int, Ge(2)] = 8


@dataclass(frozen=True)
class UnconditionalRecipeConfig(AdversarialConfig):
    """The training: Adam at 1e-4 and 5e-4 as in the paper, with the betas 0 and 0.999 of BigGAN, on which it builds.

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


@dataclass(frozen=True)
class RecipeConfig(UnconditionalRecipeConfig):
    """The training with classes, as `UnconditionalRecipeConfig`.

    Attributes:
        classes: Number of classes; 0: taken from the data.
    """

    classes: NonNegativeInt = 0


def build_generator(config: UnconditionalConfig):
    from .networks import DvdGanGenerator

    return DvdGanGenerator(**vars(config))


def build_spatial(config: SpatialConfig):
    from .networks import SpatialDiscriminator

    return SpatialDiscriminator(**vars(config))


def build_temporal(config: TemporalConfig):
    from .networks import TemporalDiscriminator

    return TemporalDiscriminator(**vars(config))


def build_recipe(config: UnconditionalRecipeConfig, parts):
    from .recipe import DvdGanRecipe

    return DvdGanRecipe(config, parts)


def recipe_entry(name: str, config: type[Config], generator: str, summary: str) -> Entry:
    """Return the entry of a recipe, with or without classes."""
    parts = {
        "generator": f"generator:{generator}",
        "spatial": "discriminator:dvdgan-spatial",
        "temporal": "discriminator:dvdgan-temporal",
        "loss": "loss:hinge",
    }
    return Entry("recipe", name, config, build_recipe, summary, PAPER, data="clips", batch_size=16, parts=parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="dvdgan",
            config=GeneratorConfig,
            build=build_generator,
            task="class-conditional-video-generation",
            summary="ConvGRUs over time, residual blocks for each frame, 16..128 pixels",
            paper=PAPER,
        ),
        Entry(
            kind="generator",
            name="dvdgan-unconditional",
            config=UnconditionalConfig,
            build=build_generator,
            task="unconditional-video-generation",
            summary="The same without classes",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="dvdgan-spatial",
            config=SpatialConfig,
            build=build_spatial,
            summary="BigGAN's residual blocks with class projection, for images or frames",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="dvdgan-temporal",
            config=TemporalConfig,
            build=build_temporal,
            summary="3D residual blocks, for clips at half their resolution",
            paper=PAPER,
        ),
        recipe_entry("dvdgan", RecipeConfig, "dvdgan", "Clips of a class, with discriminators of frames and of motion"),
        recipe_entry(
            "dvdgan-unconditional",
            UnconditionalRecipeConfig,
            "dvdgan-unconditional",
            "Clips, with discriminators of frames and of motion",
        ),
    ]
