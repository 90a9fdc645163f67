"""How the images of an evaluation are read: the same way for all that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ganzoo.data.preprocessing import ImageInfo, ImageSpec
from ganzoo.errors import OptionError
from ganzoo.image_io.resizing import FILTERS


@dataclass(frozen=True)
class Reading:
    """How images are read: the same way for all that are compared.

    Attributes:
        size: Images are scaled to cover size x size pixels and center-cropped; 0: as they are, all of one size.
        resize: One of `ganzoo.image_io.resizing.FILTERS`.
        channels: 1, 3, or 0: gray when all images are gray.
        validation: Take only the share of the files that a training with the same share held out; 0: all.
        part: Of IDX files, "test" or "train".
        inputs: The side to translate: "A" or "B", or the left or the right of a pair; "": A.
    """

    size: int = 0
    resize: str = "bicubic"
    channels: int = 0
    validation: float = 0.0
    part: str = "test"
    inputs: str = ""

    def __post_init__(self) -> None:
        if self.resize not in FILTERS:
            raise OptionError(f"resize={self.resize!r} is not valid: give one of {', '.join(FILTERS)}.")
        if self.part not in ("test", "train"):
            raise OptionError(f"part={self.part!r} is not valid: IDX files have 'test' and 'train'.")
        if self.inputs not in ("", "A", "B"):
            raise OptionError(f"inputs={self.inputs!r} is not valid: give 'A' (or the left of a pair) or 'B'.")

    @property
    def idx_part(self) -> str:
        """Part of the names of IDX files: "t10k" or "train"."""
        return {"test": "t10k", "train": "train"}[self.part]

    def spec(self, width: int, height: int, pairs: bool = False) -> ImageSpec:
        """Return the preprocessing of images whose own size is (width, height)."""
        if pairs:
            width //= 2
        height, width = (self.size, self.size) if self.size else (height, width)
        return ImageSpec(height, width, self.channels, pairs, self.resize)

    def describe(self, spec: ImageSpec, infos: Sequence[ImageInfo]) -> str:
        """Return how the images were resized, as a protocol's ``resizing`` states it."""
        full = spec.width * (2 if spec.pairs else 1)
        if all((each.width, each.height) == (full, spec.height) for each in infos):
            return f"none, {spec.width}x{spec.height}"
        smooth = "" if spec.filter == "nearest" else ", antialiased"
        return f"{spec.filter}{smooth}, to cover {spec.width}x{spec.height}, middle kept"
