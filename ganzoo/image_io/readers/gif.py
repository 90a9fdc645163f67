"""GIF: the size of the screen and of the first frame. Source: GIF89a specification."""

from __future__ import annotations

import os
import struct
from typing import IO

from ganzoo.image_io.readers.container import NO_IMAGE, Container, read_exactly

PIXELS_PER_BYTE = 2731  # at most: a code of 12 bits stands for a string of at most 4096


def read(file: IO[bytes]) -> Container:
    file.seek(6)
    width, height, flags = struct.unpack("<HHB", read_exactly(file, 5))
    file.seek(2 + (3 << (flags & 7) + 1 if flags & 128 else 0), os.SEEK_CUR)
    _skip_to_first_frame(file)
    left, top, frame_width, frame_height = struct.unpack("<HHHH", read_exactly(file, 8))
    # Pillow enlarges the screen to the first frame.
    width, height = max(width, left + frame_width), max(height, top + frame_height)
    return Container("GIF", width, height, frame_width * frame_height // PIXELS_PER_BYTE, file)


def _skip_to_first_frame(file: IO[bytes]) -> None:
    while (block := read_exactly(file, 1)) != b",":
        if block == b";":
            raise ValueError(NO_IMAGE)
        if block == b"!":
            read_exactly(file, 1)
            while length := read_exactly(file, 1)[0]:
                file.seek(length, os.SEEK_CUR)
