"""Published networks that enlarge, restore and fill images, as spandrel builds them (https://github.com/chaiNNer-org)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ganzoo import Config, Family, PositiveInt

family = Family(__name__)


@dataclass(frozen=True)
class SpandrelConfig(Config):
    """A network of spandrel's registry.

    Attributes:
        architecture: Its identifier in spandrel's registry, such as "Compact", "ESRGAN" or "SwinIR".
        network: Name of its class; an architecture may have several.
        hyperparameters: What the class is built with, as a dictionary; the class's defaults count for the others.
    """

    architecture: str = "Compact"
    network: str = "SRVGGNetCompact"
    hyperparameters: dict[str, Any] = field(default_factory=dict)


@family.generator("spandrel", ".networks.Enlarger", task="super-resolution")
@dataclass(frozen=True)
class EnlargerConfig(SpandrelConfig):
    """Enlarges images: ESRGAN, Compact, SwinIR, DAT and others of spandrel."""


@family.generator("spandrel-restoration", ".networks.Restorer", task="image-restoration")
@dataclass(frozen=True)
class RestorerConfig(SpandrelConfig):
    """Restores images at their size: noise, blur, compression, haze; networks of spandrel.

    Attributes:
        architecture: Its identifier in spandrel's registry, such as "DnCNN", "SCUNet" or "NAFNet".
    """

    architecture: str = "DnCNN"
    network: str = "DnCNN"


@family.generator("spandrel-inpainting", ".networks.Inpainter", task="image-inpainting")
@dataclass(frozen=True)
class InpainterConfig(SpandrelConfig):
    """Fills what a mask marks as missing: LaMa of spandrel."""

    architecture: str = "LaMa"
    network: str = "LaMa"
    hyperparameters: dict[str, Any] = field(default_factory=lambda: {"in_nc": 4})


@family.generator("msrresnet", ".msrresnet.MSRResNet", task="super-resolution", paper="arXiv:1609.04802")
@dataclass(frozen=True)
class MSRResNetConfig(Config):
    """Residual blocks without norms around bilinear enlargement, the generator of BasicSR's SRGAN.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output. The input has as many, or one that is added to each.
        width: Channels of all layers.
        blocks: Number of residual blocks.
        scale: Factor on height and width.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: PositiveInt = 64
    blocks: PositiveInt = 16
    scale: Literal[2, 3, 4] = 4

    def __post_init__(self) -> None:
        if self.in_channels not in (1, self.out_channels):
            raise ValueError(
                f"in_channels={self.in_channels} should be 1 or out_channels={self.out_channels}: "
                "the enlarged input is added to the output"
            )


family.importer("msrresnet", ".msrresnet.MSRResNetImporter", "Generators of BasicSR's SRGAN and SRResNet")
family.importer(
    "spandrel",
    ".checkpoints.SpandrelImporter",
    "Enlargement, restoration and inpainting: ESRGAN, Compact, SwinIR, LaMa and all else that spandrel recognizes",
)

ganzoo_entries = family.entries
__getattr__ = family.public_name
