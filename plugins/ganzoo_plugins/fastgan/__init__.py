"""FastGAN: a light GAN for a few hundred images (Liu, Zhu, Song, Elgammal 2021, arXiv:2101.04775)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from ganzoo import Check, Config, Family, LatentConfig, NonNegativeFloat, NonNegativeInt, PositiveInt
from ganzoo.contracts.config import parse_policy
from ganzoo.layers.image_sizes import check_width

if TYPE_CHECKING:
    from .networks import FastGanDiscriminator as FastGanDiscriminator
    from .networks import FastGanGenerator as FastGanGenerator
    from .recipe import FastGANRecipe as FastGANRecipe

family = Family(__name__, paper="arXiv:2101.04775")


@family.discriminator("fastgan", ".networks.FastGanDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """Residual downsampling to 8x8 pixels, 25 logits.

    The discriminator, which the recipe also trains as an encoder.

    Attributes:
        image_size: A power of two, from 32 to 1024; the paper has 256 to 1024.
        channels: Channels of the images.
        width: Channels at 128x128 pixels; halvings double them, to at most 16 times.
        image_width: Width of the images in pixels, a multiple of a quarter of ``image_size``, if that is their height
            only; 0: square images.
    """

    image_size: Literal[32, 64, 128, 256, 512, 1024] = 256
    channels: PositiveInt = 3
    width: PositiveInt = 64
    image_width: NonNegativeInt = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        check_width(self.image_size, self.image_width)


@family.generator("fastgan", ".networks.FastGanGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(DiscriminatorConfig):
    """One convolution a resolution, skip-layer excitation.

    The generator. It has the options of the discriminator, and its own.

    Attributes:
        latent_dim: Dimension of the latents.
    """

    latent_dim: PositiveInt = 256


@family.recipe(
    "fastgan",
    ".recipe.FastGANRecipe",
    data="images",
    batch_size=8,
    parts={
        "generator": "generator:fastgan",
        "discriminator": "discriminator:fastgan",
        "features": "features:efficientnet-lite0",
        "loss": "loss:hinge",
    },
)
@dataclass(frozen=True)
class FastGANOptions(LatentConfig):
    """Images from latents, a discriminator that reconstructs.

    The training. The authors' code augments as ``augment=color,translation`` does, and averages the generator's weights
    with a decay of 0.999.

    Attributes:
        image_size: Side of the images in pixels, a power of two.
        reconstruction_weight: Weight of the discriminator's perceptual error when it reconstructs real images.
        decoder_width: Channels of the decoders' last layers.
    """

    image_size: NonNegativeInt = 256
    augment: Annotated[str, Check(parse_policy)] = "color,translation"
    reconstruction_weight: NonNegativeFloat = 1.0
    decoder_width: PositiveInt = 32


ganzoo_entries = family.entries
__getattr__ = family.public_name
