"""Generators of other code bases, whose layers are written as text, and the importers of their checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from ganzoo import Check, Config, Family, PositiveInt

from .grammar import parse

family = Family(__name__)
Values = Literal["symmetric", "unit", "bytes", "imagenet"]


def check_layers(text: str) -> None:
    """Raise ValueError unless ``text`` is one of `grammar`."""
    parse(text)


Layers = Annotated[str, Check(check_layers)]


@dataclass(frozen=True)
class LayersConfig(Config):
    """A network of layers that are written as text.

    Attributes:
        layers: The layers, as "conv(3,16,3,1,1) relu conv(16,3,3,1,1) tanh": see ``grammar`` in this package.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        stride: Heights and widths must be multiples of it.
        padding: What "pad" is in the text.
        inputs: The values that the first layer takes: "symmetric" in [-1, 1], "unit" in [0, 1], "bytes" in [0, 255],
            "imagenet" in [0, 1], minus the mean of ImageNet's colors, divided by their standard deviation.
        outputs: The values that the last layer returns.
    """

    layers: Layers = "conv(3,16,3,1,1) relu conv(16,3,3,1,1) tanh"
    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    stride: PositiveInt = 1
    padding: Literal["reflect", "replicate", "zero"] = "reflect"
    inputs: Values = "symmetric"
    outputs: Values = "symmetric"


@family.generator("layered", ".networks.LayeredTranslator", task="image-to-image")
@dataclass(frozen=True)
class TranslatorConfig(LayersConfig):
    """Any network of convolutions, as text: how generators of other code bases are imported."""


@family.generator("layered-enlarger", ".networks.LayeredTranslator", task="super-resolution")
@dataclass(frozen=True)
class EnlargerConfig(LayersConfig):
    """Any network of convolutions that enlarges images, as text.

    Attributes:
        layers: The layers, as "conv(3,16,3,1,1) relu conv(16,12,3,1,1) shuffle(2)": see ``grammar`` in this package.
        scale: Factor of the layers on height and width.
    """

    layers: Layers = "conv(3,16,3,1,1) relu conv(16,12,3,1,1) shuffle(2) tanh"
    scale: PositiveInt = 2


@family.generator("layered-latents", ".networks.LayeredGenerator", task="unconditional-image-generation")
@dataclass(frozen=True)
class GeneratorConfig(Config):
    """Any network from latents to images, as text.

    Attributes:
        layers: The layers, as "linear(100,784) tanh reshape(1,28,28)": see ``grammar`` in this package.
        latent_dim: Dimension of the latents.
        image_size: Height and width that the layers return, in pixels.
        channels: Channels that they return.
        outputs: The values that the last layer returns: "symmetric" in [-1, 1], "unit" in [0, 1], "bytes" in [0, 255].
    """

    layers: Layers = "linear(100,784) tanh reshape(1,28,28)"
    latent_dim: PositiveInt = 100
    image_size: PositiveInt = 28
    channels: PositiveInt = 1
    outputs: Literal["symmetric", "unit", "bytes"] = "symmetric"


family.importer(
    "layered-translators",
    ".translators.TranslatorsImporter",
    "AnimeGANv2 in PyTorch; U-Nets of PyTorch-GAN and Machine-Learning-Collection",
)
family.importer(
    "layered-enlargers",
    ".enlargers.EnlargersImporter",
    "SRGAN and ESRGAN of leftthomas, PyTorch-GAN and Machine-Learning-Collection",
)
family.importer(
    "layered-latents",
    ".latents.LatentsImporter",
    "Generators from latents of PyTorch-GAN, TorchGAN, pytorch_GAN_zoo and PyTorch-StudioGAN",
)
family.importer(
    "layered-residual",
    ".residual.ResidualsImporter",
    "Networks like CycleGAN's, whatever the names of their layers",
)

ganzoo_entries = family.entries
__getattr__ = family.public_name
