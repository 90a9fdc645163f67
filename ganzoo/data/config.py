"""The options of a recipe that concern its data."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.contracts.config import Config
from ganzoo.data.datasets import Augmentation
from ganzoo.errors import OptionError

FRAMES = 8  # of a clip, by default


@dataclass(frozen=True)
class DataConfig:
    """The options of a recipe that concern its data; a recipe without one of them gets the default.

    Attributes:
        image_size: Side of a training image; 0: the shorter side of the first image.
        channels: 1, 3, or 0: 1 if every image is gray, else 3.
        enlarge: Images are stored this many times larger, then cropped at random.
        flip: Mirror half of them.
        direction: Of pairs: "left-to-right", or "right-to-left" for the input on the right.
        frames: Of a clip; 0: 8.
        frame_stride: Only every n-th frame of a video is used.
        motion: Of clips: "" for videos, "bounce" for images that move over a canvas of ``image_size``.
        item_size: Side of a moving image; 0: five eighths of the canvas.
        speed: Most pixels a frame that it moves.
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
            raise OptionError(f"image_size={self.image_size} is not valid: give pixels, or 0 for the data's own size.")
        if not 1 <= self.enlarge <= 8:
            raise OptionError(f"enlarge={self.enlarge} is not valid: give a factor from 1 to 8.")
        self._check_clips()

    def _check_clips(self) -> None:
        if self.frames < 0 or self.frames == 1:
            raise OptionError(f"frames={self.frames} is not valid: give 2 or more, or 0 for the default, {FRAMES}.")
        if self.frame_stride < 1:
            raise OptionError(f"frame_stride={self.frame_stride} is not valid: give 1 or more.")
        if self.motion not in ("", "bounce"):
            raise OptionError(f"motion={self.motion!r} is not valid: give 'bounce', or nothing for videos.")
        if self.item_size < 0:
            raise OptionError(f"item_size={self.item_size} is not valid: give pixels, or 0 for five eighths.")
        if not 0 < self.speed < float("inf"):
            raise OptionError(f"speed={self.speed} is not valid: give pixels a frame, above 0.")

    @classmethod
    def from_config(cls, config: Config) -> DataConfig:
        """Return those of a recipe's options that are fields here. Raises OptionError for invalid values."""
        return cls(**{name: value for name, value in vars(config).items() if name in cls.__dataclass_fields__})

    def stored_size(self, size: int) -> int:
        """Return the side with which images are stored, to be cropped to ``size``."""
        return max(size, round(size * self.enlarge))

    @property
    def clip_frames(self) -> int:
        """Frames of a clip."""
        return self.frames or FRAMES

    def augmentations(self, size: int) -> tuple[Augmentation, Augmentation]:
        """Return the augmentation for training, and the one for validation, which is none."""
        return Augmentation(size, self.flip), Augmentation(size, False)
