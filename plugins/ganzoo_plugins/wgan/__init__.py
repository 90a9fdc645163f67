"""WGAN and WGAN-GP: a critic that estimates the Wasserstein distance (arXiv:1701.07875, arXiv:1704.00028)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Interval

from ganzoo import AdversarialConfig, Config, Entry, PositiveFloat, PositiveInt, ProperFraction, hookimpl

CLIPPING, PENALTY = "arXiv:1701.07875", "arXiv:1704.00028"


@dataclass(frozen=True)
class CriticConfig(Config):
    """The critic.

    Attributes:
        image_size: From 8 to 256 pixels.
        channels: Channels of the images.
        width: Channels of the first layer.
        norm: "layer", as section 4 of the paper recommends, or "none", as in the authors' MNIST critic.
    """

    image_size: Annotated[int, Interval(ge=8, le=256)] = 64
    channels: PositiveInt = 3
    width: PositiveInt = 64
    norm: Literal["layer", "none"] = "layer"


@dataclass(frozen=True)
class WganConfig(AdversarialConfig):
    """The values of algorithm 1. The optimizer is RMSProp: ``beta1`` is its momentum, ``beta2`` its decay.

    Attributes:
        clip: The critic's weights are clipped to [-clip, clip].
    """

    clip: PositiveFloat = 0.01
    discriminator_steps: PositiveInt = 5
    learning_rate: PositiveFloat = 5e-5
    beta1: ProperFraction = 0.0
    beta2: ProperFraction = 0.99


@dataclass(frozen=True)
class WganGpConfig(AdversarialConfig):
    """The values of algorithm 1. The weight of the penalty is an option of the loss: ``--set loss.penalty=10``."""

    discriminator_steps: PositiveInt = 5
    learning_rate: PositiveFloat = 1e-4
    beta1: ProperFraction = 0.0
    beta2: ProperFraction = 0.9


def build_critic(config: CriticConfig):
    from .networks import Critic

    return Critic(**vars(config))


def build_clipping(config: WganConfig, parts):
    from .recipe import WganRecipe

    return WganRecipe(config, parts)


def build_penalty(config: WganGpConfig, parts):
    from .recipe import CriticRecipe

    return CriticRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="discriminator",
            name="wgan",
            config=CriticConfig,
            build=build_critic,
            summary="Strided convolutions to one value; layer norm or none",
            paper=PENALTY,
        ),
        Entry(
            kind="recipe",
            name="wgan",
            config=WganConfig,
            build=build_clipping,
            data="images",
            batch_size=64,
            parts={
                "generator": "generator:dcgan",
                "discriminator": "discriminator:dcgan",
                "loss": "loss:wasserstein",
            },
            summary="Images from latents, a critic with clipped weights",
            paper=CLIPPING,
        ),
        Entry(
            kind="recipe",
            name="wgan-gp",
            config=WganGpConfig,
            build=build_penalty,
            data="images",
            batch_size=64,
            parts={"generator": "generator:dcgan", "discriminator": "discriminator:wgan", "loss": "loss:wgan-gp"},
            summary="Images from latents, a critic with gradient penalty",
            paper=PENALTY,
        ),
    ]
