"""DCGAN: images from latents by transposed convolutions (Radford, Metz, Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import AdversarialConfig, Config, DoubledSize, Entry, PositiveInt, hookimpl

PAPER = "arXiv:1511.06434"
Norm = Literal["batch", "none", "spectral"]


@dataclass(frozen=True)
class GeneratorConfig(Config):
    """The generator.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
        channels: Channels of the images.
        latent_dim: Dimension of the latents.
        width: Channels of the last hidden layer, 128 in the paper.
        norm: "spectral" is spectral normalization, arXiv:1802.05957.
    """

    image_size: DoubledSize = 64
    channels: PositiveInt = 3
    latent_dim: PositiveInt = 100
    width: PositiveInt = 64
    norm: Norm = "batch"


@dataclass(frozen=True)
class DiscriminatorConfig(Config):
    """The discriminator.

    Attributes:
        image_size: 4, 5, 6 or 7 times a power of two, from 16 to 256.
        channels: Channels of the images.
        width: Channels of the first layer.
        norm: "spectral" is spectral normalization, arXiv:1802.05957.
    """

    image_size: DoubledSize = 64
    channels: PositiveInt = 3
    width: PositiveInt = 64
    norm: Norm = "batch"


def build_generator(config: GeneratorConfig):
    from .networks import DcganGenerator

    return DcganGenerator(**vars(config))


def build_discriminator(config: DiscriminatorConfig):
    from .networks import DcganDiscriminator

    return DcganDiscriminator(**vars(config))


def build_recipe(config: AdversarialConfig, parts):
    from ganzoo import LatentRecipe

    return LatentRecipe(config, parts)


def build_dcgan_example(config: Config):
    from .checkpoints import DcganImporter

    return DcganImporter()


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="dcgan",
            config=GeneratorConfig,
            build=build_generator,
            task="unconditional-image-generation",
            summary="Transposed convolutions, 16..256 pixels, gray or RGB",
            paper=PAPER,
        ),
        Entry(
            kind="discriminator",
            name="dcgan",
            config=DiscriminatorConfig,
            build=build_discriminator,
            summary="Strided convolutions to one logit; batch, spectral or no norm",
            paper=PAPER,
        ),
        Entry(
            kind="recipe",
            name="dcgan",
            config=AdversarialConfig,
            build=build_recipe,
            data="images",
            batch_size=64,
            parts={
                "generator": "generator:dcgan",
                "discriminator": "discriminator:dcgan",
                "loss": "loss:non-saturating",
            },
            summary="Images from latents, alternating Adam steps",
            paper=PAPER,
        ),
        Entry(
            kind="importer",
            name="dcgan-example",
            config=Config,
            build=build_dcgan_example,
            summary="Both networks of PyTorch's DCGAN example and tutorial",
        ),
    ]
