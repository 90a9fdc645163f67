"""Arrays -> PNG of 16 bits and TIFF of 8 or 16 bits a channel, which Pillow writes in part only.

Pixels are layers, (H, W, 1 or 3) of colors and perhaps (H, W, 1) of alpha, and are taken a band of rows at a time.
Source: PNG specification, third edition; TIFF 6.0, Adobe Photoshop TIFF Technical Note 1 (deflate).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import IO

import numpy as np

from ganzoo.image_io.readers import metadata, tag_directories
from ganzoo.image_io.readers.tiff import Array

LEVEL = 3  # of zlib: on pictures of 16 bits, level 6 takes 1.6 times as long for 0.5 % less
BAND = 1 << 20  # bytes of pixels that are packed at once


def write_png(layers: Sequence[Array], file: IO[bytes], icc: bytes = b"", exif: bytes = b"") -> None:
    """Write uint16 layers. Rows are stored as differences to the row above."""
    height, width = layers[0].shape[:2]
    samples = sum(layer.shape[2] for layer in layers)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[samples]
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    if icc:
        _chunk(file, b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    if exif:
        _chunk(file, b"eXIf", exif.removeprefix(metadata.EXIF))
    packer = zlib.compressobj(LEVEL)
    above = np.zeros((1, width * samples * 2), np.uint8)
    for band in _bands(layers):
        rows = band.astype(">u2").view(np.uint8).reshape(len(band), -1)
        filtered = np.full((len(rows), 1 + rows.shape[1]), 2, np.uint8)  # 2: the row above is subtracted
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
        above = rows[-1:]
        _chunk(file, b"IDAT", packer.compress(filtered.data))
    _chunk(file, b"IDAT", packer.flush())
    _chunk(file, b"IEND", b"")


def _chunk(file: IO[bytes], kind: bytes, data: bytes) -> None:
    file.writelines((struct.pack(">I4s", len(data), kind), data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))


def _rows(layers: Sequence[Array]) -> int:
    """Return how many rows make a band."""
    return max(1, BAND // sum(int(layer[0].nbytes) for layer in layers))


def _bands(layers: Sequence[Array]) -> Iterator[Array]:
    step = _rows(layers)
    for top in range(0, len(layers[0]), step):
        yield np.concatenate([layer[top : top + step] for layer in layers], axis=2)


def write_tiff(layers: Sequence[Array], file: IO[bytes], icc: bytes = b"", exif: bytes = b"") -> None:
    """Write uint8 or uint16 layers, deflated. Pixels are stored as differences to their left neighbors.

    The tags of an EXIF block become the file's own. ``file`` can seek. Raises struct.error beyond 4 GiB.
    """
    tags = metadata.directory(exif)
    order = tags.order if tags else "<"
    file.write(struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 0))
    places, lengths = [], []
    for band in _bands(layers):
        band[:, 1:] -= band[:, :-1].copy()
        packed = zlib.compress(band.astype(f"{order}u{band.itemsize}").data, LEVEL)
        places.append(file.tell())
        lengths.append(len(packed))
        file.write(packed + bytes(len(packed) % 2))  # addresses are even
    values, children = metadata.copied(tags) if tags else ({}, {})
    values |= _layout(layers, order, places, lengths)
    if icc:
        values[metadata.ICC] = (7, icc)
    start = file.tell()
    file.write(tag_directories.write(order, values, start, children))
    file.seek(4)
    file.write(struct.pack(order + "I", start))


def _layout(
    layers: Sequence[Array], order: str, places: list[int], lengths: list[int]
) -> dict[int, tag_directories.Value]:
    """Return the tags that say how the pixels lie in the file."""
    height, width, colors = layers[0].shape
    samples = colors + len(layers) - 1
    shorts = {
        258: [layers[0].itemsize * 8] * samples,
        259: [8],  # deflate
        262: [1 if colors == 1 else 2],
        277: [samples],
        317: [2],  # differences
        338: [2] * (len(layers) - 1),  # alpha that colors are not multiplied by
    }
    longs = {256: [width], 257: [height], 273: places, 278: [_rows(layers)], 279: lengths}
    return {
        tag: (kind, struct.pack(f"{order}{len(numbers)}{letter}", *numbers))
        for kind, letter, found in ((3, "H", shorts), (4, "I", longs))
        for tag, numbers in found.items()
        if numbers
    }
