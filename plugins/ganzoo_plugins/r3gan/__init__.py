"""R3GAN: a modern baseline GAN without tricks (Huang, Gokaslan, Kuleshov, Tompkin 2025, arXiv:2501.05441)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Interval

from ganzoo import (
    DoubledSize,
    Family,
    Fraction,
    LatentConfig,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
)
from ganzoo.layers.image_sizes import DoubledSizeConfig

if TYPE_CHECKING:
    from .networks import R3GanDiscriminator as R3GanDiscriminator
    from .networks import R3GanGenerator as R3GanGenerator
    from .recipe import R3GANRecipe as R3GANRecipe

family = Family(__name__, paper="arXiv:2501.05441")


@family.discriminator("r3gan", ".networks.R3GanDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(DoubledSizeConfig):
    """Residual blocks with grouped convolutions, no norm.

    The discriminator. The paper's networks have two blocks a stage and up to 768 channels.

    Attributes:
        channels: Channels of the images.
        width: Channels at the full resolution; each halving doubles them.
        widest: Largest number of channels.
        blocks: Residual blocks at each resolution.
        group_size: Channels in a group of the 3x3 convolutions; where it does not divide twice the channels of a stage,
            their greatest common divisor.
    """

    image_size: DoubledSize = 32
    channels: PositiveInt = 3
    width: PositiveInt = 64
    widest: PositiveInt = 512
    blocks: PositiveInt = 2
    group_size: PositiveInt = 16


@family.generator("r3gan", ".networks.R3GanGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(DiscriminatorConfig):
    """Residual blocks with grouped convolutions, no norm, 16..256 pixels.

    The generator. It has the options of the discriminator, and its own.

    Attributes:
        latent_dim: Dimension of the latents.
    """

    latent_dim: PositiveInt = 64


@family.recipe(
    "r3gan",
    ".recipe.R3GANRecipe",
    data="images",
    batch_size=64,
    parts={"generator": "generator:r3gan", "discriminator": "discriminator:r3gan", "loss": "loss:relativistic"},
)
@dataclass(frozen=True)
class R3GANOptions(LatentConfig):
    """Images from latents: relativistic pairs, R1 and R2.

    The training. What changes in the burn-in does so along half a cosine. The paper's burn-in is given in images; here
    it is a fraction of the run.

    Attributes:
        r1: Weight gamma of both penalties on the discriminator's gradient, R1 at real and R2 at generated images, at
            the start. The paper has 0.05 for CIFAR-10, 0.5 and 1 for ImageNet at 32x32 and 64x64, 150 for FFHQ at
            256x256.
        r1_end: Factor on ``r1`` after the burn-in.
        learning_rate_end: Factor on the learning rate after the burn-in.
        beta2: Adam's beta2 at the start.
        beta2_end: Adam's beta2 after the burn-in.
        burn_in: Fraction of the run over which these change.
    """

    learning_rate: PositiveFloat = 2e-4
    beta1: ProperFraction = 0.0
    beta2: ProperFraction = 0.9
    r1: NonNegativeFloat = 1.0
    r1_end: NonNegativeFloat = 0.1
    learning_rate_end: Annotated[float, Interval(gt=0, le=1)] = 0.25
    beta2_end: ProperFraction = 0.99
    burn_in: Fraction = 0.5


ganzoo_entries = family.entries
__getattr__ = family.public_name
