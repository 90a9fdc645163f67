"""SRResNet and SRGAN: super-resolution (Ledig et al. 2016, arXiv:1609.04802), and bicubic for comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Interval

from ganzoo import (
    AdversarialConfig,
    Config,
    Enlargement,
    Family,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
    RecipeConfig,
)

if TYPE_CHECKING:
    from .networks import Bicubic as Bicubic
    from .networks import SrganDiscriminator as SrganDiscriminator
    from .networks import SRResNet as SRResNet
    from .recipe import SRGANRecipe as SRGANRecipe
    from .recipe import SRResNetRecipe as SRResNetRecipe

family = Family(__name__, paper="arXiv:1609.04802")
JpegQuality = Annotated[int, Interval(ge=0, le=95)]


@family.generator("srresnet", ".networks.SRResNet", task="super-resolution")
@dataclass(frozen=True)
class SRResNetConfig(Config):
    """Residual blocks, then pixel shuffle, SRGAN's generator.

    The generator; the defaults are the paper's.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of all layers.
        blocks: Number of residual blocks.
        scale: Factor on height and width.
        norm: "batch" as in the paper, or "none", which later work found better (arXiv:1707.02921, 1809.00219).
        kernel: Kernel size of the first and the last convolution.
        bicubic_skip: Learn a change of the bicubic enlargement, with which it starts.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 64
    blocks: NonNegativeInt = 16
    scale: Literal[2, 4, 8] = 4
    norm: Literal["batch", "none"] = "batch"
    kernel: Literal[3, 5, 7, 9] = 9
    bicubic_skip: bool = False

    def __post_init__(self) -> None:
        if self.bicubic_skip and self.in_channels != self.out_channels:
            raise ValueError(
                f"bicubic_skip={self.bicubic_skip} adds the enlarged input to the output: "
                f"in_channels={self.in_channels} and out_channels={self.out_channels} should be equal"
            )


@family.generator("bicubic", ".networks.Bicubic", task="super-resolution", paper="doi:10.1109/TASSP.1981.1163711")
@dataclass(frozen=True)
class BicubicConfig(Config):
    """Bicubic enlargement; nothing is learned.

    Attributes:
        channels: Channels of the images.
        scale: Factor on height and width.
    """

    channels: PositiveInt = 3
    scale: Literal[2, 4, 8] = 4


@family.discriminator("srgan", ".networks.SrganDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """Scores crops of one size, by eight convolutions.

    Attributes:
        in_channels: Channels of the input.
        image_size: Side of the images in pixels.
        width: Channels of the first of eight convolutions; the last has eight times as many.
        norm: Norm of all convolutions but the first.
    """

    in_channels: PositiveInt = 3
    image_size: Annotated[int, Ge(16)] = 96
    width: PositiveInt = 64
    norm: Literal["batch", "none"] = "batch"


@family.recipe(
    "srresnet", ".recipe.SRResNetRecipe", data="images", batch_size=16, parts={"generator": "generator:srresnet"}
)
@dataclass(frozen=True)
class SRResNetOptions(RecipeConfig):
    """Super-resolution by squared error, SRGAN's first stage.

    The training, with the paper's values (section 3.2): Adam 1e-4 with beta1 0.9, random crops of 96 pixels.

    Attributes:
        image_size: Side of the crops in pixels.
        enlarge: Images are resized to ``enlarge`` times ``image_size``, then cropped. Choose it so that they keep their
            size: 8/3 for images of 256 pixels.
        flip: Mirror crops at random.
        depth: Bits a channel, to which the small images are rounded if they are 8; 0: taken from the data.
        jpeg: Lowest quality of JPEG by which half of the small images are compressed, the highest being 95; 0: none.
    """

    image_size: NonNegativeInt = 96
    enlarge: Enlargement = 8 / 3
    flip: bool = False
    depth: NonNegativeInt = 0
    jpeg: JpegQuality = 0
    learning_rate: PositiveFloat = 1e-4
    beta1: ProperFraction = 0.9


@family.recipe(
    "srgan",
    ".recipe.SRGANRecipe",
    data="images",
    batch_size=16,
    parts={
        "generator": "generator:srresnet",
        "discriminator": "discriminator:srgan",
        "features": "features:efficientnet-lite0",
        "loss": "loss:non-saturating",
    },
)
@dataclass(frozen=True)
class SRGANOptions(AdversarialConfig):
    """Super-resolution by a feature loss and a discriminator.

    The training, with the paper's values (section 3.2).

    Attributes:
        image_size: Side of the crops in pixels.
        enlarge: Images are resized to ``enlarge`` times ``image_size``, then cropped. Choose it so that they keep their
            size: 8/3 for images of 256 pixels.
        flip: Mirror crops at random.
        depth: Bits a channel, to which the small images are rounded if they are 8; 0: taken from the data.
        jpeg: Lowest quality of JPEG by which half of the small images are compressed, the highest being 95; 0: none.
        content_weight: Weight of the squared error of features (equation 5). It is 0.006 for VGG19 in the paper
            (1/12.75 squared); 0.002 scales that of EfficientNet-Lite0 to the size of the error of pixels.
        reduction: The deepest feature map with a step of this many pixels is compared: 16 is VGG 5,4 in the paper, 2 is
            VGG 2,2.
        mse_weight: Weight of the squared error of pixels, 0 in the paper's best; 1 with content_weight 0 is SRGAN-MSE.
        adversarial_weight: Weight of the adversarial loss (equation 3).
        drop_from: Fraction of the run after which the learning rate is a tenth.
    """

    image_size: NonNegativeInt = 96
    enlarge: Enlargement = 8 / 3
    flip: bool = False
    depth: NonNegativeInt = 0
    jpeg: JpegQuality = 0
    learning_rate: PositiveFloat = 1e-4
    beta1: ProperFraction = 0.9
    content_weight: NonNegativeFloat = 0.002
    reduction: PositiveInt = 16
    mse_weight: NonNegativeFloat = 0.0
    adversarial_weight: NonNegativeFloat = 1e-3
    drop_from: Fraction = 0.5


ganzoo_entries = family.entries
__getattr__ = family.public_name
