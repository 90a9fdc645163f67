"""WebP: the size, and the metadata that `libwebp` would show. Source: RFC 9649."""

from __future__ import annotations

import os
import struct
from typing import IO

from ganzoo.image_io.readers.container import NO_IMAGE, Container


def read(file: IO[bytes]) -> Container:
    width = height = 0
    metadata: dict[bytes, bytes] = {}
    end = file.seek(0, os.SEEK_END)
    place = 12
    while place + 8 <= end:
        file.seek(place)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind in (b"VP8X", b"VP8 ", b"VP8L"):
            chunk_width, chunk_height = _size(kind, file.read(10))
            width, height = max(width, chunk_width), max(height, chunk_height)
        elif kind in (b"ICCP", b"EXIF", b"XMP ") and place + 8 + length <= end:
            metadata.setdefault(kind, file.read(length))
        place += 8 + length + length % 2
    if not width:
        raise ValueError(NO_IMAGE)
    icc, exif, xmp = (metadata.get(kind, b"") for kind in (b"ICCP", b"EXIF", b"XMP "))
    return Container("WEBP", width, height, 0, file, icc, exif, xmp)


def _size(kind: bytes, head: bytes) -> tuple[int, int]:
    """Return width and height from the first 10 bytes of a chunk."""
    head = head.ljust(10, b"\0")  # the pixels of a lossless 1x1 may take less
    if kind == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
