"""What is asked of a data set of rasters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ganzoo.rasters.channel import TRANSFORMS
from ganzoo.rasters.panels import panel_numbers

TAG = "tag:"
GAP = 4  # a gap between blocks is a quarter of a block, unless it is given


@dataclass(frozen=True)
class RasterOptions:
    """How rasters are read, split and mapped to a network's [-1, 1].

    Attributes:
        bands: Channels of the input, or of the only side: names or numbers from 1, as "B4,B3,B2" or "4,3,2"; "": all.
        target_bands: Channels of the target, or of B.
        range: Of channels: "LOW:HIGH", "minmax" or "percentile:LOW:HIGH", for one of them as "NAME=...", for a side as
            "input=..." or "target=...". Of inputs also "image" or "volume": measured again on each; of outputs also
            "like:NAME", the range of an input channel. Default: 0:255 of 8 bits, else the percentiles 0.1 and 99.9.
        transform: "linear", "log", "db" or "asinh", for one channel as "NAME=...".
        split_by: What is never parted between training and held-out images: "file", "page", "block:SIDE" or
            "block:SIDE:GAP" in pixels, "tag:NAME" (a tag of the file, such as PatientID), or a regular expression,
            whose match in a file's name is its group.
        panels: Images side by side in one file, from left to right: "1:2-6", the input before the colon; "1:2/3" where
            there are three.
        z_neighbors: Pages before and after each that become channels of the input as well (2.5-D).
        axes: What the dimensions of the files are, where they do not say so: "ZCYX".
        read: What readers do only when asked: "segmentation", "32-bit", "lut" of DICOM; "tissue" of slides, where the
            rest counts as missing. Of pairs the input's tissue counts.
        memory: Bytes that pixels may take; larger sets are read in windows when needed.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    bands: str = ""
    target_bands: str = ""
    range: list[str] = field(default_factory=list)
    transform: list[str] = field(default_factory=list)
    split_by: str = ""
    panels: str = ""
    z_neighbors: int = 0
    axes: str = ""
    read: str = ""
    memory: int = 8 * 2**30

    def __post_init__(self) -> None:
        """Raises ValueError for values that cannot be right for any data."""
        if self.z_neighbors < 0:
            raise ValueError(f"z_neighbors={self.z_neighbors} should be at least 0")
        for text in self.transform:
            if text.rpartition("=")[2] not in TRANSFORMS:
                raise ValueError(f"transform='{text}' should be one of {', '.join(TRANSFORMS)}, or NAME=one of them")
        if self.split_by.startswith("block"):
            self.block()
        elif self.split_by not in ("", "file", "page") and not self.split_by.startswith(TAG):
            try:
                re.compile(self.split_by)
            except re.error as error:
                raise ValueError(
                    f"split_by='{self.split_by}' should be file, page, block:SIDE or a regular expression ({error})"
                ) from error

    def block(self) -> tuple[int, int]:
        """Return the side of blocks and the gap between them, in pixels; (0, 0) where images are not split."""
        if not self.split_by.startswith("block"):
            return 0, 0
        numbers = self.split_by.split(":")[1:]
        if not 1 <= len(numbers) <= 2 or not all(number.isdecimal() for number in numbers) or int(numbers[0]) < 1:
            raise ValueError(f"split_by='{self.split_by}' should be block:SIDE or block:SIDE:GAP, in pixels")
        side = int(numbers[0])
        return side, int(numbers[1]) if len(numbers) == 2 else max(1, side // GAP)

    def panel_numbers(self) -> tuple[int, list[int], list[int]]:
        """Return how many panels a file has, and the indices of those of the input and of the target.

        Raises:
            OptionError: ``panels`` is not of the form "1:2-6".
        """
        return panel_numbers(self.panels)
