"""Fast style transfer: one style in one pass of a network (Johnson, Alahi, Fei-Fei 2016, arXiv:1603.08155)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ganzoo import (
    Config,
    Enlargement,
    Family,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
    RecipeConfig,
)

if TYPE_CHECKING:
    from .networks import FastStyleGenerator as FastStyleGenerator
    from .recipe import FastStyleRecipe as FastStyleRecipe

family = Family(__name__, paper="arXiv:1603.08155")


@family.generator("fast-style", ".networks.FastStyleGenerator", task="image-to-image")
@dataclass(frozen=True)
class FastStyleConfig(Config):
    """One style in one pass: residual blocks, instance norm, nearest-neighbor upsampling.

    Attributes:
        width: Channels of the first layer, 32 in the paper.
        blocks: Number of residual blocks, 5 in the paper.
        global_skip: Learn a change of the input, which keeps its detail: it is tinted more than painted. The paper's
            network makes the image anew.
        output: How values are kept in [-1, 1]. "clamp" is for networks of other code bases.
    """

    width: PositiveInt = 32
    blocks: NonNegativeInt = 5
    global_skip: bool = False
    output: Literal["tanh", "clamp"] = "tanh"

    def __post_init__(self) -> None:
        if self.global_skip and self.output == "clamp":
            raise ValueError("global_skip=true adds to the input before a tanh: it should go with output=tanh")


@family.recipe(
    "fast-style",
    ".recipe.FastStyleRecipe",
    data="images",
    batch_size=4,
    parts={"generator": "generator:fast-style", "features": "features:efficientnet-lite0"},
)
@dataclass(frozen=True)
class FastStyleOptions(RecipeConfig):
    """A network for one style, trained by perceptual losses.

    The training, with the paper's values: 256 pixels, batches of 4, Adam at 0.001.

    Attributes:
        style: Path of the style image.
        style_weight: Weight of the style loss relative to the content loss.
        variation_weight: Weight of total variation.
        color_weight: Weight of the color loss, which compares colors with the photograph's, moved to those of the
            style; the paper has none.
        content_reduction: Content is compared in the deepest feature map with at most this many pixels a step.
        enlarge: Photographs are stored this much larger, then cropped at random.
        flip: Mirror photographs at random.
    """

    image_size: NonNegativeInt = 256
    channels: Literal[3] = 3
    learning_rate: PositiveFloat = 1e-3
    beta1: ProperFraction = 0.9
    style: str = ""
    style_weight: NonNegativeFloat = 1.0
    variation_weight: NonNegativeFloat = 0.1
    color_weight: NonNegativeFloat = 1.0
    content_reduction: PositiveInt = 4
    enlarge: Enlargement = 1.0
    flip: bool = True


family.importer(
    "fast-neural-style",
    ".checkpoints.FastStyleImporter",
    "Generators of fast_neural_style in PyTorch's examples: one style in one pass",
)
__getattr__ = family.public_name
