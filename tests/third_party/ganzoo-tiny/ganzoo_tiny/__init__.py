"""A two-layer generator of 16x16 gray pictures, with its discriminator, loss and recipe, as a ganzoo plugin.

`ganzoo list` imports this file on every start. It imports no torch: a class is imported when it is first built.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo import Config, Family, LossConfig, PositiveInt, hookimpl

family = Family(__name__, paper="arXiv:1406.2661")


@family.generator("tiny", ".networks.TinyGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class TinyGeneratorConfig(Config):
    """Two layers, 16x16 gray.

    Attributes:
        latent_dim: Dimension of the latents.
        hidden: Width of the one hidden layer.
    """

    latent_dim: PositiveInt = 8
    hidden: PositiveInt = 32


@family.discriminator("tiny", ".networks.TinyDiscriminator")
@dataclass(frozen=True)
class TinyDiscriminatorConfig(Config):
    """Two layers, 16x16 gray.

    Attributes:
        hidden: Width of the one hidden layer.
    """

    hidden: PositiveInt = 64


@family.entry("loss", "squared-hinge", ".losses.SquaredHingeLoss", paper="")
@dataclass(frozen=True)
class SquaredHingeConfig(LossConfig):
    """Squared hinge on the discriminator's logits.

    Attributes:
        margin: Logits beyond it on the right side cost nothing.
    """

    margin: float = 1.0


@family.recipe(
    "tiny",
    ".recipe.TinyRecipe",
    data="images",
    parts={"generator": "generator:tiny", "discriminator": "discriminator:tiny", "loss": "loss:squared-hinge"},
)
@dataclass(frozen=True)
class TinyConfig(Config):
    """16x16 gray pictures from latents.

    Attributes:
        image_size: Side of the pictures in pixels: 16.
        channels: 1 for gray.
        learning_rate: Adam's.
        beta1: Adam's.
    """

    image_size: int = 16
    channels: int = 1
    learning_rate: float = 2e-3
    beta1: float = 0.5

    def __post_init__(self) -> None:
        if (self.image_size, self.channels) != (16, 1):
            raise ValueError("these networks make 16x16 gray pictures: leave image_size=16 and channels=1")


ganzoo_entries = family.entries


@hookimpl
def ganzoo_cards() -> Path:
    return Path(__file__).parent / "registry.json"
