"""LaMa: inpainting of large holes by Fourier convolutions (Suvorov et al. 2021, arXiv:2109.07161)."""

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
    ProperFraction,
)

if TYPE_CHECKING:
    from .networks import LamaGenerator as LamaGenerator
    from .recipe import LamaRecipe as LamaRecipe

family = Family(__name__, paper="arXiv:2109.07161")


@family.generator("lama", ".networks.LamaGenerator", task="image-inpainting")
@dataclass(frozen=True)
class LamaConfig(Config):
    """Fills large holes: every residual block sees the whole image.

    The generator; the defaults are LaMa-Fourier's, and Big LaMa has 18 blocks (section 3).

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the first layer; each halving doubles them.
        levels: Number of halvings: heights and widths are multiples of 2**levels.
        blocks: Number of residual blocks.
        global_share: Share of a block's channels that are convolved in the frequency domain.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 64
    levels: Annotated[int, Interval(ge=1, le=5)] = 3
    blocks: PositiveInt = 9
    global_share: Annotated[float, Interval(gt=0, lt=1)] = 0.75

    def __post_init__(self) -> None:
        if self.width << self.levels < 4:
            raise ValueError(f"width={self.width} should be at least 2, for channels on both sides of a block")


@family.recipe(
    "lama",
    ".recipe.LamaRecipe",
    data="images",
    batch_size=30,
    parts={
        "generator": "generator:lama",
        "discriminator": "discriminator:patchgan",
        "features": "features:efficientnet-lite0",
        "loss": "loss:non-saturating",
    },
)
@dataclass(frozen=True)
class LamaOptions(AdversarialConfig):
    """Inpainting of large holes, by what a classifier and a discriminator see.

    The training, with the paper's values (sections 2.2 and 3).

    Attributes:
        masks: "strokes": thick chains of segments. "boxes": rectangles. "both": one or the other for every image.
        adversarial_weight: kappa, the weight of the adversarial loss.
        perceptual_weight: alpha, the weight of the error of features. 30 in the paper, for a segmentation network;
            0.3 makes that of EfficientNet-Lite0 as large as the adversarial loss for gray holes.
        matching_weight: beta, the weight of the error of the discriminator's features.
        l1_weight: Weight of the mean absolute error outside of the holes, which is not in the paper; 10 in the authors'
            code.
        r1: Twice the paper's gamma. The gradient is that of the sum over patches.
        enlarge: Images are stored this much larger, then cropped at random.
        flip: Mirror images at random.
    """

    image_size: NonNegativeInt = 256
    masks: Literal["strokes", "boxes", "both"] = "both"
    adversarial_weight: NonNegativeFloat = 10.0
    perceptual_weight: NonNegativeFloat = 0.3
    matching_weight: NonNegativeFloat = 100.0
    l1_weight: NonNegativeFloat = 10.0
    r1: NonNegativeFloat = 2e-3
    enlarge: Enlargement = 1.0
    flip: bool = True
    learning_rate: PositiveFloat = 1e-3
    discriminator_learning_rate: NonNegativeFloat = 1e-4
    beta1: ProperFraction = 0.9


ganzoo_entries = family.entries
__getattr__ = family.public_name
