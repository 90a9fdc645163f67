"""TIFF files with more than 8 bits a channel -> numbers: gray or RGB of 9 to 64 bits, integers or floats.

Pillow opens few of these variants, and keeps 8 bits of most. So tifffile reads them, after what the file declares has
been checked. Source: TIFF 6.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ganzoo.image_io.readers.tag_directories import Directory
from ganzoo.image_io.readers.tiff_segments import RATIOS, SegmentCache, StoredPage

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

# Tags.
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_LENGTHS, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_LENGTHS, EXTRA_SAMPLES, SAMPLE_FORMAT = 322, 323, 324, 325, 338, 339

UNCOMPRESSED = 1
COMPRESSIONS = (*RATIOS, 34712, 34925, 50000)  # and JPEG 2000, LZMA and Zstandard, which have no such limit
HORIZONTAL_DIFFERENCES = 2  # predictor
MAX_SAMPLES = 6  # of a pixel, as in Pillow
ROWS = 64  # that are widened at once
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


def read(layout: Layout, max_pixels: int) -> Array:
    """Return (H, W, samples): uint16 over its whole range for integers up to 16 bits, other numbers as they are.

    Raises:
        ValueError: Strips are missing or damaged, or tifffile does not know their compression.
    """
    import tifffile

    layout.tags.file.seek(0)
    with tifffile.TiffFile(layout.tags.file) as file:
        page = file.pages.first
        stored = StoredPage(page, page.keyframe, SegmentCache(capacity=0), max_pixels)
        samples = stored.read(slice(0, layout.height), slice(0, layout.width))
    numbers = samples.transpose(1, 2, 0)
    return _widened(numbers, layout.bits) if layout.bits % 8 else numbers


def _widened(numbers: Array, bits: int) -> Array:
    """Spread numbers of 9 to 15 bits over the range of 16 bits, some rows at a time."""
    top = (1 << bits) - 1
    wide = np.empty(numbers.shape, np.uint16)
    for first in range(0, len(numbers), ROWS):
        rows = numbers[first : first + ROWS].astype(np.uint32)
        wide[first : first + ROWS] = (rows * 65535 + top // 2) // top
    return wide
