"""TIFF files of more than 8 bits a channel -> their numbers: gray or RGB of 9 to 64 bits, integers or floats.

Pillow opens few of these kinds, and keeps 8 bits of most. So it only unpacks here: each packed strip or tile is shown
to it as a gray picture of 8 bits, whose pixels are the bytes.
Source: TIFF 6.0; Adobe Photoshop TIFF Technical Note 3 (floats and their predictor).
"""

from __future__ import annotations

import ctypes
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from ganzoo.image_io.readers import tag_directories
from ganzoo.image_io.readers.tag_directories import Directory

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

# By number of the compression, the most bytes that one packed byte gives: none, LZW (12 bits for a string of at most
# 4096), deflate under two numbers, PackBits (2 for 128).
RATIOS = {1: 1, 5: 2731, 8: 1032, 32946: 1032, 32773: 64}
PACKINGS = (*RATIOS, 34925, 50000)  # and LZMA and Zstandard, which have no such limit
MOST_SAMPLES = 6  # of a pixel, as Pillow
CHUNK = 1 << 22  # bytes that are read at once where nothing is packed
# numpy's names of numbers, by TIFF's sample format and bits
NUMBERS = {(1, 16): "u2", (1, 32): "u4", (2, 16): "i2", (2, 32): "i4", (3, 16): "f2", (3, 32): "f4", (3, 64): "f8"}


@dataclass(frozen=True)
class Layout:
    """How the samples of a picture lie in its file: in blocks, which are tiles or strips.

    ``format`` is 1 for unsigned, 2 for signed integers, 3 for floats; 0 where samples differ from each other.
    ``colors`` is 1 or 3, 0 for what is neither gray nor RGB; ``alpha`` the sample that is it, or None.
    """

    tags: Directory
    width: int
    height: int
    samples: int
    bits: int
    format: int
    colors: int
    alpha: int | None
    premultiplied: bool
    inverted: bool
    planar: bool
    tiled: bool
    block_width: int
    block_height: int
    packing: int
    predictor: int

    @property
    def across(self) -> int:
        """Blocks side by side."""
        return -(-self.width // self.block_width)

    @property
    def down(self) -> int:
        """Blocks one below the other."""
        return -(-self.height // self.block_height)

    @property
    def planes(self) -> int:
        """Times that the blocks cover the picture."""
        return self.samples if self.planar else 1

    @property
    def row(self) -> int:
        """Bytes in a row of a block."""
        return (self.block_width * self.samples // self.planes * self.bits + 7) // 8

    @property
    def readable(self) -> bool:
        """Whether `read` takes it."""
        known = (self.format, self.bits) in NUMBERS or (self.format == 1 and 8 < self.bits < 16)
        return known and self.packing in PACKINGS and 0 < self.colors <= self.samples


def layout(tags: Directory) -> Layout:
    """Return how a file's first picture lies in it. Raises ValueError where its blocks have no size."""
    width, height, samples = tags.number(256), tags.number(257), tags.number(277, 1)
    bits, formats = tags.numbers(258, 1), tags.numbers(339, 1)
    photometric = tags.number(262, 1)
    colors = {0: 1, 1: 1, 2: 3}.get(photometric, 0) if tags.number(266, 1) == 1 else 0
    extras = tags.numbers(338) or ((2,) if colors == 3 and samples == 4 else ())
    alphas = [index for index, meaning in enumerate(extras) if meaning in (1, 2)]
    tiled = 322 in tags
    block_width = tags.number(322) if tiled else width
    block_height = tags.number(323) if tiled else min(height, tags.number(278, height))
    if min(block_width, block_height, samples) < 1:
        raise ValueError("its strips, tiles or pixels have no size")
    found = Layout(
        tags,
        width,
        height,
        samples,
        bits[0] if len(set(bits)) == 1 else 0,
        (formats[0] if formats[0] != 4 else 1) if len(set(formats)) == 1 else 0,
        colors,
        colors + alphas[0] if alphas and colors + alphas[0] < samples else None,
        bool(alphas) and extras[alphas[0]] == 1,
        photometric == 0,
        tags.number(284, 1) == 2,
        tiled,
        block_width,
        block_height,
        tags.number(259, 1),
        tags.number(317, 1),
    )
    if samples > MOST_SAMPLES and not found.readable:
        raise ValueError(f"its pixels have {samples} samples")
    return found


def least(tags: Directory) -> int:
    """Return how many bytes a file must have at least to hold its first picture; 0 where that is not known."""
    found = layout(tags)
    if found.packing not in RATIOS or tags.number(262) == 6:  # subsampled colors take less
        return 0
    rows = found.down * found.block_height if found.tiled else found.height
    return rows * found.across * found.planes * found.row // RATIOS[found.packing]


def read(found: Layout) -> Array:
    """Return (H, W, samples) numbers: uint16 over its whole range for integers up to 16 bits, others as they are.

    Raises ValueError where strips are missing, and what Pillow raises where they are damaged.
    """
    name = NUMBERS.get((found.format, found.bits), "u2")
    numbers = np.empty((found.height, found.width, found.samples), name)
    for plane, top, left, rows in _unpacked(found):
        block = _numbers(rows, found)[: found.height - top, : found.width - left]
        target = numbers[top : top + block.shape[0], left : left + block.shape[1]]
        target[..., plane : plane + 1 if found.planar else None] = block
    if name == "u2" and found.inverted:
        np.subtract(65535, numbers, out=numbers)
    return numbers


def _unpacked(found: Layout) -> Iterator[tuple[int, int, int, Array]]:
    """Yield plane, top, left and (rows, bytes) of blocks, or of parts of them where nothing is packed."""
    count, tags = found.planes * found.down * found.across, found.tags
    places = tags.numbers(324 if found.tiled else 273)
    lengths = tags.numbers(325 if found.tiled else 279)
    if len(places) < count or (len(lengths) < count and found.packing != 1):
        raise ValueError("the list of its strips is too short")
    step = max(1, CHUNK // found.row)
    for index in range(count):
        plane, cell = divmod(index, found.down * found.across)
        top, left = cell // found.across * found.block_height, cell % found.across * found.block_width
        rows = found.block_height if found.tiled else min(found.block_height, found.height - top)
        if found.packing != 1:
            yield plane, top, left, _block(_bytes(tags, places[index], lengths[index]), rows, found)
            continue
        for start in range(0, rows, step):
            part = min(step, rows - start)
            data = _bytes(tags, places[index] + start * found.row, part * found.row)
            yield plane, top + start, left, np.frombuffer(data, np.uint8).reshape(part, found.row)


def _bytes(tags: Directory, place: int, length: int) -> bytes:
    if place + length > tags.file.seek(0, os.SEEK_END):
        raise ValueError("it is cut off, or its strips lie beyond its end")
    tags.file.seek(place)
    return tags.file.read(length)


def _block(data: bytes, rows: int, found: Layout) -> Array:
    """Unpack one block to (rows, bytes)."""
    numbers = {256: found.row, 257: rows, 258: 8, 259: found.packing, 262: 1, 277: 1, 278: rows, 279: len(data)}
    start = 8 + len(tag_directories.write("<", {tag: (4, bytes(4)) for tag in (*numbers, 273)}, 8))
    values = {tag: (4, number.to_bytes(4, "little")) for tag, number in {**numbers, 273: start}.items()}
    file = io.BytesIO(b"II*\0\x08\0\0\0" + tag_directories.write("<", values, 8) + data)
    return np.asarray(Image.open(file, formats=["TIFF"])).reshape(rows, found.row)


def _numbers(rows: Array, found: Layout) -> Array:
    """Turn (rows, bytes) into (rows, pixels, samples) numbers."""
    samples = found.samples // found.planes
    shape = (len(rows), -1, samples)
    if found.bits % 8:
        return _widened(rows, found.block_width * samples, found.bits).reshape(shape)
    size = found.bits // 8
    name = NUMBERS[found.format, found.bits]
    if found.predictor == 3 and found.packing != 1:  # bytes by significance, each the difference to its left
        bytes_ = rows.reshape(shape).cumsum(axis=1, dtype=np.uint8).reshape(len(rows), size, -1)
        return np.ascontiguousarray(bytes_.swapaxes(1, 2)).view(">" + name).reshape(shape)
    if found.predictor == 2 and found.packing != 1:
        differences = rows.view(f"{found.tags.order}u{size}").reshape(shape)
        return differences.cumsum(axis=1, dtype=f"u{size}").view(name)
    return rows.view(found.tags.order + name).reshape(shape)


def _widened(rows: Array, count: int, bits: int) -> Array:
    """Spread ``count`` numbers of 9 to 15 bits a row, which lie bit by bit, over the range of 16 bits."""
    wide = np.zeros((len(rows), count, 16), np.uint8)
    wide[..., -bits:] = np.unpackbits(rows, axis=1, count=count * bits).reshape(len(rows), count, bits)
    numbers = np.packbits(wide, axis=2).view(">u2")[..., 0].astype(np.uint32)
    top = (1 << bits) - 1
    return ((numbers * 65535 + top // 2) // top).astype(np.uint16)


@cache
def _error_handler() -> Any:
    """Return libtiff's function that sets what prints its errors, or None where Pillow was built without a library."""
    try:
        function = ctypes.CDLL(Image.core.__file__).TIFFSetErrorHandler  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
    return function


def set_printer(printer: int | None) -> int | None:
    """Set what prints libtiff's errors, None for nothing; return what did. Pillow raises them all the same."""
    function = _error_handler()
    found: int | None = function(printer) if function else None
    return found
