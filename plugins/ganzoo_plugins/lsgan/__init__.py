"""LSGAN: least squares instead of cross entropy (Mao et al. 2016, arXiv:1611.04076)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ganzoo import DoubledSize, Family, LatentConfig, PositiveFloat, PositiveInt
from ganzoo.layers.image_sizes import DoubledSizeConfig

if TYPE_CHECKING:
    from .networks import LsganDiscriminator as LsganDiscriminator
    from .networks import LsganGenerator as LsganGenerator
    from .recipe import LSGANRecipe as LSGANRecipe

family = Family(__name__, paper="arXiv:1611.04076")


@family.generator("lsgan", ".networks.LsganGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(DoubledSizeConfig):
    """Linear layer and 3x3 transposed convolutions, 16..256 pixels.

    The generator; the defaults are the paper's 112x112 model.

    Attributes:
        channels: Channels of the images.
        latent_dim: Dimension of the latents.
        width: Channels of the last hidden layer.
        latents: How latents from N(0, 1) are used: as they are, "normal", or mapped by their distribution function to
            the paper's "uniform" in [-1, 1].
    """

    image_size: DoubledSize = 112
    channels: PositiveInt = 3
    latent_dim: PositiveInt = 1024
    width: PositiveInt = 64
    latents: Literal["normal", "uniform"] = "normal"


@family.discriminator("lsgan", ".networks.LsganDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(DoubledSizeConfig):
    """Strided 5x5 convolutions to one score.

    Attributes:
        channels: Channels of the images.
        width: Channels of the first layer.
    """

    image_size: DoubledSize = 112
    channels: PositiveInt = 3
    width: PositiveInt = 64


@family.recipe(
    "lsgan",
    ".recipe.LSGANRecipe",
    data="images",
    batch_size=64,
    parts={"generator": "generator:lsgan", "discriminator": "discriminator:lsgan", "loss": "loss:least-squares"},
)
@dataclass(frozen=True)
class LSGANOptions(LatentConfig):
    """Images from latents, trained by least squares.

    The training, with the paper's values (section 4): Adam 1e-3 with beta1 0.5, and uniform latents.

    Attributes:
        a: D's label for generated images.
        b: D's label for real images.
        c: The label that G wants D to give to generated images.
    """

    learning_rate: PositiveFloat = 1e-3
    a: float = 0.0
    b: float = 1.0
    c: float = 1.0


ganzoo_entries = family.entries
__getattr__ = family.public_name
