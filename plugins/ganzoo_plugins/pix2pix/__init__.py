"""pix2pix and its PatchGAN: paired image translation (Isola, Zhu, Zhou, Efros 2016, arXiv:1611.07004)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from ganzoo import (
    Config,
    Enlargement,
    Entry,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    TranslationConfig,
    hookimpl,
)

PAPER = "arXiv:1611.07004"
Norm = Literal["batch", "instance", "none"]


@dataclass(frozen=True)
class PatchConfig(Config):
    """The PatchGAN discriminator.

    Attributes:
        in_channels: Channels of the images, or their sum for images stacked on channels.
        width: Channels of the first layer.
        receptive_field: Side of the patch that one score sees, in pixels: 1, 16, 70 and 286 are in the paper.
        norm: Norm of all layers but the first and the last.
        spectral: Spectral normalization (arXiv:1802.05957).
        antialias: Blur where the size changes (arXiv:1904.11486), as in CUT.
    """

    in_channels: PositiveInt = 3
    width: PositiveInt = 64
    receptive_field: Literal[1, 16, 34, 70, 142, 286] = 70
    norm: Norm = "instance"
    spectral: bool = False
    antialias: bool = False


@dataclass(frozen=True)
class MultiScaleConfig(PatchConfig):
    """As `PatchConfig`, at several scales (arXiv:1711.11585).

    Attributes:
        scales: Number of scales, each half the size of the one before.
    """

    scales: Annotated[int, Interval(ge=1, le=6)] = 3


@dataclass(frozen=True)
class UNetConfig(Config):
    """The U-Net generator.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the first level.
        image_size: Sets the depth: 8 levels for 256, 7 for 128.
        norm: Norm of the inner layers.
        dropout: Dropout in three inner levels, the only noise of pix2pix.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 64
    image_size: Literal[32, 64, 128, 256, 512] = 256
    norm: Norm = "batch"
    dropout: bool = True


@dataclass(frozen=True)
class Pix2PixConfig(TranslationConfig):
    """The training, with the paper's values: Adam 2e-4 with beta1 0.5, L1 weight 100.

    Attributes:
        direction: Which half of a side-by-side image is the input.
        enlarge: Images are enlarged by this factor, then cropped at random: 286/256 in the paper.
        flip: Mirror images at random.
        l1_weight: Weight of the L1 loss, lambda.
    """

    image_size: NonNegativeInt = 256
    direction: Literal["left-to-right", "right-to-left"] = "left-to-right"
    enlarge: Enlargement = 286 / 256
    flip: bool = True
    l1_weight: NonNegativeFloat = 100.0
    schedule: Literal["constant", "linear", "cosine"] = "linear"


def build_patch(config: PatchConfig):
    from .networks import PatchDiscriminator

    return PatchDiscriminator(**vars(config))


def build_multi_scale(config: MultiScaleConfig):
    from .networks import MultiScaleDiscriminator

    return MultiScaleDiscriminator(**vars(config))


def build_unet(config: UNetConfig):
    from .networks import UNetGenerator

    return UNetGenerator(**vars(config))


def build_recipe(config: Pix2PixConfig, parts):
    from .recipe import Pix2PixRecipe

    return Pix2PixRecipe(config, parts)


def build_pix2pix_unet(config: Config):
    from .checkpoints import UNetImporter

    return UNetImporter()


def build_pix2pix_patchgan(config: Config):
    from .checkpoints import PatchImporter

    return PatchImporter()


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="discriminator",
            name="patchgan",
            config=PatchConfig,
            build=build_patch,
            summary="Scores patches of 1 to 286 pixels",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="patchgan-multiscale",
            config=MultiScaleConfig,
            build=build_multi_scale,
            summary="PatchGANs on an image pyramid",
            paper="arXiv:1711.11585",
        ),
        Entry(
            kind="generator",
            name="unet",
            config=UNetConfig,
            build=build_unet,
            task="image-to-image",
            summary="Encoder-decoder with shortcuts, pix2pix's generator",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="pix2pix",
            config=Pix2PixConfig,
            build=build_recipe,
            data="paired",
            parts={
                "generator": "generator:unet",
                "discriminator": "discriminator:patchgan",
                "loss": "loss:non-saturating",
            },
            summary="Paired translation, L1 + conditional PatchGAN",
            paper=PAPER,
        ),
        Entry(
            kind="importer",
            name="pix2pix-unet",
            config=Config,
            build=build_pix2pix_unet,
            summary="Generators of pytorch-CycleGAN-and-pix2pix: U-Nets",
        ),
        Entry(
            kind="importer",
            name="pix2pix-patchgan",
            config=Config,
            build=build_pix2pix_patchgan,
            summary="Discriminators of pytorch-CycleGAN-and-pix2pix",
        ),
    ]
