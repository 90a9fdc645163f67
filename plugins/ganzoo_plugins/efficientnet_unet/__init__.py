"""A generator for image translation that begins with what a classifier of photographs has learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import Config, Entry, hookimpl


@dataclass(frozen=True)
class LiteUNetConfig(Config):
    """``width`` at half the image's size, twice that at 1/4; residual ``blocks`` at 1/8 and at 1/4 each.

    global_skip  learn a change of the input
    trained      the encoder learns too
    """

    in_channels: Literal[1, 3] = 3
    out_channels: Literal[1, 3] = 3
    width: int = 32
    blocks: int = 1
    global_skip: bool = True
    trained: bool = False

    def __post_init__(self) -> None:
        if self.width < 2 or self.width % 2:
            raise ValueError(f"width={self.width} should be even, 2 or above")
        if self.blocks < 0:
            raise ValueError(f"blocks={self.blocks} should be 0 or above")
        if self.global_skip and self.in_channels != self.out_channels:
            raise ValueError(
                f"global_skip={self.global_skip} adds the input to the output: in_channels={self.in_channels} and "
                f"out_channels={self.out_channels} should be equal"
            )


def build_generator(config: LiteUNetConfig):
    from .networks import LiteUNet

    return LiteUNet(**vars(config))


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="generator",
            name="efficientnet-unet",
            config=LiteUNetConfig,
            build=build_generator,
            task="image-to-image",
            summary="U-Net whose encoder is EfficientNet-Lite0, with ImageNet's weights to begin with",
            paper="arXiv:1801.05746",
        ),
    ]
