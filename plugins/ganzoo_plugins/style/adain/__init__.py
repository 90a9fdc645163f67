"""AdaIN: any style in one pass of a network (Huang, Belongie 2017, arXiv:1703.06868)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import Config, Entry, RecipeConfig
from ganzoo_plugins.style.options import require_at_least

PAPER = "arXiv:1703.06868"


@dataclass(frozen=True)
class AdainConfig(Config):
    """Encoder and decoder.

    Attributes:
        width: Channels of the first level, 64 in the paper.
        depth: How often the size is halved, 3 in the paper.
        strength: Strength of the style, from 0 to 1: alpha of equation 14. It can be set when a model is loaded.
    """

    width: int = 64
    depth: int = 3
    strength: float = 1.0

    def __post_init__(self) -> None:
        require_at_least(1, self, "width")
        if not 1 <= self.depth <= 4:
            raise ValueError(f"depth={self.depth} should be from 1 to 4")
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength={self.strength} should be from 0 to 1")


@dataclass(frozen=True)
class AdainRecipeConfig(RecipeConfig):
    """The training, with the paper's values: crops of 256 out of 512 pixels, batches of 8 pairs, Adam.

    The learning rate is that of the authors' code.

    Attributes:
        style_weight: Weight of the style loss relative to the content loss; 10 in the authors' later code.
        variation_weight: Weight of total variation; the paper has none.
        color_weight: Weight of the color loss, which compares colors with the photograph's, moved to those of the
            style; the paper has none.
        identity_weight: Weight of the error of photographs painted in their own style; the paper has none.
        content_reduction: Content is compared in the deepest feature map with at most this many pixels a step.
        enlarge: Images are stored this much larger, then cropped at random.
        flip: Mirror images at random.
    """

    image_size: int = 256
    channels: Literal[3] = 3
    learning_rate: float = 1e-4
    beta1: float = 0.9
    style_weight: float = 10.0
    variation_weight: float = 0.1
    color_weight: float = 1.0
    identity_weight: float = 2.0
    content_reduction: int = 8
    enlarge: float = 2.0
    flip: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require_at_least(0, self, "style_weight", "variation_weight", "color_weight", "identity_weight")
        require_at_least(1, self, "content_reduction")
        if not 1 <= self.enlarge <= 8:
            raise ValueError(f"enlarge={self.enlarge} should be from 1 to 8")


def build_generator(config: AdainConfig):
    from .networks import AdainGenerator

    return AdainGenerator(**vars(config))


def build_recipe(config: AdainRecipeConfig, parts):
    from .recipe import AdainRecipe

    return AdainRecipe(config, parts)


ENTRIES = [
    Entry(
        kind="generator",
        name="adain",
        config=AdainConfig,
        build=build_generator,
        task="style-transfer",
        summary="Any style in one pass: encoder, adaptive instance norm, decoder",
        paper=PAPER,
    ),
    Entry(
        kind="recipe",
        name="adain",
        config=AdainRecipeConfig,
        build=build_recipe,
        data="unpaired",
        batch_size=8,
        parts={"generator": "generator:adain", "features": "features:efficientnet-lite0"},
        summary="A network for any style, trained by means and deviations of features",
        paper=PAPER,
    ),
]
