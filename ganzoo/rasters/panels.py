"""Images side by side in one, from left to right: which of them are channels of the input and of the target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganzoo.errors import ImageError, OptionError
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Array, PixelSource, Raster
from ganzoo.rasters.stacked import StackedSource


def panel_numbers(panels: str) -> tuple[int, list[int], list[int]]:
    """Return how many panels an image has, and the indices of those of the input and of the target.

    Args:
        panels: As "1:2-6"; with more panels than are used, "1:2/3".

    Raises:
        OptionError: It is not of this form.
    """
    found = re.fullmatch(r"([\d,-]+)(?::([\d,-]+))?(?:/(\d+))?", panels)
    inputs, targets = (_numbers(text or "") for text in found.groups()[:2]) if found else ([], [])
    count = int(found[3]) if found and found[3] else max([*inputs, *targets], default=0)
    if not inputs or not all(1 <= number <= count for number in (*inputs, *targets)):
        raise OptionError(
            f"panels='{panels}' is not right. Write the numbers of the input's panels, from the left, and "
            "those of the target's, as 1:2-6; with more panels in a file than are used, 1:2/3."
        )
    return count, [number - 1 for number in inputs], [number - 1 for number in targets]


def _numbers(text: str) -> list[int]:
    """Return the numbers that a list such as "1,3-5" names; none for anything else."""
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            return []
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def panel_channel(channel: Channel, panel: int) -> Channel:
    """Return a channel of a panel (from 0), called "panel2" or "panel2-red"."""
    return replace(channel, name=f"panel{panel + 1}{'-' if channel.name else ''}{channel.name}")


@dataclass(frozen=True)
class PanelSource:
    """The columns of one panel; see `ganzoo.rasters.raster.PixelSource`."""

    source: PixelSource
    left: int
    width: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return *self.source.shape[:2], self.width

    @property
    def dtype(self) -> np.dtype[Any]:
        """The source's."""
        return self.source.dtype

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """The full resolution alone."""
        return (self.shape[1:],)

    @property
    def masked(self) -> bool:
        """The source's."""
        return self.source.masked

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window."""
        return self.source.read(rows, self._shifted(columns), channels, level)

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return where values are valid."""
        return self.source.read_mask(rows, self._shifted(columns), channels, level)

    def _shifted(self, columns: slice) -> slice:
        return slice(columns.start + self.left, columns.stop + self.left)


def input_panels(raster: Raster, panels: str) -> Raster:
    """Return the input's panels of an image as its channels; no pixel is read.

    Args:
        raster: Several images side by side.
        panels: As in training, "1:2-6": those after the colon are left out.

    Raises:
        ImageError: Its width is not divided by the number of panels.
        OptionError: ``panels`` is not right.
    """
    count, inputs, _ = panel_numbers(panels)
    width = raster.shape[2]
    if width % count:
        raise ImageError(f"{raster.name} is {width} pixels wide, which {count} panels do not divide.")
    side = width // count
    cut = [
        replace(
            raster,
            source=PanelSource(raster.source, panel * side, side),
            channels=tuple(panel_channel(one, panel) for one in raster.channels),
        )
        for panel in inputs
    ]
    channels = tuple(channel for one in cut for channel in one.channels)
    return replace(cut[0], source=StackedSource(tuple(cut)), channels=channels, selection=None)
