"""Frames of slides whose pixels outside of tissue count as missing, on every level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames
from ganzoo.rasters.raster import Raster
from ganzoo.rasters.tissue import check_colors, tissue_mask
from ganzoo.rasters.wrapped_source import WrappedSource

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
TISSUE = "tissue"


class TissueFrames(Frames):
    """The frames of a file, with masks of their tissue."""

    def __init__(self, frames: Frames) -> None:
        """Raises ImageError where they are not 8-bit RGB."""
        self._frames = frames
        self._sources: dict[int, TissueSource] = {}
        check_colors(frames[0])

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Raster:
        raster = self._frames[index]
        number = range(len(self))[index]
        if number not in self._sources:
            self._sources[number] = TissueSource(raster.source, raster)
        return replace(raster, source=self._sources[number])

    @property
    def labels(self) -> Sequence[str]:
        """Those of the file."""
        return self._frames.labels

    @property
    def axis(self) -> str:
        """That of the file."""
        return self._frames.axis

    @property
    def lengths(self) -> Sequence[int]:
        """Those of the file."""
        return self._frames.lengths

    @property
    def description(self) -> Mapping[str, str]:
        """That of the file."""
        return self._frames.description

    def tag(self, name: str) -> str:
        """Return that of the file."""
        return self._frames.tag(name)

    def close(self) -> None:
        """Close the file."""
        self._frames.close()


@dataclass(frozen=True)
class TissueSource(WrappedSource):
    """The pixels of a slide, valid where there is tissue; see `ganzoo.rasters.raster.PixelSource`.

    Attributes:
        raster: The whole slide, on whose small level tissue is looked for once.
    """

    raster: Raster

    @cached_property
    def tissue(self) -> Array:
        """Bool (h, w), smaller than the slide in both directions alike."""
        return tissue_mask(self.raster)

    @property
    def masked(self) -> bool:
        """Always."""
        return True

    @property
    def masked_by_file(self) -> bool:
        """Never: tissue was looked for, and glass is as real as tissue in another file of the slide."""
        return False

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window; glass has its colors."""
        return self.source.read(rows, columns, channels, level)

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return where there is tissue, and the slide's own mask says nothing else."""
        height, width = self.levels[level]
        high, wide = self.tissue.shape
        down = np.arange(rows.start, rows.stop) * high // height
        across = np.arange(columns.start, columns.stop) * wide // width
        found = np.repeat(self.tissue[np.ix_(down, across)][None], len(channels), 0)
        own = self.source.read_mask(rows, columns, channels, level)
        return found if own is None else found & own
