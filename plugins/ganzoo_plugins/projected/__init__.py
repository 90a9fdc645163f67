"""Projected GANs: a discriminator on the features of a frozen classifier (Sauer et al. 2021, arXiv:2111.01007)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from ganzoo import Config, Family, NonNegativeFloat, NonNegativeInt, PositiveInt

family = Family(__name__)


def build_discriminator(config: ProjectedConfig):
    """Return the discriminator on the frozen network that the options name."""
    import ganzoo

    from .networks import ProjectedDiscriminator

    features = ganzoo.build(f"features:{config.features}")
    return ProjectedDiscriminator(
        features, config.in_channels, config.width, config.pixels, config.gray, config.shown_channels, config.norm
    )


@family.discriminator("projected", build_discriminator, paper="arXiv:2111.01007")
@dataclass(frozen=True)
class ProjectedConfig(Config):
    """Scores feature maps of a frozen classifier, at four scales, and the image itself.

    Attributes:
        in_channels: Channels of the images, or of two images stacked on channels.
        image_channels: Of stacked images, those of the second, the last ones, which the frozen network sees; 0: 3 where
            that divides ``in_channels``, else 1. It knows gray and RGB: other numbers need ``gray``.
        width: Channels of the heads of each scale.
        pixels: Factor on the logits of the heads that see the image itself, its patches and colors; 0: none.
        gray: The frozen network sees the mean of the channels; only the heads of the image itself see them all.
        features: The frozen network, an entry of the kind "features".
        norm: Norm in the heads of the frozen network's maps, next to spectral normalization: "batch" as in the paper,
            or "none".
    """

    in_channels: PositiveInt = 3
    image_channels: NonNegativeInt = 0
    width: Annotated[int, Ge(2)] = 64
    pixels: NonNegativeFloat = 1.0
    gray: bool = False
    features: str = "efficientnet-lite0"
    norm: Literal["batch", "none"] = "batch"

    def __post_init__(self) -> None:
        if self.image_channels > self.in_channels:
            raise ValueError(
                f"image_channels={self.image_channels} should be at most in_channels={self.in_channels}, 0 for a guess"
            )
        if self.shown_channels not in (1, 3) and not self.gray:
            raise ValueError(
                f"image_channels={self.shown_channels} is neither gray nor RGB, all that the frozen network knows: "
                "set gray=true, which shows it the mean of the channels, or use discriminator:patchgan"
            )

    @property
    def shown_channels(self) -> int:
        """Channels of the image that the frozen network sees, the last ones."""
        return self.image_channels or (3 if self.in_channels % 3 == 0 else 1)


ganzoo_entries = family.entries
