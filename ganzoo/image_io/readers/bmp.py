"""BMP: the size and the length of its rows. Source: Microsoft, BITMAPCOREHEADER and BITMAPINFOHEADER."""

from __future__ import annotations

import struct
from typing import IO

from ganzoo.image_io.readers.container import Container, read_exactly

CORE_HEADER = 12  # bytes of the oldest header
UNCOMPRESSED, RLE8, RLE4, BIT_FIELDS = 0, 1, 2, 3
MAX_RLE_WIDTH = 65535  # Pillow's decoder takes 255 rows at once from two bytes of a BMP


def read(file: IO[bytes]) -> Container:
    file.seek(14)
    (header,) = struct.unpack("<I", read_exactly(file, 4))
    if header == CORE_HEADER:
        width, height, _, bits = struct.unpack("<HHHH", read_exactly(file, 8))
        compression = UNCOMPRESSED
    else:
        width, height, _, bits, compression = struct.unpack("<IiHHI", read_exactly(file, 16))
    height = abs(height)
    if compression in (RLE8, RLE4) and width > MAX_RLE_WIDTH:
        raise ValueError(f"its rows of {width} pixels are longer than the {MAX_RLE_WIDTH} of a compressed BMP")
    row_bytes = (width * bits + 31) // 32 * 4
    return Container("BMP", width, height, row_bytes * height if compression in (UNCOMPRESSED, BIT_FIELDS) else 0, file)
