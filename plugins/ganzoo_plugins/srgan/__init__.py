"""SRResNet and SRGAN: super-resolution (Ledig et al. 2016, arXiv:1609.04802), and bicubic beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import AdversarialConfig, Config, Entry, RecipeConfig, hookimpl

PAPER = "arXiv:1609.04802"


@dataclass(frozen=True)
class SRResNetConfig(Config):
    """The paper's network by default; ``width`` and ``blocks`` make it small.

    scale         how many times as high and wide the image becomes
    norm          "batch" as in the paper, or "none", which later work found better (arXiv:1707.02921, 1809.00219)
    kernel        side of the first and the last convolution
    bicubic_skip  learn what bicubic enlargement lacks; it begins as that enlargement
    """

    in_channels: Literal[1, 3] = 3
    out_channels: Literal[1, 3] = 3
    width: int = 64
    blocks: int = 16
    scale: Literal[2, 4, 8] = 4
    norm: Literal["batch", "none"] = "batch"
    kernel: Literal[3, 5, 7, 9] = 9
    bicubic_skip: bool = False

    def __post_init__(self) -> None:
        if self.width < 1 or self.blocks < 0:
            raise ValueError(f"width={self.width} and blocks={self.blocks} should be at least 1 and 0")
        if self.bicubic_skip and self.in_channels != self.out_channels:
            raise ValueError(
                f"bicubic_skip={self.bicubic_skip} adds the enlarged input to the output: "
                f"in_channels={self.in_channels} and out_channels={self.out_channels} should be equal"
            )


@dataclass(frozen=True)
class BicubicConfig(Config):
    """``channels`` in and out; ``scale`` times as high and wide."""

    channels: Literal[1, 3] = 3
    scale: Literal[2, 4, 8] = 4


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The paper's eight convolutions of ``width`` to 8 ``width`` channels, for images of ``image_size``."""

    in_channels: Literal[1, 3] = 3
    image_size: int = 96
    width: int = 64
    norm: Literal["batch", "none"] = "batch"

    def __post_init__(self) -> None:
        if self.image_size < 16 or self.width < 1:
            raise ValueError(f"image_size={self.image_size} and width={self.width} should be at least 16 and 1")


@dataclass(frozen=True)
class SRResNetRecipeConfig(RecipeConfig):
    """The paper's values (section 3.2): Adam 1e-4 with beta1 0.9, random crops of 96 pixels.

    ``image_size`` is the crop's side; the images it is cut from are scaled to cover ``enlarge`` times that, so leave
    their own size there: 8/3 for images of 256 pixels. ``flip`` mirrors one half of the crops.
    """

    image_size: int = 96
    enlarge: float = 8 / 3
    flip: bool = False
    learning_rate: float = 1e-4
    beta1: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_crops(self)


@dataclass(frozen=True)
class SrganRecipeConfig(AdversarialConfig):
    """The paper's values (section 3.2): as `SRResNetRecipeConfig`, then a tenth of the learning rate.

    content_weight      of the features' squared error. The paper's, for VGG19, is 0.006 (1/12.75 squared); 0.002 brings
                        that of EfficientNet-Lite0, too, to the size of the pixels' (equation 5)
    reduction           the deepest map of features with a step of so many pixels is compared: 16 is VGG 5,4 in the
                        paper, 2 is VGG 2,2
    mse_weight          of the pixels' squared error, 0 in the paper's best; 1 with content_weight 0 is its SRGAN-MSE
    adversarial_weight  equation 3
    drop_from           share of the run after which the learning rate is a tenth
    """

    image_size: int = 96
    enlarge: float = 8 / 3
    flip: bool = False
    learning_rate: float = 1e-4
    beta1: float = 0.9
    content_weight: float = 0.002
    reduction: int = 16
    mse_weight: float = 0.0
    adversarial_weight: float = 1e-3
    drop_from: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_crops(self)
        for name in ("content_weight", "mse_weight", "adversarial_weight"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name}={getattr(self, name)} should be a number, 0 or above")
        if self.reduction < 1:
            raise ValueError(f"reduction={self.reduction} should be at least 1")
        if not 0 <= self.drop_from <= 1:
            raise ValueError(f"drop_from={self.drop_from} should be a share of the run, from 0 to 1")


def check_crops(config: SRResNetRecipeConfig | SrganRecipeConfig) -> None:
    """Raise ValueError for an ``enlarge`` that leaves no room for a crop."""
    if not 1 <= config.enlarge <= 8:
        raise ValueError(f"enlarge={config.enlarge} should be from 1 to 8")


def build_srresnet(config: SRResNetConfig):
    from .networks import SRResNet

    return SRResNet(**vars(config))


def build_bicubic(config: BicubicConfig):
    from .networks import Bicubic

    return Bicubic(**vars(config))


def build_discriminator(config: DiscriminatorConfig):
    from .networks import SrganDiscriminator

    return SrganDiscriminator(**vars(config))


def build_srresnet_recipe(config: SRResNetRecipeConfig, parts):
    from .recipe import SRResNetRecipe

    return SRResNetRecipe(config, parts)


def build_srgan_recipe(config: SrganRecipeConfig, parts):
    from .recipe import SrganRecipe

    return SrganRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="srresnet",
            config=SRResNetConfig,
            build=build_srresnet,
            task="super-resolution",
            summary="Residual blocks, then pixel shuffle, SRGAN's generator",
            paper=PAPER,
        ),
        Entry(
            kind="generator",
            name="bicubic",
            config=BicubicConfig,
            build=build_bicubic,
            task="super-resolution",
            summary="Bicubic enlargement, with nothing to learn",
            paper="doi:10.1109/TASSP.1981.1163711",
        ),
        Entry(
            kind="discriminator",
            name="srgan",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="Scores crops of one size, by eight convolutions",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="srresnet",
            config=SRResNetRecipeConfig,
            build=build_srresnet_recipe,
            data="images",
            batch_size=16,
            parts={"generator": "generator:srresnet"},
            summary="Super-resolution by squared error, SRGAN's first stage",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="srgan",
            config=SrganRecipeConfig,
            build=build_srgan_recipe,
            data="images",
            batch_size=16,
            parts={
                "generator": "generator:srresnet",
                "discriminator": "discriminator:srgan",
                "features": "features:efficientnet-lite0",
                "loss": "loss:non-saturating",
            },
            summary="Super-resolution by features and a discriminator",
            paper=PAPER,
        ),
    ]
