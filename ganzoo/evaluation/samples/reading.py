"""How the images of an evaluation are read: the same way for all that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from ganzoo.contracts.limits import Check, NonNegativeInt, ProperFraction
from ganzoo.data.preprocessing import ImageInfo, ImageSpec
from ganzoo.image_io.resizing import FILTERS


def _check_filter(name: str) -> None:
    if name not in FILTERS:
        raise ValueError(f"resize={name!r} is not valid: give one of {', '.join(FILTERS)}")


@dataclass(frozen=True)
class Reading:
    """How images are read: the same way for all that are compared. `ganzoo.evaluation.options` checks the limits.

    Attributes:
        size: Images are scaled to cover size x size pixels and center-cropped; 0: as they are, all of one size.
        resize: One of `ganzoo.image_io.resizing.FILTERS`.
        channels: 1, 3, or 0: gray when all images are gray.
        validation: Take only the share of the files that a training with the same share held out; 0: all.
        part: Of IDX files, "test" or "train".
        width: Their width, where ``size`` is their height: of a model whose images are not square; 0: ``size``.
        inputs: The side to translate: "A" or "B", or the left or the right of a pair; "": A.
    """

    size: NonNegativeInt = 0
    resize: Annotated[str, Check(_check_filter)] = "bicubic"
    channels: NonNegativeInt = 0
    validation: ProperFraction = 0.0
    part: Literal["test", "train"] = "test"
    inputs: Literal["", "A", "B"] = ""
    width: NonNegativeInt = 0

    @property
    def idx_part(self) -> str:
        """Part of the names of IDX files: "t10k" or "train"."""
        return {"test": "t10k", "train": "train"}[self.part]

    def spec(self, width: int, height: int, pairs: bool = False) -> ImageSpec:
        """Return the preprocessing of images whose own size is (width, height)."""
        if pairs:
            width //= 2
        height, width = (self.size, self.width or self.size) if self.size else (height, width)
        return ImageSpec(height, width, self.channels, pairs, self.resize)

    def describe(self, spec: ImageSpec, infos: Sequence[ImageInfo]) -> str:
        """Return how the images were resized, as a protocol's ``resizing`` states it."""
        full = spec.width * (2 if spec.pairs else 1)
        if all((each.width, each.height) == (full, spec.height) for each in infos):
            return f"none, {spec.width}x{spec.height}"
        smooth = "" if spec.filter == "nearest" else ", antialiased"
        return f"{spec.filter}{smooth}, to cover {spec.width}x{spec.height}, middle kept"
