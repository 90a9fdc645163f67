"""UNIT: unpaired translation through a shared latent space (Liu, Breuel, Kautz 2017, arXiv:1703.00848)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from annotated_types import Interval

from ganzoo import (
    Config,
    Enlargement,
    Family,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    TranslationConfig,
)

if TYPE_CHECKING:
    from .networks import UnitDiscriminator as UnitDiscriminator
    from .networks import UnitGenerator as UnitGenerator
    from .recipe import UNITRecipe as UNITRecipe

family = Family(__name__, paper="arXiv:1703.00848")


@family.generator("unit", ".networks.UnitGenerator", task="image-to-image")
@dataclass(frozen=True)
class GeneratorConfig(Config):
    """Encoder to a latent space that two domains share, and decoder, UNIT's generator.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the first layer, 64 in the paper.
        blocks: Residual blocks of one domain alone, in the encoder and in the decoder; 3 in the paper.
        shared_blocks: Residual blocks that both domains share, in each; 1 in the paper.
        global_skip: Learn a change of the input; not in the paper. A change of 0 returns 0.98 times the input.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 64
    blocks: NonNegativeInt = 3
    shared_blocks: PositiveInt = 1
    global_skip: bool = False

    def __post_init__(self) -> None:
        if self.global_skip and self.in_channels != self.out_channels:
            raise ValueError(
                f"global_skip={self.global_skip} adds the input to the output: in_channels={self.in_channels} and "
                f"out_channels={self.out_channels} should be equal"
            )


@family.discriminator("unit", ".networks.UnitDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """Strided convolutions without norm, a score a patch.

    Attributes:
        in_channels: Channels of the images.
        width: Channels of the first layer; each next one doubles them.
        layers: Number of layers that halve the image, 5 in the paper.
    """

    in_channels: PositiveInt = 3
    width: PositiveInt = 64
    layers: Annotated[int, Interval(ge=1, le=8)] = 5


@family.recipe(
    "unit",
    ".recipe.UNITRecipe",
    data="unpaired",
    parts={"generator": "generator:unit", "discriminator": "discriminator:unit", "loss": "loss:non-saturating"},
)
@dataclass(frozen=True)
class UNITOptions(TranslationConfig):
    """Unpaired translation both ways, a shared latent space.

    The paper's values (section 4): Adam 1e-4 with beta1 0.5, and its weights lambda 0 to 4.

    Attributes:
        enlarge: Images are enlarged by this factor, then cropped at random. The paper names no augmentation; its
            authors' code crops and mirrors.
        flip: Mirror images at random.
        gan_weight: Weight of the adversarial loss, lambda 0.
        kl_weight: Weight of the KL divergence of each image's code from N(0, 1), lambda 1.
        kl_factor: The divergences are this times the mean of squared codes: 1 as the authors compute them, 0.5 in the
            divergence itself.
        reconstruction_weight: Weight of the L1 error of each image out of its own code, lambda 2.
        cycle_kl_weight: As ``kl_weight``, for the code of an image's translation, lambda 3.
        cycle_weight: As ``reconstruction_weight``, for the code of an image's translation, lambda 4.
    """

    image_size: NonNegativeInt = 256
    learning_rate: PositiveFloat = 1e-4
    enlarge: Enlargement = 1.0
    flip: bool = True
    gan_weight: NonNegativeFloat = 10.0
    kl_weight: NonNegativeFloat = 0.1
    kl_factor: PositiveFloat = 1.0
    reconstruction_weight: NonNegativeFloat = 100.0
    cycle_kl_weight: NonNegativeFloat = 0.1
    cycle_weight: NonNegativeFloat = 100.0


ganzoo_entries = family.entries
__getattr__ = family.public_name
