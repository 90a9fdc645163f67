"""What a recipe's config says of its data."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.data.datasets import View
from ganzoo.entry import Config
from ganzoo.errors import OptionError


@dataclass(frozen=True)
class Wishes:
    """What a recipe's config says of its data, with defaults for a config that does not say.

    image_size  side of a training picture; 0: the first picture's shorter side
    channels    1, 3, or 0: 1 when every picture is grey, else 3
    enlarge     pictures are stored this much larger, then cropped at random
    flip        mirror one half of them
    direction   of pairs: "left-to-right", or "right-to-left" for the input on the right
    """

    image_size: int = 0
    channels: int = 0
    enlarge: float = 1.0
    flip: bool = False
    direction: str = "left-to-right"

    def __post_init__(self) -> None:
        if self.image_size < 0:
            raise OptionError(f"image_size={self.image_size} is not right: give pixels, or 0 for the data's own size.")
        if self.channels not in (0, 1, 3):
            raise OptionError(f"channels={self.channels} is not right: give 1 (grey), 3 (RGB), or 0 for the data's.")
        if not 1 <= self.enlarge <= 8:
            raise OptionError(f"enlarge={self.enlarge} is not right: give a factor from 1 to 8.")

    def stored(self, size: int) -> int:
        """Return the side that pictures are kept at, to be cropped to ``size``."""
        return max(size, round(size * self.enlarge))

    def views(self, size: int) -> tuple[View, View]:
        """Return how training sees a picture, and how validation does."""
        return View(size, self.flip), View(size, False)

    @classmethod
    def of(cls, config: Config) -> Wishes:
        """Return what a recipe's config has of these fields. Raises OptionError for what cannot be met."""
        return cls(**{name: value for name, value in vars(config).items() if name in cls.__dataclass_fields__})
