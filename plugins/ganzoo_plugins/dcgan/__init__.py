"""DCGAN: images from latents by transposed convolutions (Radford, Metz, Chintala 2015, arXiv:1511.06434)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ganzoo import DoubledSize, Family, LatentConfig, PositiveInt
from ganzoo.layers.image_sizes import DoubledSizeConfig

if TYPE_CHECKING:
    from .recipe import DCGANRecipe as DCGANRecipe

family = Family(__name__, paper="arXiv:1511.06434")
Norm = Literal["batch", "none", "spectral"]


@family.generator("dcgan", ".networks.DcganGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(DoubledSizeConfig):
    """Transposed convolutions, 16..256 pixels, gray or RGB.

    Attributes:
        channels: Channels of the images.
        latent_dim: Dimension of the latents.
        width: Channels of the last hidden layer, 128 in the paper.
        norm: "spectral" is spectral normalization, arXiv:1802.05957.
        latents: How latents from N(0, 1) are used: as they are, "normal", or mapped by their distribution function to
            the paper's "uniform" in [-1, 1].
    """

    image_size: DoubledSize = 64
    channels: PositiveInt = 3
    latent_dim: PositiveInt = 100
    width: PositiveInt = 64
    norm: Norm = "batch"
    latents: Literal["normal", "uniform"] = "normal"


@family.discriminator("dcgan", ".networks.DcganDiscriminator")
@dataclass(frozen=True)
class DiscriminatorConfig(DoubledSizeConfig):
    """Strided convolutions to one logit; batch, spectral or no norm.

    Attributes:
        channels: Channels of the images.
        width: Channels of the first layer.
        norm: "spectral" is spectral normalization, arXiv:1802.05957.
    """

    image_size: DoubledSize = 64
    channels: PositiveInt = 3
    width: PositiveInt = 64
    norm: Norm = "batch"


family.recipe(
    "dcgan",
    ".recipe.DCGANRecipe",
    data="images",
    batch_size=64,
    parts={"generator": "generator:dcgan", "discriminator": "discriminator:dcgan", "loss": "loss:non-saturating"},
    summary="Images from uniform latents, alternating Adam steps",
)(LatentConfig)
family.importer("dcgan-example", ".checkpoints.DcganImporter", "Both networks of PyTorch's DCGAN example and tutorial")

ganzoo_entries = family.entries
__getattr__ = family.public_name
