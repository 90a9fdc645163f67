"""One image of a TIFF file as the source of a raster: which pages and samples its channels are, level by level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ganzoo.image_io.read_errors import as_image_errors, check_window
from ganzoo.image_io.readers.tiff_segments import SegmentCache, StoredPage, colors_of, palette

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
PAGE_LETTERS = "TZI"  # dimensions whose positions are frames; I: plain pages
CHANNEL_LETTERS = "CS"


@dataclass(frozen=True)
class Dimensions:
    """The dimensions of a series: a letter and a length each, in the order in which they are stored."""

    axes: str
    shape: tuple[int, ...]

    def length(self, letter: str) -> int:
        """Return a dimension's length, 1 where there is none."""
        return self.shape[self.axes.index(letter)] if letter in self.axes else 1

    @property
    def frame_axes(self) -> str:
        """Those of `PAGE_LETTERS` that are there and longer than 1."""
        return "".join(letter for letter in self.axes if letter in PAGE_LETTERS and self.length(letter) > 1)

    @property
    def frames(self) -> int:
        """How many images there are."""
        return int(np.prod([self.length(letter) for letter in self.frame_axes], dtype=int))

    @property
    def channels(self) -> int:
        """How many channels an image has."""
        return self.length("C") * self.length("S")

    def place(self, frame: int) -> dict[str, int]:
        """Return the position along each of `frame_axes` of a frame."""
        lengths = [self.length(letter) for letter in self.frame_axes]
        numbers = np.unravel_index(frame, lengths) if lengths else ()
        return dict(zip(self.frame_axes, map(int, numbers), strict=True))


@dataclass(frozen=True)
class TiffSource:
    """One frame of a series; `ganzoo.rasters.raster.PixelSource` says what a source does.

    Attributes:
        series: tifffile's levels, the full resolution first.
        dimensions: Of the full resolution; only Y and X differ in the others.
        frame: Which image.
        cache: Of the file.
        max_pixels: The most pixels that are decoded at once.
        name: What messages call it.
        nodata: The value that stands for a missing one; None: there is none.
        mask: The levels of a series that says where values are valid; () where there is none.
    """

    series: tuple[Any, ...]
    dimensions: Dimensions
    frame: int
    cache: SegmentCache
    max_pixels: int
    name: str
    nodata: float | None = None
    mask: tuple[Any, ...] = ()

    @property
    def _colors(self) -> Array | None:
        return palette(self.series[0].keyframe) if self.dimensions.channels == 1 else None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        count = 3 if self._colors is not None else self.dimensions.channels
        return count, *self.levels[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """In the machine's byte order; bits count as uint8."""
        kind: np.dtype[Any] = self.series[0].dtype
        if self._colors is not None or kind.kind == "b":
            return np.dtype(np.uint8)
        return np.dtype(kind.newbyteorder("="))

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """(H, W) of each level."""
        places = [self.dimensions.axes.index(letter) for letter in "YX"]
        return tuple((int(level.shape[places[0]]), int(level.shape[places[1]])) for level in self.series)

    @property
    def block(self) -> tuple[int, int]:
        """(height, width) of a strip or tile that must be decoded as a whole; (1, 1) where nothing is packed."""
        with as_image_errors(self.name):
            page = self._page(self.series[0], 0)
            return (1, 1) if page.is_plain else page.segment_size

    @property
    def masked(self) -> bool:
        """Whether the file declares a missing value or a mask."""
        return self.nodata is not None or bool(self.mask)

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window."""
        height, width = rows.stop - rows.start, columns.stop - columns.start
        check_window(self.name, height, width, self.max_pixels)
        with as_image_errors(self.name):
            colors = self._colors
            if colors is not None:
                return colors_of(self._read(rows, columns, [0], level), colors)[list(channels)]
            return self._read(rows, columns, channels, level)

    def _read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        series = self.series[level]
        samples = self.dimensions.length("S") if self._samples_in_page(series) else 1
        pages: dict[int, list[tuple[int, int]]] = {}
        for place, channel in enumerate(channels):
            number, sample = divmod(channel, samples)
            pages.setdefault(self._page_number(series, number), []).append((place, sample))
        stored = [(self._page(series, number), wanted) for number, wanted in pages.items()]
        with self.cache.lock:
            self.cache.capacity = max(self.cache.capacity, sum(page.row_bytes for page, _ in stored if not page.offset))
        if len(channels) == len(stored) == samples == 1:
            return stored[0][0].read(rows, columns)
        values = np.empty((len(channels), rows.stop - rows.start, columns.stop - columns.start), self.dtype)
        for page, wanted in stored:
            window = page.read(rows, columns)
            for place, sample in wanted:
                values[place] = window[sample]
        return values

    def _samples_in_page(self, series: Any) -> bool:
        return "S" in self.dimensions.axes and self.dimensions.axes.index("S") >= self._leading(series)

    def _leading(self, series: Any) -> int:
        """Return how many of the dimensions lie in different pages."""
        return len(series.shape) - len(series.keyframe.shape)

    def _page_number(self, series: Any, channel: int) -> int:
        """Return which of the series' pages holds a channel of this frame."""
        leading = self._leading(series)
        lengths = self.dimensions.shape[:leading]
        if not lengths:
            return 0
        place = self.dimensions.place(self.frame)
        if self._samples_in_page(series):
            place["C"] = channel
        else:  # samples that are pages of their own
            place["C"], place["S"] = divmod(channel, self.dimensions.length("S"))
        numbers = [place.get(letter, 0) for letter in self.dimensions.axes[:leading]]
        return int(np.ravel_multi_index(numbers, lengths))

    def _page(self, series: Any, number: int) -> StoredPage:
        key = series.keyframe
        offset = series.dataoffset
        plain = offset is not None and key.compression == 1 and key.fillorder == 1 and not key.bitspersample % 8
        if plain:
            bytes_ = int(np.prod(key.shape, dtype=np.int64)) * int(key.dtype.itemsize)
            return StoredPage(series.pages[0], key, self.cache, self.max_pixels, int(offset) + number * bytes_)
        page = series.pages[number]
        if page is None:
            raise ValueError(f"plane {number + 1} is missing")
        return StoredPage(page, key, self.cache, self.max_pixels)

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return where the file says that values are valid: by its mask, else by its missing value."""
        shape = (len(channels), rows.stop - rows.start, columns.stop - columns.start)
        if level < len(self.mask):
            with as_image_errors(self.name):
                page = self._page(self.mask[level], 0)
                return np.broadcast_to(page.read(rows, columns)[0] != 0, shape)
        if self.nodata is None:
            return None
        values = self.read(rows, columns, channels, level)
        missing = np.isnan(values) if np.isnan(self.nodata) else values == _as_stored(self.nodata, values.dtype)
        valid: Array = ~missing
        return None if valid.all() else valid


def _as_stored(nodata: float, dtype: np.dtype[Any]) -> Any:
    """Return the missing value in the file's type: written in decimal, it may have other digits than the pixels."""
    if dtype.kind == "f":
        return dtype.type(nodata)
    return int(nodata) if float(nodata).is_integer() else nodata
