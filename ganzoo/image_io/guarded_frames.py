"""Frames whose every answer is a value or a GanzooError: a reader's library may raise anything, and late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames
from ganzoo.image_io.read_errors import as_image_errors
from ganzoo.rasters.raster import Raster, block_of
from ganzoo.rasters.wrapped_source import WrappedSource

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


class GuardedFrames(Frames):
    """The frames that a reader has opened; errors of its library become an ImageError that names the file."""

    def __init__(self, frames: Frames, path: str) -> None:
        self._frames, self._path = frames, path
        with as_image_errors(path):
            self._count = len(frames)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Raster:
        number = range(self._count)[index]
        with as_image_errors(self._path):
            raster = self._frames[number]
            name = raster.name if self._path in raster.name else self._path
            return replace(raster, source=GuardedSource(raster.source, name))

    @property
    def labels(self) -> Sequence[str]:
        """The reader's."""
        with as_image_errors(self._path):
            return self._frames.labels

    @property
    def axis(self) -> str:
        """The reader's."""
        with as_image_errors(self._path):
            return self._frames.axis

    @property
    def lengths(self) -> Sequence[int]:
        """The reader's."""
        with as_image_errors(self._path):
            return self._frames.lengths

    @property
    def description(self) -> Mapping[str, str]:
        """The reader's."""
        with as_image_errors(self._path):
            return self._frames.description

    def tag(self, name: str) -> str:
        """Return the reader's."""
        with as_image_errors(self._path):
            return self._frames.tag(name)

    def close(self) -> None:
        """Close the file."""
        self._frames.close()


@dataclass(frozen=True)
class GuardedSource(WrappedSource):
    """Pixels of a file, read or refused."""

    name: str

    @property
    def masked(self) -> bool:
        """The source's."""
        return self.source.masked

    @property
    def block(self) -> tuple[int, int]:
        """The source's; see `ganzoo.rasters.raster.Raster.block`."""
        with as_image_errors(self.name):
            return block_of(self.source)

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window. Raises ImageError."""
        with as_image_errors(self.name):
            return self.source.read(rows, columns, channels, level)

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return the mask's window. Raises ImageError."""
        with as_image_errors(self.name):
            return self.source.read_mask(rows, columns, channels, level)
