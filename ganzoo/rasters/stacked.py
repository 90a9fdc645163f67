"""Several rasters as one: the channels of one image in several files, or its neighbors in a stack (2.5-D)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Array, Raster

_NEIGHBOR = re.compile(r"(.*?)([+-][1-9]\d*)")


@dataclass(frozen=True)
class StackedSource:
    """The channels of rasters of one size and type, one after the other; see `ganzoo.rasters.raster.PixelSource`."""

    rasters: tuple[Raster, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return sum(one.shape[0] for one in self.rasters), *self.rasters[0].shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of all of them."""
        return self.rasters[0].dtype

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """Those that all have."""
        shared = min((one.levels for one in self.rasters), key=len)
        return shared if all(one.levels[: len(shared)] == shared for one in self.rasters) else shared[:1]

    @property
    def masked(self) -> bool:
        """Whether any may have missing values."""
        return any(one.source.masked for one in self.rasters)

    def _places(self, channels: Sequence[int]) -> list[tuple[Raster, int]]:
        known = [(one, index) for one in self.rasters for index in range(one.shape[0])]
        return [known[channel] for channel in channels]

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window."""
        parts = [one.window(rows, columns, [index], level) for one, index in self._places(channels)]
        return np.concatenate(parts)

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return where values are valid."""
        masks = [one.mask_window(rows, columns, [index], level) for one, index in self._places(channels)]
        if all(mask is None for mask in masks):
            return None
        shape = (1, rows.stop - rows.start, columns.stop - columns.start)
        return np.concatenate([np.ones(shape, bool) if mask is None else mask for mask in masks])


def stack(rasters: Sequence[Raster], names: Sequence[str] = ()) -> Raster:
    """Return the channels of several rasters as one image, with the metadata of the first.

    Args:
        rasters: Of one size and number type.
        names: One for each raster, which its channel is called then; "": as it is.

    Raises:
        ImageError: Sizes or types differ.
    """
    first = rasters[0]
    for other in rasters[1:]:
        if other.shape[1:] != first.shape[1:] or other.dtype != first.dtype:
            found = " and ".join(f"{one.name} is {one.shape[2]}x{one.shape[1]} {one.dtype}" for one in (first, other))
            raise ImageError(f"Channels of one image have one size and number type; {found}.")
    channels: list[Channel] = []
    for number, one in enumerate(rasters):
        name = names[number] if number < len(names) else ""
        numbered = [f"{name}{index}" for index in range(1, len(one.channels) + 1)] if len(one.channels) > 1 else [name]
        channels += [
            replace(channel, name=new) if name else channel for channel, new in zip(one.channels, numbered, strict=True)
        ]
    source = StackedSource(tuple(rasters))
    more = (first.name, first.format, first.metadata, first.group)
    return Raster(source, tuple(channels), *more, zoom=first.zoom)


def neighbor_offsets(channels: Sequence[Channel]) -> list[int]:
    """Return the offsets of neighbors that channels such as "CT-1", "CT", "CT+1" stand for; [] for others.

    Training on slices with their neighbors (``z_neighbors``) gives channels such names.
    """
    names = [channel.name for channel in channels]
    found = [match for match in map(_NEIGHBOR.fullmatch, names) if match and match[1] in names]
    offsets = sorted({0, *(int(match[2]) for match in found)})
    bases = [name for name in names if not any(name == match[0] for match in found)]
    expected = [f"{base}{offset:+d}" if offset else base for offset in offsets for base in bases]
    return offsets if found and names == expected else []


def with_neighbors(frame: Callable[[int], Raster], number: int, count: int, offsets: Sequence[int]) -> Raster:
    """Return one frame of ``count`` with those at ``offsets`` as channels; at the ends the last is repeated."""
    rasters = [frame(min(max(number + offset, 0), count - 1)) for offset in offsets]
    stacked = stack(rasters)
    names = [
        f"{channel.name}{offset:+d}" if offset else channel.name
        for offset, raster in zip(offsets, rasters, strict=True)
        for channel in raster.channels
    ]
    own = frame(number)
    described = [replace(channel, name=name) for channel, name in zip(stacked.channels, names, strict=True)]
    return replace(stacked, channels=tuple(described), name=own.name, metadata=own.metadata)
