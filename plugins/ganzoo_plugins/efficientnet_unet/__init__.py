"""A generator for image translation whose encoder is a pretrained classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, MultipleOf

from ganzoo import Config, Family, NonNegativeInt, PositiveInt

family = Family(__name__)


@family.generator("efficientnet-unet", ".networks.EfficientNetUNet", task="image-to-image", paper="arXiv:1801.05746")
@dataclass(frozen=True)
class EfficientNetUNetConfig(Config):
    """U-Net whose encoder is EfficientNet-Lite0, initialized with ImageNet weights.

    Attributes:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        width: Channels of the decoder at 1/2 of the image's size; half as many at 1/1, twice as many at 1/4, and so on.
        blocks: Number of residual blocks at 1/4 and at 1/8 of the size, each.
        global_skip: Learn a change of the input. A change of 0 returns 0.98 times the input.
        trained: Train the encoder too.
        levels: Halvings of the size in the encoder: 5, or 4 for a network of a quarter of the parameters.
        norm: Norm in the decoder. Batch norm costs nothing at inference: engines fold it into the convolutions.
    """

    in_channels: PositiveInt = 3
    out_channels: PositiveInt = 3
    width: Annotated[int, MultipleOf(2), Ge(2)] = 32
    blocks: NonNegativeInt = 1
    global_skip: bool = True
    trained: bool = False
    levels: Literal[4, 5] = 5
    norm: Literal["instance", "batch"] = "instance"

    def __post_init__(self) -> None:
        if self.global_skip and self.in_channels != self.out_channels:
            raise ValueError(
                f"global_skip={self.global_skip} adds the input to the output: in_channels={self.in_channels} and "
                f"out_channels={self.out_channels} should be equal"
            )


ganzoo_entries = family.entries
