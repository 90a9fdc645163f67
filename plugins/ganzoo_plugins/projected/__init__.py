"""Projected GANs: a discriminator on the features of a frozen classifier (Sauer et al. 2021, arXiv:2111.01007)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ganzoo import Config, Entry, hookimpl


@dataclass(frozen=True)
class ProjectedConfig(Config):
    """The discriminator.

    Attributes:
        in_channels: Channels of the images; 2 or 6: two images stacked on channels, where the frozen network sees the
            second.
        width: Channels of the heads of each scale.
        pixels: Factor on the logits of the heads that see the image itself, its patches and colors; 0: none.
        gray: The frozen network sees gray images; only the heads of the image itself see colors.
        features: The frozen network, an entry of the kind "features".
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
            summary="Scores feature maps of a frozen classifier, at four scales, and the image itself",
            paper="arXiv:2111.01007",
        ),
    ]
