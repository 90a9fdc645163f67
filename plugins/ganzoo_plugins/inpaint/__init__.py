"""Context encoder: inpainting (Pathak, Krahenbuhl, Donahue, Darrell, Efros 2016, arXiv:1604.07379)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Interval

from ganzoo import (
    AdversarialConfig,
    Config,
    Enlargement,
    Family,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

if TYPE_CHECKING:
    from .networks import ContextEncoder as ContextEncoder
    from .recipe import InpaintRecipe as InpaintRecipe

family = Family(__name__, paper="arXiv:1604.07379")


@family.generator("context-encoder", ".networks.ContextEncoder", task="image-inpainting")
@dataclass(frozen=True)
class ContextEncoderConfig(Config):
    """Encoder and decoder that fill holes from their surroundings.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the first layer.
        levels: Number of strided convolutions in the encoder, and of transposed ones in the decoder.
        middle: What carries information into the hole: "dilated" convolutions, which take images of any size, or the
            paper's "channel-wise" fully-connected layer, which takes images of ``image_size`` only.
        image_size: Side of the images in pixels, for "channel-wise" only.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 64
    levels: Annotated[int, Interval(ge=1, le=6)] = 3
    middle: Literal["dilated", "channel-wise"] = "dilated"
    image_size: PositiveInt = 128

    def __post_init__(self) -> None:
        times = 2**self.levels
        if self.middle == "channel-wise" and self.image_size % times:
            raise ValueError(f"image_size={self.image_size} should be a multiple of {times}, for {self.levels} levels")


@family.recipe(
    "inpaint",
    ".recipe.InpaintRecipe",
    data="images",
    batch_size=64,
    parts={
        "generator": "generator:context-encoder",
        "discriminator": "discriminator:dcgan",
        "loss": "loss:non-saturating",
    },
)
@dataclass(frozen=True)
class InpaintOptions(AdversarialConfig):
    """Inpainting by squared error and a discriminator.

    The training, with the paper's values (sections 3.2 and 4): DCGAN's Adam, G ten times as fast as D.

    Attributes:
        masks: "center": a hole of half the height and width. "blocks": up to four smaller holes anywhere, which can
            overlap and cover a quarter at most. "both": one or the other for every image.
        overlap: Width in pixels of the band around the hole that is reconstructed as well (section 3.2).
        overlap_weight: Weight of the reconstruction loss in that band, relative to the hole.
        reconstruction_weight: Weight of the reconstruction loss (equation 3).
        adversarial_weight: Weight of the adversarial loss (equation 3).
        enlarge: Images are stored this much larger, then cropped at random.
        flip: Mirror images at random.
    """

    image_size: NonNegativeInt = 128
    masks: Literal["center", "blocks", "both"] = "center"
    overlap: NonNegativeInt = 7
    overlap_weight: NonNegativeFloat = 10.0
    reconstruction_weight: NonNegativeFloat = 0.999
    adversarial_weight: NonNegativeFloat = 0.001
    enlarge: Enlargement = 1.0
    flip: bool = True
    learning_rate: PositiveFloat = 2e-3
    discriminator_learning_rate: NonNegativeFloat = 2e-4


ganzoo_entries = family.entries
__getattr__ = family.public_name
