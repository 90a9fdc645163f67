"""Arrays -> TIFF of 8 or 16 bits a channel, which Pillow writes only in part.

Source: TIFF 6.0; Adobe Photoshop TIFF Technical Note 1 (deflate).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import IO

from ganzoo.image_io.readers import metadata, tag_directories
from ganzoo.image_io.readers import tiff as tags_of_tiff
from ganzoo.image_io.readers.tiff import Array
from ganzoo.image_io.writers.bands import ZLIB_LEVEL, band_rows, bands


def write(layers: Sequence[Array], file: IO[bytes], icc: bytes = b"", exif: bytes = b"") -> None:
    """Write uint8 or uint16 layers, deflated. Pixels are stored as differences to their left neighbors.

    The tags of an EXIF block become the file's own. ``file`` must be seekable. Raises struct.error beyond 4 GiB.
    """
    tags = metadata.parse_exif(exif)
    order = tags.order if tags else "<"
    file.write(struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 0))
    offsets, lengths = [], []
    for band in bands(layers):
        band[:, 1:] -= band[:, :-1].copy()
        compressed = zlib.compress(band.astype(f"{order}u{band.itemsize}").data, ZLIB_LEVEL)
        offsets.append(file.tell())
        lengths.append(len(compressed))
        file.write(compressed + bytes(len(compressed) % 2))  # addresses are even
    values, children = metadata.copy_tags(tags) if tags else ({}, {})
    values |= _layout(layers, order, offsets, lengths)
    if icc:
        values[metadata.ICC] = (tag_directories.BYTES, icc)
    start = file.tell()
    file.write(tag_directories.write(order, values, start, children))
    file.seek(4)
    file.write(struct.pack(order + "I", start))


def _layout(
    layers: Sequence[Array], order: str, offsets: list[int], lengths: list[int]
) -> dict[int, tag_directories.Value]:
    """Return the tags that describe how the pixels lie in the file."""
    height, width, colors = layers[0].shape
    samples = colors + len(layers) - 1
    shorts = {
        tags_of_tiff.BITS: [layers[0].itemsize * 8] * samples,
        tags_of_tiff.COMPRESSION: [8],  # deflate
        tags_of_tiff.PHOTOMETRIC: [1 if colors == 1 else 2],
        tags_of_tiff.SAMPLES: [samples],
        tags_of_tiff.PREDICTOR: [tags_of_tiff.HORIZONTAL_DIFFERENCES],
        tags_of_tiff.EXTRA_SAMPLES: [2] * (len(layers) - 1),  # alpha by which colors are not multiplied
    }
    longs = {
        tags_of_tiff.WIDTH: [width],
        tags_of_tiff.HEIGHT: [height],
        tags_of_tiff.STRIP_OFFSETS: offsets,
        tags_of_tiff.ROWS_PER_STRIP: [band_rows(layers)],
        tags_of_tiff.STRIP_LENGTHS: lengths,
    }
    return {
        tag: (type_, struct.pack(f"{order}{len(numbers)}{letter}", *numbers))
        for type_, letter, tags in ((tag_directories.SHORT, "H", shorts), (tag_directories.LONG, "I", longs))
        for tag, numbers in tags.items()
        if numbers
    }
