"""What an image file declares, checked before a decoder believes it: size, profile, EXIF; and the bare image.

Decoders allocate what a header asks for, and unpack what lies around the pixels. So sizes are read here first, and
PNG and JPEG are passed on without metadata: damaged or hostile metadata cannot spoil the image.

Kept by hand: Pillow and imagecodecs read metadata within the decoder, where a damaged profile spoils the whole image.
No library hands over the bare image of a PNG or JPEG without decoding it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO

from ganzoo.image_io.readers.tag_directories import Directory

CUT_OFF = "it is cut off"
NO_IMAGE = "it is cut off, or has no image in it"


@dataclass(frozen=True)
class Container:
    """An image file, described by what lies around its pixels.

    Attributes:
        format: Pillow's name of the file format.
        width: Pixels.
        height: Pixels.
        min_bytes: A shorter file cannot hold ``width`` x ``height`` pixels, however well it is compressed.
        file: What to decode.
        icc: Color profile as found, b"" for none.
        exif: EXIF as found, with or without its first six bytes, b"" for none.
        xmp: XMP as found, b"" for none.
        tags: The directory of a TIFF.
        transparent_color: The color that a PNG without alpha declares transparent; () for none.
        more: A PNG declares more frames, which ``file`` does not have any more, or a TIFF has more pages.
    """

    format: str
    width: int
    height: int
    min_bytes: int
    file: IO[bytes]
    icc: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    tags: Directory | None = None
    transparent_color: tuple[int, ...] = ()
    more: bool = False

    def check_length(self) -> None:
        """Raise ValueError where the file is too short for the size that it declares."""
        length = self.file.seek(0, os.SEEK_END)
        if length < self.min_bytes:
            raise ValueError(f"{CUT_OFF}: it has {length} bytes, and its pixels take {self.min_bytes} at least")


def read_exactly(file: IO[bytes], count: int) -> bytes:
    """Return the next ``count`` bytes. Raises ValueError where the file ends before."""
    data = file.read(count)
    if len(data) < count:
        raise ValueError(CUT_OFF)
    return data
