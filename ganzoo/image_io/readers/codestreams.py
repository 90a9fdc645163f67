"""What a compressed image says of itself before it is decoded: decoders take the memory that it asks for.

JPEG (ISO 10918-1), lossless JPEG, JPEG-LS (ISO 14495-1) and JPEG 2000 (ISO 15444-1) are told by their first markers.
"""

from __future__ import annotations

from collections.abc import Iterator

JPEG, JPEG2000 = b"\xff\xd8", b"\xff\x4f\xff\x51"
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC} | {0xF7}  # markers of a frame's header; F7: JPEG-LS
JPEG_LS, SCAN, ALONE = 0xF7, 0xDA, {0x01, *range(0xD0, 0xD9)}  # the last have no length
END = b"\xff\xd9"
BOXES = 4096  # bytes in which the codestream of a JP2 file begins


def declared_size(data: bytes) -> tuple[int, int] | None:
    """Return (height, width) that a codestream declares; None where it is of another kind, or declares none."""
    if data.startswith(JPEG):
        return next(((height, width) for _, height, width in _frames(data)), None)
    at = data.find(JPEG2000, 0, BOXES)
    if at < 0:
        return None
    right, bottom, left, top = (int.from_bytes(data[at + 8 + 4 * n :][:4], "big") for n in range(4))
    return max(0, bottom - top), max(0, right - left)


def check(data: bytes, most: int) -> None:
    """Raise ValueError for a codestream that declares more than ``most`` pixels, or would not end.

    The decoder of JPEG-LS may run for ever where the mark of the end is missing.
    """
    size = declared_size(data)
    if size and size[0] * size[1] > most:
        raise ValueError(f"its compressed pixels declare {size[1]}x{size[0]}, more than the file does")
    if any(marker == JPEG_LS for marker, _, _ in _frames(data)) and not data.rstrip(b"\0").endswith(END):
        raise ValueError("it is truncated")


def _frames(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, height and width of the headers of frames before the first scan."""
    at = 2 if data.startswith(JPEG) else len(data)
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker in FRAMES:
            yield marker, int.from_bytes(data[at + 5 : at + 7], "big"), int.from_bytes(data[at + 7 : at + 9], "big")
        if marker == SCAN:
            return
        length = 0 if marker in ALONE or marker == 0xFF else int.from_bytes(data[at + 2 : at + 4], "big")
        at += 1 if marker == 0xFF else 2 + length
