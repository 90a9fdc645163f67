"""Windows of one stored page of a TIFF file: its strips or tiles are decoded by tifffile and imagecodecs.

Sizes are checked before memory is taken for them. Bytes are read at their place (`os.pread`), so threads, and
processes that were forked, can read one file at the same time.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.image_io.readers import codestreams

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
MISSING = "the list of its strips or tiles is too short"
BEYOND = "it is cut off, or its strips lie beyond its end"
PART = 1 << 22  # bytes that are read at once where nothing is compressed
NARROW = 1 << 14  # bytes of a row that are not asked for, above which rows are read one by one
LEAST_CACHE = 1 << 26  # bytes of decoded strips and tiles that are kept
JPEGS = (6, 7, 34892, 33007)
# By number of the compression, the most bytes that one compressed byte gives: none, LZW (12 bits for a string of at
# most 4096), deflate under two numbers, PackBits (2 for 128). Others have no such limit.
RATIOS = {1: 1, 5: 2731, 8: 1032, 32946: 1032, 32773: 64}
PALETTE, MIN_IS_WHITE, YCBCR = 3, 0, 6

# tifffile reports what is odd in a file by logging. What matters is an error here; the rest is not for a terminal.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


@dataclass
class SegmentCache:
    """The strips and tiles that were decoded last, up to a number of bytes; for one open file."""

    capacity: int = LEAST_CACHE
    held: int = 0
    arrays: OrderedDict[tuple[int, int], Array] = field(default_factory=OrderedDict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def get(self, key: tuple[int, int]) -> Array | None:
        with self.lock:
            found = self.arrays.get(key)
            if found is not None:
                self.arrays.move_to_end(key)
            return found

    def put(self, key: tuple[int, int], array: Array) -> None:
        with self.lock:
            if key in self.arrays:
                return
            self.arrays[key] = array
            self.held += array.nbytes
            while self.held > self.capacity and len(self.arrays) > 1:
                _, dropped = self.arrays.popitem(last=False)
                self.held -= dropped.nbytes

    def __reduce__(self) -> Any:
        return SegmentCache, (self.capacity,)


@dataclass
class StoredPage:
    """One page: how it is stored (``key``, tifffile's keyframe), and where (``page``).

    Attributes:
        page: tifffile's page or frame: offsets and lengths of its segments.
        key: Its keyframe: shape, type, compression.
        cache: Of the file.
        max_pixels: The most pixels of a segment.
        offset: Of pixels that lie in one piece without compression; None where they lie in segments.
    """

    page: Any
    key: Any
    cache: SegmentCache
    max_pixels: int
    offset: int | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values that `read` returns."""
        return np.dtype(np.uint8) if self.key.dtype.kind == "b" else np.dtype(self.key.dtype.newbyteorder("="))

    def read(self, rows: slice, columns: slice) -> Array:
        """Return all samples (S, rows, columns) of a window."""
        planes, _, _, _, samples = self.key.shaped
        shape = (planes, rows.stop - rows.start, columns.stop - columns.start, samples)
        values = np.empty(shape, self.dtype)
        if self.offset is not None:
            self._read_plain(values, rows, columns)
        elif self._has_plain_strips:
            self._read_strips(values, rows, columns)
        else:
            for plane, top, left, block in self._segments(rows, columns):
                _paste(values[plane], block, top - rows.start, left - columns.start)
        if self.key.photometric == MIN_IS_WHITE and self.dtype.kind == "u":
            bits = 1 if self.key.dtype.kind == "b" else int(self.key.bitspersample)
            np.subtract(self.dtype.type((1 << bits) - 1), values, out=values)
        ordered: Array = values.transpose(0, 3, 1, 2).reshape(planes * samples, *shape[1:3])
        return ordered

    def _read_plain(self, values: Array, rows: slice, columns: slice) -> None:
        """Read from pixels that lie row by row, without strips."""
        planes, _, height, width, samples = self.key.shaped
        stored = np.dtype(self.key.dtype).newbyteorder(self.page.parent.byteorder)
        row_bytes = width * samples * stored.itemsize
        handle = self.page.parent.filehandle
        start, count = columns.start * samples, (columns.stop - columns.start) * samples
        whole = count == width * samples
        for plane in range(planes):
            first = int(self.offset or 0) + (plane * height + rows.start) * row_bytes
            if whole:
                data = read_bytes(handle, first, row_bytes * (rows.stop - rows.start))
                values[plane] = np.frombuffer(data, stored).reshape(values.shape[1:])
                continue
            for number in range(rows.stop - rows.start):
                place = first + number * row_bytes + start * stored.itemsize
                data = read_bytes(handle, place, count * stored.itemsize)
                values[plane, number] = np.frombuffer(data, stored).reshape(-1, samples)

    @property
    def is_plain(self) -> bool:
        """Whether parts of a row can be read by themselves."""
        return self.offset is not None or self._has_plain_strips

    @property
    def _has_plain_strips(self) -> bool:
        """Whether rows can be read from the middle of a strip: it is neither compressed nor packed."""
        key = self.key
        plain = key.compression == 1 and key.predictor == 1 and key.fillorder == 1 and not key.bitspersample % 8
        return plain and not key.is_tiled and key.shaped[1] == 1

    def _read_strips(self, values: Array, rows: slice, columns: slice) -> None:
        """Read rows from strips that are not compressed, `PART` bytes at a time."""
        planes, _, height, width, samples = self.key.shaped
        stored = np.dtype(self.key.dtype).newbyteorder(self.page.parent.byteorder)
        row_bytes, (high, _) = width * samples * stored.itemsize, self.segment_size
        down = -(-height // high)
        if len(self.page.dataoffsets) < planes * down:
            raise ValueError(MISSING)
        pixel = samples * stored.itemsize
        one_by_one = (width - columns.stop + columns.start) * pixel > NARROW
        left, wide = (columns.start, columns.stop - columns.start) if one_by_one else (0, width)
        step = 1 if one_by_one else max(1, PART // row_bytes)
        for plane in range(planes):
            for top in range(rows.start, rows.stop, step):
                for first, last in _cut(top, min(top + step, rows.stop), high):
                    offset = int(self.page.dataoffsets[plane * down + first // high]) + first % high * row_bytes
                    size = (last - first) * wide * pixel
                    data = read_bytes(self.page.parent.filehandle, offset + left * pixel, size)
                    block = np.frombuffer(data, stored).reshape(last - first, wide, samples)
                    target = values[plane, first - rows.start : last - rows.start]
                    target[:] = block[:, columns.start - left : columns.stop - left]

    def _segments(self, rows: slice, columns: slice) -> Iterator[tuple[int, int, int, Array]]:
        """Yield plane, top, left and (h, w, samples) of the strips or tiles that touch a window."""
        planes, depth, height, width, _ = self.key.shaped
        if depth != 1:
            raise ValueError("it stores volumes in one page, which is not supported")
        high, wide = self.segment_size
        across, down = -(-width // wide), -(-height // high)
        if len(self.page.dataoffsets) < planes * across * down:
            raise ValueError(MISSING)
        for plane in range(planes):
            for row in range(rows.start // high, -(-rows.stop // high)):
                for column in range(columns.start // wide, -(-columns.stop // wide)):
                    index = (plane * down + row) * across + column
                    yield plane, row * high, column * wide, self._segment(index)

    @property
    def segment_size(self) -> tuple[int, int]:
        """(height, width) of a strip or tile."""
        key = self.key
        high, wide = (key.tilelength, key.tilewidth) if key.is_tiled else (key.rowsperstrip, key.imagewidth)
        if min(high, wide) < 1:
            raise ValueError("its strips, tiles or pixels have no size")
        return (high, wide) if key.is_tiled else (min(high, key.imagelength), wide)

    @property
    def row_bytes(self) -> int:
        """Bytes of the decoded segments that one row of pixels touches."""
        planes, _, _, width, samples = self.key.shaped
        high, wide = self.segment_size
        return int(planes * high * (-(-width // wide) * wide) * samples * self.dtype.itemsize)

    def _segment(self, index: int) -> Array:
        offset, length = int(self.page.dataoffsets[index]), int(self.page.databytecounts[index])
        key = (offset or -index - 1, length)
        found = self.cache.get(key)
        if found is None:
            found = self._decode(index, offset, length)
            self.cache.put(key, found)
        return found

    def _decode(self, index: int, offset: int, length: int) -> Array:
        high, wide = self.segment_size
        samples = self.key.shaped[-1]
        if high * wide > self.max_pixels:
            raise ImageError(
                f"{self.page.parent.filehandle.name} stores {wide}x{high} pixels in one piece, more than the limit of "
                f"{self.max_pixels}. Store it in tiles, or raise the limit: --max-pixels {high * wide}."
            )
        if not length:  # nothing is stored: the file says that all values are the missing one
            return np.full((high, wide, samples), self.key.nodata or 0, self.dtype)
        self._check_length(index, length)
        data = read_bytes(self.page.parent.filehandle, offset, length)
        codestreams.check(data, self.max_pixels)
        more = {"jpegtables": self.page.jpegtables, "jpegheader": self.key.jpegheader}
        decoded, _, shape = self.key.decode(data, index, **(more if self.key.compression in JPEGS else {}))
        if decoded is None:
            raise ValueError("its pixels are damaged")
        block: Array = np.asarray(decoded).reshape(shape[-4:])[0]
        if block.shape[-1] != samples:
            raise ValueError("its pixels are damaged")
        return block.astype(self.dtype, copy=False)

    def _check_length(self, index: int, length: int) -> None:
        """Raise ValueError where so few bytes cannot hold a segment, before memory is taken for it."""
        ratio = RATIOS.get(self.key.compression)
        if ratio is None or self.key.photometric == YCBCR:
            return
        high, wide = self.segment_size
        if not self.key.is_tiled:
            down = -(-self.key.imagelength // high)
            high = min(high, self.key.imagelength - index % down * high)
        bits = wide * self.key.shaped[-1] * int(self.key.bitspersample)
        needed = high * ((bits + 7) // 8)
        if length * ratio < needed:
            raise ValueError(
                f"it is cut off: a strip has {length} bytes, and its pixels take {needed // ratio} at least"
            )


def _cut(first: int, last: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield the rows first..last in parts that lie within one strip each."""
    while first < last:
        end = min(last, (first // high + 1) * high)
        yield first, end
        first = end


def _paste(target: Array, block: Array, top: int, left: int) -> None:
    """Put what overlaps of a block (h, w, S) into a target (H, W, S)."""
    high, wide = target.shape[:2]
    first, start = max(top, 0), max(left, 0)
    last, stop = min(top + block.shape[0], high), min(left + block.shape[1], wide)
    if last > first and stop > start:
        target[first:last, start:stop] = block[first - top : last - top, start - left : stop - left]


def read_bytes(handle: Any, offset: int, length: int) -> bytes:
    """Return bytes of tifffile's file handle. Raises ValueError where the file ends before."""
    if offset < 0 or offset + length > handle.size:
        raise ValueError(BEYOND)
    with handle.lock:
        try:
            number = handle.fileno() if hasattr(os, "pread") else None
        except (OSError, ValueError, AttributeError):  # not a file of the system
            number = None
        if number is None:
            handle.seek(offset)
            data: bytes = handle.read(length)
    if number is not None:
        data = _pread(number, length, offset + handle._offset)
    if len(data) < length:
        raise ValueError(BEYOND)
    return data


def _pread(number: int, length: int, offset: int) -> bytes:
    parts = []
    while length:
        part = os.pread(number, min(length, 1 << 30), offset)
        if not part:
            break
        parts.append(part)
        length, offset = length - len(part), offset + len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def palette(key: Any) -> Array | None:
    """Return the colors (3, N) of a page whose values are indices, as uint8 where they have 8 bits; else None."""
    if key.photometric != PALETTE or key.colormap is None:
        return None
    colors = np.asarray(key.colormap)
    high: Array = (colors >> 8).astype(np.uint8)
    return high if (colors > 255).any() else colors.astype(np.uint8)


def colors_of(indices: Array, colors: Array) -> Array:
    """Return (3, H, W) of indices (1, H, W)."""
    chosen: Array = colors[:, np.minimum(indices[0], colors.shape[1] - 1)]
    return chosen


__all__: Sequence[str] = ("SegmentCache", "StoredPage", "colors_of", "palette", "read_bytes")
