"""Projected GANs: a discriminator that looks through a frozen classifier (Sauer et al. 2021, arXiv:2111.01007)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import Config, Entry, hookimpl


@dataclass(frozen=True)
class ProjectedConfig(Config):
    """``width`` of what judges each scale; ``in_channels`` 2 or 6: two images stacked, of which the second is judged.

    pixels    factor on the logits of the image's own patches and colors; 0: they are not judged
    gray      the frozen network sees no colors: they are judged in the image itself alone
    features  the frozen network, an entry of that kind
    """

    in_channels: Literal[1, 2, 3, 6] = 3
    width: int = 64
    pixels: float = 1.0
    gray: bool = False
    features: str = "efficientnet-lite0"

    def __post_init__(self) -> None:
        if self.width < 2:
            raise ValueError(f"width={self.width} should be at least 2")
        if not 0 <= self.pixels < float("inf"):
            raise ValueError(f"pixels={self.pixels} should be a number, 0 or above")


def build_discriminator(config: ProjectedConfig):
    import ganzoo

    from .networks import ProjectedDiscriminator

    features = ganzoo.build(f"features:{config.features}")
    return ProjectedDiscriminator(features, config.in_channels, config.width, config.pixels, config.gray)


@hookimpl
def ganzoo_entries():
    return [
        Entry(
            kind="discriminator",
            name="projected",
            config=ProjectedConfig,
            build=build_discriminator,
            summary="Judges what a frozen classifier sees, at four scales, and the image itself",
            paper="arXiv:2111.01007",
        ),
    ]
