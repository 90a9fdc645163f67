"""StyleGAN: images from styles (Karras et al. 2018 and 2019, arXiv:1812.04948 and arXiv:1912.04958)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from ganzoo import AdversarialConfig, Config, Entry, hookimpl

PAPER = "arXiv:1912.04958"


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The discriminator. The paper's 1024x1024 network has width 32 and widest 512.

    Attributes:
        image_size: A power of two, from 8 to 1024.
        channels: Channels of the images.
        width: Channels at the full resolution; each halving doubles them.
        widest: Largest number of channels.
    """

    image_size: int = 32
    channels: Annotated[int, Ge(1)] = 3
    width: int = 64
    widest: int = 512

    def __post_init__(self) -> None:
        if self.image_size not in (8, 16, 32, 64, 128, 256, 512, 1024):
            raise ValueError(f"image_size={self.image_size} is not a power of two from 8 to 1024")
        if self.width < 1 or self.widest < 1:
            raise ValueError(f"width={self.width} and widest={self.widest} should both be at least 1")


@dataclass(frozen=True)
class GeneratorConfig(DiscriminatorConfig):
    """The generator, as `DiscriminatorConfig`.

    Attributes:
        latent_dim: Dimension of latents z and w.
        depth: Layers of the mapping network.
        truncation: Factor that moves w toward its mean when images are generated; 1: unchanged. It is not trained, and
            can be set when a model is loaded.
    """

    latent_dim: int = 512
    depth: int = 8
    truncation: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latent_dim < 1 or self.depth < 1:
            raise ValueError(f"latent_dim={self.latent_dim} and depth={self.depth} should both be at least 1")
        if not -1 <= self.truncation <= 1:
            raise ValueError(f"truncation={self.truncation} should be from -1 to 1")


@dataclass(frozen=True)
class StyleGanConfig(AdversarialConfig):
    """The training, with the paper's values.

    Attributes:
        mixing: Fraction of images with styles of two latents (style mixing).
        path_length: Weight of the path length penalty; 0: none.
        path_every: Generator updates between two such penalties, each this many times as strong.
    """

    learning_rate: float = 2e-3
    beta1: float = 0.0
    beta2: float = 0.99
    r1: float = 10.0
    r1_every: int = 16
    mixing: float = 0.9
    path_length: float = 2.0
    path_every: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.mixing <= 1:
            raise ValueError(f"mixing={self.mixing} should be a fraction of the images, from 0 to 1")
        if not 0 <= self.path_length < float("inf"):
            raise ValueError(f"path_length={self.path_length} should be a number, 0 or above")
        if self.path_every < 1:
            raise ValueError(f"path_every={self.path_every} should be at least 1")


def build_generator(config: GeneratorConfig):
    from .networks import StyleGanGenerator

    return StyleGanGenerator(**vars(config))


def build_discriminator(config: DiscriminatorConfig):
    from .networks import StyleGanDiscriminator

    return StyleGanDiscriminator(**vars(config))


def build_recipe(config: StyleGanConfig, parts):
    from .recipe import StyleGanRecipe

    return StyleGanRecipe(config, parts)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="stylegan",
            config=GeneratorConfig,
            build=build_generator,
            task="unconditional-image-generation",
            summary="Mapping network and modulated convolutions, 8..1024 pixels",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="stylegan",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="Residual blocks and minibatch standard deviation",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="stylegan",
            config=StyleGanConfig,
            build=build_recipe,
            data="images",
            batch_size=32,
            parts={
                "generator": "generator:stylegan",
                "discriminator": "discriminator:stylegan",
                "loss": "loss:non-saturating",
            },
            summary="Images from latents, style mixing, lazy R1, path length penalty",
            paper=PAPER,
        ),
    ]
