"""JPEG: size, profile, EXIF and XMP, and the bare image with its metadata disabled. Source: ITU-T T.81, annex B."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from ganzoo.image_io.readers import metadata
from ganzoo.image_io.readers.container import CUT_OFF, NO_IMAGE, Container

# The most pixels that one byte gives: a block of 64 takes one bit at least, in one component of full size or in several
# smaller ones.
PIXELS_PER_BYTE = 1024
XMP = b"http://ns.adobe.com/xap/1.0/\0"
ICC = b"ICC_PROFILE\0"
APP0, APP1, APP2, APP14, APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
COMMENT = 0xFE


@dataclass
class Header:
    """What the segments before the first scan say. ``profile``: number of a part -> (count of parts, data)."""

    size: tuple[int, int] | None = None  # width, height
    min_bytes: int = 0
    exif: bytearray = field(default_factory=bytearray)
    xmp: bytes = b""
    profile: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def add(self, marker: int, segment: bytes) -> None:
        """Take a segment into account."""
        if _is_frame(marker) and len(segment) >= 6:
            height, width = struct.unpack_from(">HH", segment, 1)
            self.size = width, height
            self.min_bytes = width * height // PIXELS_PER_BYTE if marker < 0xC8 else 0  # no limit in arithmetic coding
        elif marker == APP1 and segment.startswith(metadata.EXIF):
            self.exif += segment[len(metadata.EXIF) :]
        elif marker == APP1 and segment.startswith(XMP):
            self.xmp = segment.partition(b"\0")[2]
        elif marker == APP2 and segment.startswith(ICC) and len(segment) > 14:
            self.profile[segment[12]] = segment[13], segment[14:]

    def icc(self) -> bytes:
        """Return the color profile, b"" where a part of it is missing."""
        parts = [self.profile[number][1] for number in sorted(self.profile)]
        complete = {count for count, _ in self.profile.values()} == {len(parts)}
        return b"".join(parts) if complete else b""


def read(file: IO[bytes]) -> Container:
    """Keep only the metadata that says how colors are coded; the rest gets a marker that no decoder looks into."""
    file.seek(0)
    data = bytearray(file.read())
    header = Header()
    for marker, start, end in _segments(data):
        header.add(marker, bytes(data[start:end]))
        if _is_metadata(marker, end - start):
            data[start - 3] = APP15
    if header.size is None:
        raise ValueError(NO_IMAGE)
    width, height = header.size
    return Container(
        "JPEG", width, height, header.min_bytes, io.BytesIO(data), header.icc(), bytes(header.exif), header.xmp
    )


def _segments(data: bytearray) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment before the first scan."""
    place = 2
    while (place := data.find(b"\xff", place)) >= 0 and place + 4 <= len(data):
        marker = data[place + 1]
        place += 1
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:  # without a segment
            continue
        if marker in (0xD9, 0xDA):  # the end of the image, or the first scan
            return
        end = place + 1 + struct.unpack_from(">H", data, place + 1)[0]
        if end < place + 3 or end > len(data):
            raise ValueError(CUT_OFF)
        yield marker, place + 3, end
        place = end


def _is_frame(marker: int) -> bool:
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)


def _is_metadata(marker: int, length: int) -> bool:
    """Tell whether decoding needs nothing of a segment. JFIF (APP0) and Adobe (APP14) say how colors are coded."""
    codes_colors = (marker == APP0 and length >= 14) or (marker == APP14 and length >= 12)
    return marker == COMMENT or (APP0 <= marker <= APP15 and not codes_colors)
