"""StarGAN: one generator for translation among many domains (Choi et al. 2018, arXiv:1711.09020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge

from ganzoo import (
    AdversarialConfig,
    Check,
    ClassCount,
    Config,
    Family,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)

from .sizes import halvings

if TYPE_CHECKING:
    from .networks import StarGanDiscriminator as StarGanDiscriminator
    from .networks import StarGanGenerator as StarGanGenerator
    from .recipe import StarGANRecipe as StarGANRecipe

family = Family(__name__, paper="arXiv:1711.09020")


@family.generator("stargan", ".networks.StarGanGenerator", task="multi-domain-image-to-image")
@dataclass(frozen=True)
class GeneratorConfig(Config):
    """Residual generator that takes the target domain.

    Attributes:
        channels: Channels of the images.
        classes: Number of domains.
        width: Channels of the first layer.
        blocks: Number of residual blocks.
        global_skip: Learn a change of the input; not in the paper. A change of 0 returns 0.98 times the input.
    """

    channels: PositiveInt = 3
    classes: Annotated[int, Ge(2)] = 5
    width: PositiveInt = 64
    blocks: NonNegativeInt = 6
    global_skip: bool = False


@family.discriminator("stargan", ".networks.StarGanDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """Scores patches and predicts the domain.

    Attributes:
        channels: Channels of the images.
        classes: Number of domains.
        width: Channels of the first layer.
        image_size: Side of the images in pixels, which sets the depth: the paper's six layers for 128.
    """

    channels: PositiveInt = 3
    classes: Annotated[int, Ge(2)] = 5
    width: PositiveInt = 64
    image_size: Annotated[int, Check(halvings)] = 128


@family.recipe(
    "stargan",
    ".recipe.StarGANRecipe",
    data="labeled",
    batch_size=16,
    parts={"generator": "generator:stargan", "discriminator": "discriminator:stargan", "loss": "loss:wgan-gp"},
)
@dataclass(frozen=True)
class StarGANOptions(AdversarialConfig):
    """Translation among all classes by one generator.

    The training, with the paper's values (sections 3 and 5.1, equations 5, 6 and 8).

    lambda_gp is an option of the loss: loss.penalty=10.

    Attributes:
        classes: Number of domains; 0: taken from the data.
        flip: Mirror images at random.
        class_weight: lambda_cls.
        reconstruction_weight: lambda_rec.
        discriminator_steps: "we perform one generator update after five discriminator updates".
    """

    classes: ClassCount = 0
    image_size: NonNegativeInt = 128
    learning_rate: PositiveFloat = 1e-4
    discriminator_steps: PositiveInt = 5
    flip: bool = True
    class_weight: NonNegativeFloat = 1.0
    reconstruction_weight: NonNegativeFloat = 10.0
    schedule: Literal["constant", "linear", "cosine"] = "linear"


family.importer("stargan", ".checkpoints.StarGanImporter", "Generators of the authors' StarGAN")

ganzoo_entries = family.entries
__getattr__ = family.public_name
