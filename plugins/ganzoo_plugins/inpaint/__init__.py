"""Context encoder: inpainting (Pathak, Krahenbuhl, Donahue, Darrell, Efros 2016, arXiv:1604.07379)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from ganzoo import AdversarialConfig, Config, Entry, hookimpl

PAPER = "arXiv:1604.07379"


@dataclass(frozen=True)
class ContextEncoderConfig(Config):
    """The generator.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the first layer.
        levels: Number of strided convolutions in the encoder, and of transposed ones in the decoder.
        middle: What carries information into the hole: "dilated" convolutions, which take images of any size, or the
            paper's "channel-wise" fully-connected layer, which takes images of ``image_size`` only.
        image_size: Side of the images in pixels, for "channel-wise" only.
    """

    in_channels: Annotated[int, Ge(1)] = 3
    out_channels: Annotated[int, Ge(1)] = 3
    width: int = 64
    levels: int = 3
    middle: Literal["dilated", "channel-wise"] = "dilated"
    image_size: int = 128

    def __post_init__(self) -> None:
        if self.width < 1 or not 1 <= self.levels <= 6:
            raise ValueError(f"width={self.width} and levels={self.levels} should be at least 1, and from 1 to 6")
        times = 2**self.levels
        if self.middle == "channel-wise" and (self.image_size < 1 or self.image_size % times):
            raise ValueError(f"image_size={self.image_size} should be a multiple of {times}, for {self.levels} levels")


@dataclass(frozen=True)
class InpaintConfig(AdversarialConfig):
    """The training, with the paper's values (sections 3.2 and 4): DCGAN's Adam, G ten times as fast as D.

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

    image_size: int = 128
    masks: Literal["center", "blocks", "both"] = "center"
    overlap: int = 7
    overlap_weight: float = 10.0
    reconstruction_weight: float = 0.999
    adversarial_weight: float = 0.001
    enlarge: float = 1.0
    flip: bool = True
    learning_rate: float = 2e-3
    discriminator_learning_rate: float = 2e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.enlarge <= 8:
            raise ValueError(f"enlarge={self.enlarge} should be from 1 to 8")
        for name in ("overlap", "overlap_weight", "reconstruction_weight", "adversarial_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name}={getattr(self, name)} should be a number, 0 or above")


def build_generator(config: ContextEncoderConfig):
    from .networks import ContextEncoder

    return ContextEncoder(**vars(config))


def build_recipe(config: InpaintConfig, parts):
    from .recipe import InpaintRecipe

    return InpaintRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="context-encoder",
            config=ContextEncoderConfig,
            build=build_generator,
            task="image-inpainting",
            summary="Encoder and decoder that fill holes from their surroundings",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="inpaint",
            config=InpaintConfig,
            build=build_recipe,
            data="images",
            batch_size=64,
            parts={
                "generator": "generator:context-encoder",
                "discriminator": "discriminator:dcgan",
                "loss": "loss:non-saturating",
            },
            summary="Inpainting by squared error and a discriminator",
            paper=PAPER,
        ),
    ]
