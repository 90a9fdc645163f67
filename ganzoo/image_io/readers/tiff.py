"""TIFF files with more than 8 bits a channel -> numbers: gray or RGB of 9 to 64 bits, integers or floats.

Pillow opens few of these variants, and keeps 8 bits of most. So here it only decompresses: each compressed strip or
tile is shown to it as a gray 8-bit image whose pixels are the bytes.
Source: TIFF 6.0; Adobe Photoshop TIFF Technical Note 3 (floats and their predictor).
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from ganzoo.image_io.readers import tag_directories
from ganzoo.image_io.readers.tag_directories import LONG, Directory

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

# Tags.
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_LENGTHS, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_LENGTHS, EXTRA_SAMPLES, SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339

UNCOMPRESSED = 1
# By number of the compression, the most bytes that one compressed byte gives: none, LZW (12 bits for a string of at
# most 4096), deflate under two numbers, PackBits (2 for 128).
RATIOS = {UNCOMPRESSED: 1, 5: 2731, 8: 1032, 32946: 1032, 32773: 64}
COMPRESSIONS = (*RATIOS, 34925, 50000)  # and LZMA and Zstandard, which have no such limit
HORIZONTAL_DIFFERENCES, FLOAT_DIFFERENCES = 2, 3  # predictors
MAX_SAMPLES = 6  # of a pixel, as in Pillow
CHUNK = 1 << 22  # bytes that are read at once where nothing is compressed
# numpy's names of number types, by TIFF's sample format and bits
NUMBERS = {(1, 16): "u2", (1, 32): "u4", (2, 16): "i2", (2, 32): "i4", (3, 16): "f2", (3, 32): "f4", (3, 64): "f8"}


@dataclass(frozen=True)
class Layout:
    """How the samples of an image lie in its file: in blocks, which are tiles or strips.

    Attributes:
        format: 1 for unsigned integers, 2 for signed ones, 3 for floats; 0 where samples differ from each other.
        colors: 1 or 3; 0 for anything other than gray and RGB.
        alpha: Index of the sample that is alpha, or None.
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
    compression: int
    predictor: int

    @property
    def blocks_across(self) -> int:
        return -(-self.width // self.block_width)

    @property
    def blocks_down(self) -> int:
        return -(-self.height // self.block_height)

    @property
    def planes(self) -> int:
        """How many times the blocks cover the image."""
        return self.samples if self.planar else 1

    @property
    def row_bytes(self) -> int:
        """Bytes in a row of a block."""
        return (self.block_width * self.samples // self.planes * self.bits + 7) // 8

    @property
    def readable(self) -> bool:
        """Whether `read` supports it."""
        known = (self.format, self.bits) in NUMBERS or (self.format == 1 and 8 < self.bits < 16)
        return known and self.compression in COMPRESSIONS and 0 < self.colors <= self.samples


def find_layout(tags: Directory) -> Layout:
    """Return how a file's first image lies in it.

    Raises:
        ValueError: Its blocks have no size, or its pixels have too many samples.
    """
    width, height, samples = tags.number(WIDTH), tags.number(HEIGHT), tags.number(SAMPLES, 1)
    bits, formats = tags.numbers(BITS, 1), tags.numbers(SAMPLE_FORMAT, 1)
    photometric = tags.number(PHOTOMETRIC, 1)
    colors = {0: 1, 1: 1, 2: 3}.get(photometric, 0) if tags.number(FILL_ORDER, 1) == 1 else 0
    alpha, premultiplied = _find_alpha(tags, colors, samples)
    tiled = TILE_WIDTH in tags
    block_width = tags.number(TILE_WIDTH) if tiled else width
    block_height = tags.number(TILE_HEIGHT) if tiled else min(height, tags.number(ROWS_PER_STRIP, height))
    if min(block_width, block_height, samples) < 1:
        raise ValueError("its strips, tiles or pixels have no size")
    layout = Layout(
        tags,
        width,
        height,
        samples,
        bits[0] if len(set(bits)) == 1 else 0,
        (formats[0] if formats[0] != 4 else 1) if len(set(formats)) == 1 else 0,
        colors,
        alpha,
        premultiplied,
        photometric == 0,
        tags.number(PLANAR, 1) == 2,
        tiled,
        block_width,
        block_height,
        tags.number(COMPRESSION, UNCOMPRESSED),
        tags.number(PREDICTOR, 1),
    )
    if samples > MAX_SAMPLES and not layout.readable:
        raise ValueError(f"its pixels have {samples} samples")
    return layout


def _find_alpha(tags: Directory, colors: int, samples: int) -> tuple[int | None, bool]:
    """Return the index of the sample that is alpha, and whether colors are multiplied by it."""
    extras = tags.numbers(EXTRA_SAMPLES) or ((2,) if colors == 3 and samples == 4 else ())
    alphas = [index for index, meaning in enumerate(extras) if meaning in (1, 2)]
    if not alphas:
        return None, False
    place = colors + alphas[0]
    return place if place < samples else None, extras[alphas[0]] == 1


def min_bytes(tags: Directory) -> int:
    """Return how many bytes a file must have at least to hold its first image; 0 where that is not known."""
    layout = find_layout(tags)
    if layout.compression not in RATIOS or tags.number(PHOTOMETRIC) == 6:  # subsampled colors take less
        return 0
    rows = layout.blocks_down * layout.block_height if layout.tiled else layout.height
    return rows * layout.blocks_across * layout.planes * layout.row_bytes // RATIOS[layout.compression]


def read(layout: Layout) -> Array:
    """Return (H, W, samples): uint16 over its whole range for integers up to 16 bits, other numbers as they are.

    Raises:
        ValueError: Strips are missing. Where they are damaged, Pillow's errors pass through.
    """
    name = NUMBERS.get((layout.format, layout.bits), "u2")
    numbers = np.empty((layout.height, layout.width, layout.samples), name)
    for plane, top, left, rows in _decompressed(layout):
        block = _to_numbers(rows, layout)[: layout.height - top, : layout.width - left]
        target = numbers[top : top + block.shape[0], left : left + block.shape[1]]
        target[..., plane : plane + 1 if layout.planar else None] = block
    if name == "u2" and layout.inverted:
        np.subtract(65535, numbers, out=numbers)
    return numbers


def _decompressed(layout: Layout) -> Iterator[tuple[int, int, int, Array]]:
    """Yield plane, top, left and (rows, bytes) of blocks, or of parts of them where nothing is compressed."""
    count, tags = layout.planes * layout.blocks_down * layout.blocks_across, layout.tags
    offsets = tags.numbers(TILE_OFFSETS if layout.tiled else STRIP_OFFSETS)
    lengths = tags.numbers(TILE_LENGTHS if layout.tiled else STRIP_LENGTHS)
    if len(offsets) < count or (len(lengths) < count and layout.compression != UNCOMPRESSED):
        raise ValueError("the list of its strips is too short")
    for index in range(count):
        plane, cell = divmod(index, layout.blocks_down * layout.blocks_across)
        top = cell // layout.blocks_across * layout.block_height
        left = cell % layout.blocks_across * layout.block_width
        rows = layout.block_height if layout.tiled else min(layout.block_height, layout.height - top)
        if layout.compression == UNCOMPRESSED:
            for start, part in _uncompressed(layout, offsets[index], rows):
                yield plane, top + start, left, part
        else:
            yield plane, top, left, _decompress(_read_bytes(tags, offsets[index], lengths[index]), rows, layout)


def _uncompressed(layout: Layout, offset: int, rows: int) -> Iterator[tuple[int, Array]]:
    """Yield the first row and (rows, bytes) of parts of a block."""
    step = max(1, CHUNK // layout.row_bytes)
    for start in range(0, rows, step):
        part = min(step, rows - start)
        data = _read_bytes(layout.tags, offset + start * layout.row_bytes, part * layout.row_bytes)
        yield start, np.frombuffer(data, np.uint8).reshape(part, layout.row_bytes)


def _read_bytes(tags: Directory, offset: int, length: int) -> bytes:
    if offset + length > tags.file.seek(0, os.SEEK_END):
        raise ValueError("it is cut off, or its strips lie beyond its end")
    tags.file.seek(offset)
    return tags.file.read(length)


def _decompress(data: bytes, rows: int, layout: Layout) -> Array:
    """Decompress one block to (rows, bytes): Pillow reads it as a TIFF of one strip."""
    numbers = {
        WIDTH: layout.row_bytes,
        HEIGHT: rows,
        BITS: 8,
        COMPRESSION: layout.compression,
        PHOTOMETRIC: 1,
        SAMPLES: 1,
        ROWS_PER_STRIP: rows,
        STRIP_LENGTHS: len(data),
    }
    start = 8 + len(tag_directories.write("<", {tag: (LONG, bytes(4)) for tag in (*numbers, STRIP_OFFSETS)}, 8))
    values = {tag: (LONG, number.to_bytes(4, "little")) for tag, number in {**numbers, STRIP_OFFSETS: start}.items()}
    file = io.BytesIO(b"II*\0\x08\0\0\0" + tag_directories.write("<", values, 8) + data)
    return np.asarray(Image.open(file, formats=["TIFF"])).reshape(rows, layout.row_bytes)


def _to_numbers(rows: Array, layout: Layout) -> Array:
    """Turn (rows, bytes) into (rows, pixels, samples) numbers."""
    samples = layout.samples // layout.planes
    shape = (len(rows), -1, samples)
    if layout.bits % 8:
        return _widen(rows, layout.block_width * samples, layout.bits).reshape(shape)
    size = layout.bits // 8
    name = NUMBERS[layout.format, layout.bits]
    predictor = 1 if layout.compression == UNCOMPRESSED else layout.predictor
    if predictor == FLOAT_DIFFERENCES:  # bytes by significance, each the difference to its left
        bytes_ = rows.reshape(shape).cumsum(axis=1, dtype=np.uint8).reshape(len(rows), size, -1)
        return np.ascontiguousarray(bytes_.swapaxes(1, 2)).view(">" + name).reshape(shape)
    if predictor == HORIZONTAL_DIFFERENCES:
        differences = rows.view(f"{layout.tags.order}u{size}").reshape(shape)
        return differences.cumsum(axis=1, dtype=f"u{size}").view(name)
    return rows.view(layout.tags.order + name).reshape(shape)


def _widen(rows: Array, count: int, bits: int) -> Array:
    """Spread ``count`` numbers of 9 to 15 bits a row, which lie bit by bit, over the range of 16 bits."""
    wide = np.zeros((len(rows), count, 16), np.uint8)
    wide[..., -bits:] = np.unpackbits(rows, axis=1, count=count * bits).reshape(len(rows), count, bits)
    numbers = np.packbits(wide, axis=2).view(">u2")[..., 0].astype(np.uint32)
    top = (1 << bits) - 1
    return ((numbers * 65535 + top // 2) // top).astype(np.uint16)
