"""What a recipe's config says of its data."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.contracts.config import Config
from ganzoo.data.datasets import View
from ganzoo.errors import OptionError

FRAMES = 8  # of a clip, where nobody says


@dataclass(frozen=True)
class DataConfig:
    """What a recipe's config says of its data, with defaults for a config that does not say.

    image_size  side of a training picture; 0: the first picture's shorter side
    channels    1, 3, or 0: 1 when every picture is gray, else 3
    enlarge     pictures are stored this much larger, then cropped at random
    flip        mirror one half of them
    direction   of pairs: "left-to-right", or "right-to-left" for the input on the right
    frames        of a clip; 0: 8
    frame_stride  of a video each so many-th frame is taken
    motion        of clips: "" for videos, "bounce" for pictures that are moved over a canvas of ``image_size``
    item_size     side of a picture that moves; 0: five eighths of the canvas
    speed         most pixels a frame that it moves
    """

    image_size: int = 0
    channels: int = 0
    enlarge: float = 1.0
    flip: bool = False
    direction: str = "left-to-right"
    frames: int = 0
    frame_stride: int = 1
    motion: str = ""
    item_size: int = 0
    speed: float = 3.0

    def __post_init__(self) -> None:
        if self.image_size < 0:
            raise OptionError(f"image_size={self.image_size} is not right: give pixels, or 0 for the data's own size.")
        if self.channels not in (0, 1, 3):
            raise OptionError(f"channels={self.channels} is not right: give 1 (gray), 3 (RGB), or 0 for the data's.")
        if not 1 <= self.enlarge <= 8:
            raise OptionError(f"enlarge={self.enlarge} is not right: give a factor from 1 to 8.")
        self._check_clips()

    def _check_clips(self) -> None:
        if self.frames < 0 or self.frames == 1:
            raise OptionError(f"frames={self.frames} is not right: give 2 or more, or 0 for the usual {FRAMES}.")
        if self.frame_stride < 1:
            raise OptionError(f"frame_stride={self.frame_stride} is not right: give 1 or more.")
        if self.motion not in ("", "bounce"):
            raise OptionError(f"motion={self.motion!r} is not right: give 'bounce', or nothing for videos.")
        if self.item_size < 0:
            raise OptionError(f"item_size={self.item_size} is not right: give pixels, or 0 for five eighths.")
        if not 0 < self.speed < float("inf"):
            raise OptionError(f"speed={self.speed} is not right: give pixels a frame, above 0.")

    def stored(self, size: int) -> int:
        """Return the side that pictures are kept at, to be cropped to ``size``."""
        return max(size, round(size * self.enlarge))

    @property
    def clip_frames(self) -> int:
        """How many frames a clip has."""
        return self.frames or FRAMES

    def views(self, size: int) -> tuple[View, View]:
        """Return how training sees a picture, and how validation does."""
        return View(size, self.flip), View(size, False)

    @classmethod
    def of(cls, config: Config) -> DataConfig:
        """Return what a recipe's config has of these fields. Raises OptionError for what cannot be met."""
        return cls(**{name: value for name, value in vars(config).items() if name in cls.__dataclass_fields__})
