"""The options of a recipe that concern its data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from ganzoo.catalog import options
from ganzoo.contracts.config import Config
from ganzoo.contracts.limits import Check, Enlargement, NonNegativeInt, PositiveFloat, PositiveInt
from ganzoo.data.datasets import Augmentation

FRAMES = 8  # of a clip, by default


def _check_frames(frames: int) -> None:
    if frames < 0 or frames == 1:
        raise ValueError(f"frames={frames} should be at least 2, or 0 for the default, {FRAMES}")


@dataclass(frozen=True)
class DataConfig:
    """The options of a recipe that concern its data; a recipe without one of them gets the default.

    Attributes:
        image_size: Side of a training image; 0: the shorter side of the first image.
        image_width: Its width, where ``image_size`` is its height; 0: square images.
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

    __pydantic_config__: ClassVar[dict[str, Any]] = {"allow_inf_nan": False}

    image_size: NonNegativeInt = 0
    image_width: NonNegativeInt = 0
    channels: NonNegativeInt = 0
    enlarge: Enlargement = 1.0
    flip: bool = False
    direction: str = "left-to-right"
    frames: Annotated[int, Check(_check_frames)] = 0
    frame_stride: PositiveInt = 1
    motion: Literal["", "bounce"] = ""
    item_size: NonNegativeInt = 0
    speed: PositiveFloat = 3.0

    @classmethod
    def from_config(cls, config: Config) -> DataConfig:
        """Return those of a recipe's options that are fields here. Raises OptionError for invalid values."""
        known = {name: value for name, value in vars(config).items() if name in cls.__dataclass_fields__}
        return options.parse_fields(cls, known)

    def stored_size(self, size: int) -> int:
        """Return the side with which images are stored, to be cropped to ``size``."""
        return max(size, round(size * self.enlarge))

    def stored_sides(self, size: int) -> tuple[int, int]:
        """Return height and width with which images are stored that are trained on at ``size``."""
        return self.stored_size(size), self.stored_size(self.image_width or size)

    @property
    def clip_frames(self) -> int:
        """Frames of a clip."""
        return self.frames or FRAMES

    def augmentations(self, size: int) -> tuple[Augmentation, Augmentation]:
        """Return the augmentation for training, and the one for validation, which is none."""
        return Augmentation(size, self.flip, self.image_width), Augmentation(size, False, self.image_width)
