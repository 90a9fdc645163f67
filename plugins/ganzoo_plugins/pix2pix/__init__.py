"""pix2pix and its PatchGAN: paired image translation (Isola, Zhu, Zhou, Efros 2016, arXiv:1611.07004)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Interval

from ganzoo import (
    Config,
    Enlargement,
    Family,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    TranslationConfig,
)

if TYPE_CHECKING:
    from .networks import MultiScaleDiscriminator as MultiScaleDiscriminator
    from .networks import PatchDiscriminator as PatchDiscriminator
    from .networks import PixelwiseGenerator as PixelwiseGenerator
    from .networks import UNetGenerator as UNetGenerator
    from .recipe import Pix2PixRecipe as Pix2PixRecipe

family = Family(__name__, paper="arXiv:1611.07004")
Norm = Literal["batch", "instance", "none"]
Init = Literal["normal", "xavier"]


@family.discriminator("patchgan", ".networks.PatchDiscriminator")
@dataclass(frozen=True)
class PatchConfig(Config):
    """Scores patches of 1 to 286 pixels.

    Attributes:
        in_channels: Channels of the images, or their sum for images stacked on channels.
        width: Channels of the first layer.
        receptive_field: Side of the patch that one score sees, in pixels: 1, 16, 70 and 286 are in the paper.
        norm: Norm of all layers but the first and the last.
        spectral: Spectral normalization (arXiv:1802.05957).
        antialias: Blur where the size changes (arXiv:1904.11486), as in CUT.
        init: Initial weights: "normal" from N(0, 0.02), "xavier" 0.02 times Glorot's, as in CUT's code.
    """

    in_channels: PositiveInt = 3
    width: PositiveInt = 64
    receptive_field: Literal[1, 16, 34, 70, 142, 286] = 70
    norm: Norm = "instance"
    spectral: bool = False
    antialias: bool = False
    init: Init = "normal"


@family.discriminator("patchgan-multiscale", ".networks.MultiScaleDiscriminator", paper="arXiv:1711.11585")
@dataclass(frozen=True)
class MultiScaleConfig(PatchConfig):
    """PatchGANs on an image pyramid.

    As patchgan, at several scales (arXiv:1711.11585).

    Attributes:
        scales: Number of scales, each half the size of the one before.
    """

    scales: Annotated[int, Interval(ge=1, le=6)] = 3


@family.generator("unet", ".networks.UNetGenerator", task="image-to-image")
@dataclass(frozen=True)
class UNetConfig(Config):
    """Encoder-decoder with shortcuts, pix2pix's generator.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the first level.
        image_size: Sets the depth: 8 levels for 256, 7 for 128.
        norm: Norm of the inner layers.
        dropout: Dropout in three inner levels, the only noise of pix2pix.
        test_statistics: What batch norm normalizes by outside of training: its "averages", or the statistics of each
            "image", as pix2pix does (section 3.3). It can be set when a model is loaded.
        test_dropout: Dropout outside of training too, as in pix2pix (section 3.3): each translation is another one. It
            can be set when a model is loaded.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 64
    image_size: Literal[32, 64, 128, 256, 512] = 256
    norm: Norm = "batch"
    dropout: bool = True
    test_statistics: Literal["averages", "image"] = "averages"
    test_dropout: bool = False


@family.generator("pixelwise", ".networks.PixelwiseGenerator", task="image-to-image", paper="arXiv:2012.12535")
@dataclass(frozen=True)
class PixelwiseConfig(Config):
    """Maps the color of each pixel by itself, as StainNet does: it can change no shape.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the inner layers.
        layers: Convolutions of 1x1 pixel.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 32
    layers: Annotated[int, Interval(ge=2, le=16)] = 3


@family.recipe(
    "pix2pix",
    ".recipe.Pix2PixRecipe",
    data="paired",
    parts={"generator": "generator:unet", "discriminator": "discriminator:patchgan", "loss": "loss:non-saturating"},
)
@dataclass(frozen=True)
class Pix2PixOptions(TranslationConfig):
    """Paired translation, L1 + conditional PatchGAN.

    The training, with the paper's values: Adam 2e-4 with beta1 0.5, L1 weight 100, batch norm in both networks. As in
    the paper, a U-Net normalizes by the statistics of the image when it is used. Dropout then rests, unless
    ``generator.test_dropout`` is set, so that an image has one translation.

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


family.importer("pix2pix-unet", ".checkpoints.UNetImporter", "Generators of pytorch-CycleGAN-and-pix2pix: U-Nets")
family.importer("pix2pix-patchgan", ".checkpoints.PatchImporter", "Discriminators of pytorch-CycleGAN-and-pix2pix")

ganzoo_entries = family.entries
__getattr__ = family.public_name
