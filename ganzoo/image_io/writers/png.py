"""Arrays -> PNG of 16 bits a channel, which Pillow writes only in part. Source: PNG specification, third edition."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import IO

import numpy as np

from ganzoo.image_io.readers import metadata
from ganzoo.image_io.readers.png import SIGNATURE
from ganzoo.image_io.readers.tiff import Array
from ganzoo.image_io.writers.bands import ZLIB_LEVEL, bands


def write(layers: Sequence[Array], file: IO[bytes], icc: bytes = b"", exif: bytes = b"") -> None:
    """Write uint16 layers. Rows are stored as differences to the row above."""
    height, width = layers[0].shape[:2]
    samples = sum(layer.shape[2] for layer in layers)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[samples]
    file.write(SIGNATURE)
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    if icc:
        _chunk(file, b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    if exif:
        _chunk(file, b"eXIf", exif.removeprefix(metadata.EXIF))
    compressor = zlib.compressobj(ZLIB_LEVEL)
    above = np.zeros((1, width * samples * 2), np.uint8)
    for band in bands(layers):
        rows = band.astype(">u2").view(np.uint8).reshape(len(band), -1)
        filtered = np.full((len(rows), 1 + rows.shape[1]), 2, np.uint8)  # 2: the row above is subtracted
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
        above = rows[-1:]
        _chunk(file, b"IDAT", compressor.compress(filtered.data))
    _chunk(file, b"IDAT", compressor.flush())
    _chunk(file, b"IEND", b"")


def _chunk(file: IO[bytes], kind: bytes, data: bytes) -> None:
    file.writelines((struct.pack(">I4s", len(data), kind), data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))
