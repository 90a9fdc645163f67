"""DVD-GAN: clips from latents and classes (Clark, Donahue, Simonyan 2019, arXiv:1907.06571)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from ganzoo import AdversarialConfig, Config, Entry, hookimpl

from .sizes import split_size

PAPER = "arXiv:1907.06571"
NO_CLASSES = (
    "give videos or images in one folder for each class, or IDX files with labels; the recipe dvdgan-unconditional "
    "needs no classes"
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

    image_size: int = 64
    channels: Annotated[int, Ge(1)] = 3
    frames: int = 8
    latent_dim: int = 120
    width: int = 32
    recurrent: int = 8

    def __post_init__(self) -> None:
        split_size(self.image_size)
        if min(self.latent_dim, self.width, self.recurrent) < 1:
            raise ValueError(
                f"latent_dim={self.latent_dim}, width={self.width} and recurrent={self.recurrent} should be at least 1"
            )
        if self.frames < 2:
            raise ValueError(f"frames={self.frames} should be at least 2")


@dataclass(frozen=True)
class GeneratorConfig(UnconditionalConfig):
    """The generator with classes; z and e(y) have ``latent_dim`` numbers each, as in the paper.

    Attributes:
        classes: Number of classes.
    """

    classes: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes < 2:
            raise ValueError(f"classes={self.classes} should be at least 2: {NO_CLASSES}")


@dataclass(frozen=True)
class SpatialConfig(Config):
    """The discriminator of frames.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 128.
        channels: Channels of the images.
        classes: Number of classes; 0: unconditional.
        width: Channels of the first block.
    """

    image_size: int = 64
    channels: Annotated[int, Ge(1)] = 3
    classes: int = 0
    width: int = 32

    def __post_init__(self) -> None:
        split_size(self.image_size)
        if self.width < 1 or self.classes < 0:
            raise ValueError(f"width={self.width} and classes={self.classes} should be at least 1 and 0")


@dataclass(frozen=True)
class TemporalConfig(SpatialConfig):
    """The discriminator of motion, as `SpatialConfig`.

    Attributes:
        frames: Number of frames of a clip.
    """

    frames: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames < 2:
            raise ValueError(f"frames={self.frames} should be at least 2")


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

    learning_rate: float = 1e-4
    discriminator_learning_rate: float = 5e-4
    beta1: float = 0.0
    frames: int = 0
    frame_stride: int = 1
    spatial_frames: int = 4
    motion: Literal["", "bounce"] = ""
    item_size: int = 0
    speed: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames < 0 or self.item_size < 0:
            raise ValueError(f"frames={self.frames} and item_size={self.item_size} should both be at least 0")
        if self.frame_stride < 1:
            raise ValueError(f"frame_stride={self.frame_stride} should be at least 1")
        if not 0 <= self.speed < float("inf"):
            raise ValueError(f"speed={self.speed} should be a number, 0 or above")
        if self.spatial_frames < 1:
            raise ValueError(f"spatial_frames={self.spatial_frames} should be at least 1")


@dataclass(frozen=True)
class RecipeConfig(UnconditionalRecipeConfig):
    """The training with classes, as `UnconditionalRecipeConfig`.

    Attributes:
        classes: Number of classes; 0: taken from the data.
    """

    classes: int = 0


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
