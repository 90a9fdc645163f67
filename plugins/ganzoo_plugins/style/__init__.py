"""Style transfer: by optimization, by a network for one style, and by one for any.

Gatys, Ecker, Bethge, arXiv:1508.06576; Johnson, Alahi, Fei-Fei, arXiv:1603.08155; Huang, Belongie, arXiv:1703.06868.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import Config, Entry, RecipeConfig, hookimpl

GATYS, FAST, ADAIN = "arXiv:1508.06576", "arXiv:1603.08155", "arXiv:1703.06868"


def at_least(least: float, config: Config, *names: str) -> None:
    """Raise ValueError for an option that is no number from ``least`` on."""
    for name in names:
        if not least <= getattr(config, name) < float("inf"):
            raise ValueError(f"{name}={getattr(config, name)} should be a number, {least:g} or above")


@dataclass(frozen=True)
class GatysConfig(Config):
    """How a picture is painted; the result depends on each of these, and nothing is learned.

    steps         evaluations of the losses, shared out over three sizes
    style_weight  of the style loss, where the content loss has 1 (the ratio beta / alpha of equation 7)
    variation_weight   of total variation, against noise
    features      the network that looks: "efficientnet-lite0", or "timm" for VGG-19, the paper's, which is fetched
    model, weights     options of those features, where they have them: a name of timm, a path
    content_reduction  content is compared in the deepest map with so many pixels a step (8: VGG's conv4_4)
    style_scale   shorter side of the style picture over the photograph's: the size of the strokes
    start         "content": the photograph in the style's colors; "noise": white noise by ``seed``, as in the paper
    """

    steps: int = 150
    style_weight: float = 1.0
    variation_weight: float = 0.1
    features: str = "efficientnet-lite0"
    model: str = ""
    weights: str = ""
    content_reduction: int = 8
    style_scale: float = 1.0
    start: Literal["content", "noise"] = "content"
    seed: int = 0

    def __post_init__(self) -> None:
        at_least(0, self, "style_weight", "variation_weight")
        at_least(1, self, "steps", "content_reduction")
        if not 0.1 <= self.style_scale <= 10:
            raise ValueError(f"style_scale={self.style_scale} should be from 0.1 to 10")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed={self.seed} should be from 0 to 2**63 - 1")


@dataclass(frozen=True)
class FastStyleConfig(Config):
    """``width`` of the first layer and residual ``blocks``: 32 and 5 in the paper.

    ``global_skip``: learn a change of the picture, whose detail stays: it is tinted more than painted. The paper's
    network makes it anew. ``output``: how values are kept in [-1, 1], for networks of other code bases "clamp".
    """

    width: int = 32
    blocks: int = 5
    global_skip: bool = False
    output: Literal["tanh", "clamp"] = "tanh"

    def __post_init__(self) -> None:
        at_least(1, self, "width")
        at_least(0, self, "blocks")
        if self.global_skip and self.output == "clamp":
            raise ValueError("global_skip=true adds to the input before a tanh: it should go with output=tanh")


@dataclass(frozen=True)
class FastStyleRecipeConfig(RecipeConfig):
    """The paper's values: 256 pixels, batches of 4, Adam at 0.001.

    style         path of the style picture
    style_weight, variation_weight   of the style loss and of total variation, where the content loss has 1
    color_weight       of the photograph's colors, moved to the style's, as content; the paper has none
    content_reduction   content is compared in the deepest map with so many pixels a step
    enlarge, flip       photographs are stored so much larger, then cropped and mirrored at random
    """

    image_size: int = 256
    channels: Literal[3] = 3
    learning_rate: float = 1e-3
    beta1: float = 0.9
    style: str = ""
    style_weight: float = 1.0
    variation_weight: float = 0.1
    color_weight: float = 1.0
    content_reduction: int = 4
    enlarge: float = 1.0
    flip: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(0, self, "style_weight", "variation_weight", "color_weight")
        at_least(1, self, "content_reduction")
        if not 1 <= self.enlarge <= 8:
            raise ValueError(f"enlarge={self.enlarge} should be from 1 to 8")


@dataclass(frozen=True)
class AdainConfig(Config):
    """``strength`` of the style, from 0 to 1: alpha of equation 14, which can be set when a model is loaded.

    ``width`` and ``depth``: channels of the first level and halvings of the size, 64 and 3 in the paper.
    """

    width: int = 64
    depth: int = 3
    strength: float = 1.0

    def __post_init__(self) -> None:
        at_least(1, self, "width")
        if not 1 <= self.depth <= 4:
            raise ValueError(f"depth={self.depth} should be from 1 to 4")
        if not 0 <= self.strength <= 1:
            raise ValueError(f"strength={self.strength} should be from 0 to 1")


@dataclass(frozen=True)
class AdainRecipeConfig(RecipeConfig):
    """The paper's values: crops of 256 out of 512 pixels, batches of 8 pairs, Adam; its authors' code has 0.0001.

    style_weight      of the style loss, where the content loss has 1; 10 in their later code
    variation_weight, color_weight  of total variation, and of the photograph's colors, moved to the style's, as
                      content; the paper has neither
    identity_weight   of the error of photographs painted in their own style, which the paper has not
    content_reduction   content is compared in the deepest map with so many pixels a step
    enlarge, flip       pictures are stored so much larger, then cropped and mirrored at random
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
        at_least(0, self, "style_weight", "variation_weight", "color_weight", "identity_weight")
        at_least(1, self, "content_reduction")
        if not 1 <= self.enlarge <= 8:
            raise ValueError(f"enlarge={self.enlarge} should be from 1 to 8")


def build_gatys(config: GatysConfig):
    from ganzoo import build

    from .gatys import GatysTransfer

    values = dict(vars(config))
    own = {name: value for name in ("model", "weights") if (value := values.pop(name))}
    return GatysTransfer(build(f"features:{values.pop('features')}", **own), **values)


def build_fast_style(config: FastStyleConfig):
    from .networks import FastStyleGenerator

    return FastStyleGenerator(**vars(config))


def build_fast_style_recipe(config: FastStyleRecipeConfig, parts):
    from .fast_recipe import FastStyleRecipe

    return FastStyleRecipe(config, parts)


def build_adain(config: AdainConfig):
    from .adain import AdainGenerator

    return AdainGenerator(**vars(config))


def build_adain_recipe(config: AdainRecipeConfig, parts):
    from .adain_recipe import AdainRecipe

    return AdainRecipe(config, parts)


def build_fast_neural_style(config: Config):
    from .checkpoints import FastStyleImporter

    return FastStyleImporter()


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="gatys",
            config=GatysConfig,
            build=build_gatys,
            task="style-transfer",
            summary="Optimizes the picture itself toward any style; nothing is learned",
            paper=GATYS,
        ),
        Entry(
            kind="generator",
            name="fast-style",
            config=FastStyleConfig,
            build=build_fast_style,
            task="image-to-image",
            summary="One style in one pass: residual blocks, instance norm, nearest enlargement",
            paper=FAST,
        ),
        Entry(
            kind="recipe",
            name="fast-style",
            config=FastStyleRecipeConfig,
            build=build_fast_style_recipe,
            data="images",
            batch_size=4,
            parts={"generator": "generator:fast-style", "features": "features:efficientnet-lite0"},
            summary="A network for one style, by perceptual losses",
            paper=FAST,
        ),
        Entry(
            kind="generator",
            name="adain",
            config=AdainConfig,
            build=build_adain,
            task="style-transfer",
            summary="Any style in one pass: encoder, adaptive instance norm, decoder",
            paper=ADAIN,
        ),
        Entry(
            kind="recipe",
            name="adain",
            config=AdainRecipeConfig,
            build=build_adain_recipe,
            data="unpaired",
            batch_size=8,
            parts={"generator": "generator:adain", "features": "features:efficientnet-lite0"},
            summary="A network for any style, by means and deviations of features",
            paper=ADAIN,
        ),
        Entry(
            kind="importer",
            name="fast-neural-style",
            config=Config,
            build=build_fast_neural_style,
            summary="Generators of fast_neural_style in PyTorch's examples: one style in one pass",
        ),
    ]
