"""CycleGAN: unpaired image translation (Zhu, Park, Isola, Efros 2017, arXiv:1703.10593)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from ganzoo import (
    Check,
    Config,
    Enlargement,
    Family,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    TranslationConfig,
)

if TYPE_CHECKING:
    from .networks import ResnetGenerator as ResnetGenerator
    from .recipe import CycleGANRecipe as CycleGANRecipe

PARTS = {"generator": "generator:resnet", "discriminator": "discriminator:patchgan", "loss": "loss:least-squares"}
family = Family(__name__, paper="arXiv:1703.10593")


@family.generator("resnet", ".networks.ResnetGenerator", task="image-to-image")
@dataclass(frozen=True)
class ResnetConfig(Config):
    """Residual blocks between strided convolutions, CycleGAN's generator.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the first layer, 64 in the paper.
        blocks: Number of residual blocks; in the paper 9 for 256 pixels and more, 6 for 128.
        norm: Norm of all layers but the last.
        dropout: Dropout in the residual blocks.
        global_skip: Learn a change of the input. A change of 0 returns 0.98 times the input, so that white stays finite
            before tanh; a network learns to make up for it.
        padding: Padding in the residual blocks.
        antialias: Blur where the size changes (arXiv:1904.11486), as in CUT; "down" or "up": only there.
        init: Initial weights: "normal" from N(0, 0.02), "xavier" 0.02 times Glorot's, as in CUT's code.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 64
    blocks: NonNegativeInt = 9
    norm: Literal["instance", "batch", "none"] = "instance"
    dropout: bool = False
    global_skip: bool = False
    padding: Literal["reflect", "replicate", "zero"] = "reflect"
    antialias: bool | Literal["down", "up"] = False
    init: Literal["normal", "xavier"] = "normal"

    def __post_init__(self) -> None:
        require_equal_channels(self)


def build_mobile_generator(config: MobileResnetConfig):
    """Return the network with random weights."""
    from .mobile import MobileResnetGenerator

    inner = config.numbers("inner")
    return MobileResnetGenerator(
        config.in_channels,
        config.out_channels,
        widths=config.numbers("widths"),
        inner=inner * config.blocks if len(inner) == 1 else inner,
        padding=config.padding,
        global_skip=config.global_skip,
        norm=config.norm,
        separable_norm=config.separable_norm,
    )


@family.generator("mobile-resnet", build_mobile_generator, task="image-to-image", paper="arXiv:2003.08936")
@dataclass(frozen=True)
class MobileResnetConfig(Config):
    """CycleGAN's generator with separable convolutions: a 25th of the arithmetic.

    The generator of GAN Compression.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        widths: Channels at 1/1, 1/2, 1/4, and again at 1/2 and 1/1 of the image's size.
        blocks: Number of residual blocks.
        inner: Channels in the middle of the residual blocks: one number for all, or one for each, as 64,64,128.
        padding: Padding in the residual blocks.
        global_skip: Learn a change of the input; a change of 0 returns 0.98 times the input.
        norm: Norm of all layers, except inside separable convolutions. Batch norm costs nothing at inference: engines
            fold it into the convolutions.
        separable_norm: Norm inside separable convolutions.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    widths: str = "16,32,128,32,16"
    blocks: NonNegativeInt = 9
    inner: str = "128"
    padding: Literal["reflect", "replicate", "zero"] = "reflect"
    global_skip: bool = False
    norm: Literal["instance", "batch"] = "instance"
    separable_norm: Literal["instance", "batch"] = "instance"

    def __post_init__(self) -> None:
        if len(self.numbers("widths")) != 5:
            raise ValueError(f"widths={self.widths!r} should be five numbers, as 16,32,128,32,16")
        if len(self.numbers("inner")) not in (1, self.blocks):
            raise ValueError(f"inner={self.inner!r} should be one number, or one for each of blocks={self.blocks}")
        require_equal_channels(self)

    def numbers(self, name: str) -> list[int]:
        """Return the numbers of an option with several, all 1 or above."""
        numbers = [int(each) if each.strip().isdecimal() else 0 for each in getattr(self, name).split(",")]
        if min(numbers) < 1:
            raise ValueError(f"{name}={getattr(self, name)!r} should be integers, 1 or above, separated by commas")
        return numbers


def require_equal_channels(config: ResnetConfig | MobileResnetConfig) -> None:
    """Raise ValueError for a skip from input to output whose channels differ."""
    if config.global_skip and config.in_channels != config.out_channels:
        raise ValueError(
            f"global_skip={config.global_skip} adds the input to the output: in_channels={config.in_channels} and "
            f"out_channels={config.out_channels} should be equal"
        )


def check_class_range(text: str) -> None:
    """Raise ValueError unless ``text`` is a first and a last class, as 151-388."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
        raise ValueError(f"foreground_classes={text!r} should be the first and the last, as 151-388")


@family.recipe(
    "cyclegan",
    ".recipe.CycleGANRecipe",
    data="unpaired",
    parts=PARTS,
)
@dataclass(frozen=True)
class CycleGANOptions(TranslationConfig):
    """Unpaired translation both ways, cycle consistency.

    The training, with the paper's values: cycle weight 10, pool of 50, Adam 2e-4 with beta1 0.5.

    Attributes:
        enlarge: Images are enlarged by this factor, then cropped at random: 286/256 in the paper.
        flip: Mirror images at random.
        cycle_weight: Weight of the cycle consistency loss, lambda.
        identity_weight: Weight of the identity loss, relative to ``cycle_weight``; in the paper 0.5 for paintings, 0
            for horses.
        pool_size: Number of generated images that each discriminator's image pool holds; 0: no pool.
        preserve_background: Weight of the mean absolute change of the background; the paper has none. The background is
            where ``foreground_extractor`` sees none of ``foreground_classes``, with edges refined by color.
        foreground_classes: First and last class of foreground objects, as 151-388: ImageNet's mammals.
        foreground_extractor: A classifier with ``evidence``, an entry of the kind "extractor".
        discriminate_foreground: Show discriminators the foreground on gray only (arXiv:1806.02311).
        schedule: The paper's decay over the second half.
    """

    image_size: NonNegativeInt = 256
    enlarge: Enlargement = 286 / 256
    flip: bool = True
    cycle_weight: NonNegativeFloat = 10.0
    identity_weight: NonNegativeFloat = 0.0
    pool_size: NonNegativeInt = 50
    preserve_background: NonNegativeFloat = 0.0
    foreground_classes: Annotated[str, Check(check_class_range)] = "151-388"
    foreground_extractor: str = "efficientnet-lite0"
    discriminate_foreground: bool = False
    schedule: Literal["constant", "linear", "cosine"] = "linear"


family.importer(
    "cyclegan-resnet",
    ".checkpoints.ResnetImporter",
    "Generators of pytorch-CycleGAN-and-pix2pix and of CUT: residual blocks",
)
family.importer(
    "gan-compression",
    ".checkpoints.MobileResnetImporter",
    "Generators of GAN Compression: residual blocks of separable convolutions",
)

ganzoo_entries = family.entries
__getattr__ = family.public_name
