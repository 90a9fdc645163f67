"""CycleGAN: unpaired image translation (Zhu, Park, Isola, Efros 2017, arXiv:1703.10593)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import AdversarialConfig, Config, Entry, hookimpl

PAPER = "arXiv:1703.10593"


@dataclass(frozen=True)
class ResnetConfig(Config):
    """``blocks``: 9 for 256 pixels and more, 6 for 128, in the paper; ``global_skip``: learn a change of the input.

    ``padding`` of the residual blocks; ``antialias``: blur where the size changes (arXiv:1904.11486), as CUT does;
    "down" or "up": there alone.
    """

    in_channels: Literal[1, 3] = 3
    out_channels: Literal[1, 3] = 3
    width: int = 64
    blocks: int = 9
    norm: Literal["instance", "batch", "none"] = "instance"
    dropout: bool = False
    global_skip: bool = False
    padding: Literal["reflect", "replicate", "zero"] = "reflect"
    antialias: bool | Literal["down", "up"] = False

    def __post_init__(self) -> None:
        if self.width < 1 or self.blocks < 0:
            raise ValueError(f"width={self.width} and blocks={self.blocks} should be at least 1 and 0")
        require_equal_channels(self)


@dataclass(frozen=True)
class MobileResnetConfig(Config):
    """``widths``: channels at 1/1, 1/2, 1/4, and again at 1/2 and 1/1 of the picture's size.

    ``inner``: channels in the middle of the residual ``blocks``, one number for all or one a block, as 64,64,128.
    ``padding`` of the blocks; ``global_skip``: learn a change of the input; ``norm``: but for the one within a
    separable convolution, which is always instance norm.
    """

    in_channels: Literal[1, 3] = 3
    out_channels: Literal[1, 3] = 3
    widths: str = "16,32,128,32,16"
    blocks: int = 9
    inner: str = "128"
    padding: Literal["reflect", "replicate", "zero"] = "reflect"
    global_skip: bool = False
    norm: Literal["instance", "batch"] = "instance"

    def __post_init__(self) -> None:
        if len(self.numbers("widths")) != 5:
            raise ValueError(f"widths={self.widths!r} should be five numbers, as 16,32,128,32,16")
        if self.blocks < 0 or len(self.numbers("inner")) not in (1, self.blocks):
            raise ValueError(f"inner={self.inner!r} should be one number, or one for each of blocks={self.blocks}")
        require_equal_channels(self)

    def numbers(self, name: str) -> list[int]:
        """Return the numbers, all 1 or above, of an option of several."""
        numbers = [int(each) if each.strip().isdecimal() else 0 for each in getattr(self, name).split(",")]
        if min(numbers) < 1:
            raise ValueError(f"{name}={getattr(self, name)!r} should be whole numbers, 1 or above, with commas between")
        return numbers


def require_equal_channels(config: ResnetConfig | MobileResnetConfig) -> None:
    if config.global_skip and config.in_channels != config.out_channels:
        raise ValueError(
            f"global_skip={config.global_skip} adds the input to the output: in_channels={config.in_channels} and "
            f"out_channels={config.out_channels} should be equal"
        )


@dataclass(frozen=True)
class CycleGanConfig(AdversarialConfig):
    """The paper's values: cycle weight 10, pool of 50, Adam 2e-4 with beta1 0.5, decay over the second half.

    ``identity_weight`` is a share of the cycle weight (0.5 for paintings, 0 for horses, in the paper).
    ``enlarge`` and ``flip`` are its augmentation: 286/256, then a random crop.
    ``preserve_background``, which the paper has not, keeps what is no object as it is: the mean absolute change where
    ``foreground_extractor``, a classifier with ``evidence``, sees none of the classes ``foreground_classes`` (ImageNet's
    mammals), within edges drawn by color.
    ``discriminate_foreground`` shows the discriminators nothing but those objects (arXiv:1806.02311): the rest is gray to them.
    """

    image_size: int = 256
    enlarge: float = 286 / 256
    flip: bool = True
    cycle_weight: float = 10.0
    identity_weight: float = 0.0
    pool_size: int = 50
    preserve_background: float = 0.0
    foreground_classes: str = "151-388"
    foreground_extractor: str = "efficientnet-lite0"
    discriminate_foreground: bool = False
    schedule: Literal["constant", "linear", "cosine"] = "linear"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.enlarge <= 8:
            raise ValueError(f"enlarge={self.enlarge} should be from 1 to 8")
        first, _, last = self.foreground_classes.partition("-")
        if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last)):
            raise ValueError(
                f"foreground_classes={self.foreground_classes!r} should be the first and the last, as 151-388"
            )
        for name in ("cycle_weight", "identity_weight", "pool_size", "preserve_background"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name}={getattr(self, name)} should be a number, 0 or above")


def build_generator(config: ResnetConfig):
    from .networks import ResnetGenerator

    return ResnetGenerator(**vars(config))


def build_mobile_generator(config: MobileResnetConfig):
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
    )


def build_recipe(config: CycleGanConfig, parts):
    from .recipe import CycleGanRecipe

    return CycleGanRecipe(config, parts)


def build_cyclegan_resnet(config: Config):
    from .checkpoints import ResnetImporter

    return ResnetImporter()


def build_gan_compression(config: Config):
    from .checkpoints import MobileResnetImporter

    return MobileResnetImporter()


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="resnet",
            config=ResnetConfig,
            build=build_generator,
            task="image-to-image",
            summary="Residual blocks between strided convolutions, CycleGAN's generator",
            paper=PAPER,
        ),
        Entry(
            kind="generator",
            name="mobile-resnet",
            config=MobileResnetConfig,
            build=build_mobile_generator,
            task="image-to-image",
            summary="CycleGAN's generator with separable convolutions: a 25th of the arithmetic",
            paper="arXiv:2003.08936",
        ),
        Entry(
            kind="recipe",
            name="cyclegan",
            config=CycleGanConfig,
            build=build_recipe,
            data="unpaired",
            parts={
                "generator": "generator:resnet",
                "discriminator": "discriminator:patchgan",
                "loss": "loss:least-squares",
            },
            summary="Unpaired translation both ways, cycle consistency",
            paper=PAPER,
        ),
        Entry(
            kind="importer",
            name="cyclegan-resnet",
            config=Config,
            build=build_cyclegan_resnet,
            summary="Generators of pytorch-CycleGAN-and-pix2pix and of CUT: residual blocks",
        ),
        Entry(
            kind="importer",
            name="gan-compression",
            config=Config,
            build=build_gan_compression,
            summary="Generators of GAN Compression: residual blocks of separable convolutions",
        ),
    ]
