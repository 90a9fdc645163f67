"""StyleGAN: images from styles (Karras et al. 2018 and 2019, arXiv:1812.04948 and arXiv:1912.04958)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Interval

from ganzoo import (
    Config,
    Family,
    Fraction,
    LatentConfig,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ProperFraction,
)
from ganzoo.layers.image_sizes import check_width

if TYPE_CHECKING:
    from .networks import StyleGanDiscriminator as StyleGanDiscriminator
    from .networks import StyleGanGenerator as StyleGanGenerator
    from .recipe import StyleGANRecipe as StyleGANRecipe

family = Family(__name__, paper="arXiv:1912.04958")


@family.discriminator("stylegan", ".networks.StyleGanDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """Residual blocks and minibatch standard deviation.

    The discriminator. The paper's 1024x1024 network has width 32 and widest 512.

    Attributes:
        image_size: A power of two, from 8 to 1024.
        channels: Channels of the images.
        width: Channels at the full resolution; each halving doubles them.
        widest: Largest number of channels.
        image_width: Width of the images in pixels, a multiple of a quarter of ``image_size``, if that is their height
            only; 0: square images.
    """

    image_size: Literal[8, 16, 32, 64, 128, 256, 512, 1024] = 32
    channels: PositiveInt = 3
    width: PositiveInt = 64
    widest: PositiveInt = 512
    image_width: NonNegativeInt = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        check_width(self.image_size, self.image_width)


@family.generator("stylegan", ".networks.StyleGanGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(DiscriminatorConfig):
    """Mapping network and modulated convolutions, 8..1024 pixels.

    The generator. It has the options of the discriminator, and its own.

    Attributes:
        latent_dim: Dimension of latents z and w.
        depth: Layers of the mapping network.
        truncation: Factor that moves w toward its mean when images are generated; 1: unchanged. It is not trained, and
            can be set when a model is loaded.
        mixing: Fraction of images that are generated with styles of two latents, as in training. It is not trained, and
            can be set when a model is loaded.
    """

    latent_dim: PositiveInt = 512
    depth: PositiveInt = 8
    truncation: Annotated[float, Interval(ge=-1, le=1)] = 1.0
    mixing: Fraction = 0.0


@family.recipe(
    "stylegan",
    ".recipe.StyleGANRecipe",
    data="images",
    batch_size=32,
    parts={"generator": "generator:stylegan", "discriminator": "discriminator:stylegan", "loss": "loss:non-saturating"},
)
@dataclass(frozen=True)
class StyleGANOptions(LatentConfig):
    """Images from latents, style mixing, lazy R1, path length penalty.

    The training, with the paper's values (appendix B): penalties have steps of their own, and Adam's rate and betas are
    those of 16 steps in 17, or 4 in 5 (section 3.1). R1 is the gradient at images before they are augmented.

    Attributes:
        mixing: Fraction of images with styles of two latents (style mixing).
        path_length: Weight of the path length penalty; 0: none.
        path_every: Generator updates between two such penalties, each this many times as strong.
        separate_penalties: As described; otherwise penalties are added to the loss of their step, R1 is taken at
            augmented images, and Adam has the rate and betas as given.
    """

    learning_rate: PositiveFloat = 2e-3
    beta1: ProperFraction = 0.0
    beta2: ProperFraction = 0.99
    r1: NonNegativeFloat = 10.0
    r1_every: PositiveInt = 16
    mixing: Fraction = 0.9
    path_length: NonNegativeFloat = 2.0
    path_every: PositiveInt = 4
    separate_penalties: bool = True


ganzoo_entries = family.entries
__getattr__ = family.public_name
