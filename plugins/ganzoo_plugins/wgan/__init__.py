"""WGAN and WGAN-GP: a critic that estimates the Wasserstein distance (arXiv:1701.07875, arXiv:1704.00028)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Interval

from ganzoo import Config, Family, LatentConfig, PositiveFloat, PositiveInt, ProperFraction

if TYPE_CHECKING:
    from .networks import Critic as Critic
    from .recipe import WGANGPRecipe as WGANGPRecipe
    from .recipe import WGANRecipe as WGANRecipe

family = Family(__name__)

CLIPPING, PENALTY = "arXiv:1701.07875", "arXiv:1704.00028"


@family.discriminator("wgan", ".networks.Critic", paper=PENALTY)
@dataclass(frozen=True)
class CriticConfig(Config):
    """Strided convolutions to one value; layer norm or none.

    Attributes:
        image_size: From 8 to 256 pixels.
        image_width: Width of the images in pixels, 8 or more, if ``image_size`` is their height only; 0: square images.
        channels: Channels of the images.
        width: Channels of the first layer.
        norm: "layer", as section 4 of the paper recommends, or "none", as in the authors' MNIST critic.
    """

    image_size: Annotated[int, Interval(ge=8, le=256)] = 64
    channels: PositiveInt = 3
    width: PositiveInt = 64
    norm: Literal["layer", "none"] = "layer"
    image_width: Annotated[int, Interval(ge=0, le=256)] = 0

    def __post_init__(self) -> None:
        if 0 < self.image_width < 8:
            raise ValueError(f"image_width={self.image_width} should be from 8 to 256, or 0 for square images")


@family.recipe(
    "wgan",
    ".recipe.WGANRecipe",
    data="images",
    batch_size=64,
    parts={"generator": "generator:dcgan", "discriminator": "discriminator:dcgan", "loss": "loss:wasserstein"},
    paper=CLIPPING,
)
@dataclass(frozen=True)
class WGANOptions(LatentConfig):
    """Images from latents, a critic with clipped weights.

    The values of algorithm 1. The optimizer is RMSProp: ``beta1`` is its momentum, ``beta2`` its decay.

    Attributes:
        clip: The critic's weights are clipped to [-clip, clip].
    """

    clip: PositiveFloat = 0.01
    discriminator_steps: PositiveInt = 5
    learning_rate: PositiveFloat = 5e-5
    beta1: ProperFraction = 0.0
    beta2: ProperFraction = 0.99


@family.recipe(
    "wgan-gp",
    ".recipe.WGANGPRecipe",
    data="images",
    batch_size=64,
    parts={"generator": "generator:dcgan", "discriminator": "discriminator:wgan", "loss": "loss:wgan-gp"},
    paper=PENALTY,
)
@dataclass(frozen=True)
class WGANGPOptions(LatentConfig):
    """Images from latents, a critic with gradient penalty.

    The values of algorithm 1. The weight of the penalty is an option of the loss: ``--set loss.penalty=10``.
    """

    discriminator_steps: PositiveInt = 5
    learning_rate: PositiveFloat = 1e-4
    beta1: ProperFraction = 0.0
    beta2: ProperFraction = 0.9


ganzoo_entries = family.entries
__getattr__ = family.public_name
