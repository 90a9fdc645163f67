"""Picture files written byte by byte, without Pillow: kinds that it does not write, and damage where it is wanted."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence

import numpy as np

PNG = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of PNG's color types
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


# ---- PNG -------------------------------------------------------------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int, bits: int = 8, color: int = 2, interlaced: bool = False) -> bytes:
    """The first chunk of a PNG."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlaced))


def png(
    levels: np.ndarray, bits: int = 8, color: int | None = None, interlaced: bool = False, extra: Iterable[bytes] = ()
) -> bytes:
    """A PNG of (H, W, C) levels in 0 .. 2**bits - 1; ``extra`` chunks come before the pixels."""
    height, width, channels = levels.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels] if color is None else color
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    rows = b"".join(_png_rows(levels[top::down, left::right], bits) for top, left, down, right in passes)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return PNG + header(width, height, bits, kind, interlaced) + b"".join(extra) + pixels + chunk(b"IEND", b"")


def _png_rows(levels: np.ndarray, bits: int) -> bytes:
    """Rows, of which the odd ones of whole bytes use filter 1: the difference to the left pixel."""
    if not levels.size:
        return b""
    rows = b""
    step = max(1, levels.shape[2] * bits // 8)
    for y, row in enumerate(packed(levels, bits)):
        filtered = y % 2 if bits >= 8 else 0
        left = np.concatenate([np.zeros(step, np.uint8), row[:-step]])
        rows += bytes([filtered]) + (row - left if filtered else row).tobytes()
    return rows


def packed(levels: np.ndarray, bits: int) -> np.ndarray:
    """Lay (H, W, C) levels of 1 to 16 bits side by side, most significant bit first; rows begin at whole bytes."""
    flat = levels.reshape(len(levels), -1).astype(">u2")
    spread = np.unpackbits(flat.view(np.uint8).reshape(*flat.shape, 2), axis=2)[..., -bits:]
    return np.packbits(spread.reshape(len(levels), -1), axis=1)


# ---- TIFF and EXIF ---------------------------------------------------------------------------------------------------

LETTERS = {1: "B", 2: "s", 3: "H", 4: "I", 7: "s"}
Tag = tuple[int, int, object]  # number, kind, and numbers or bytes


def directory(tags: Iterable[Tag], order: str = "<", start: int = 8) -> bytes:
    """A directory of tags that lies at ``start``, its values behind it."""
    entries, behind = b"", b""
    tags = sorted(tags)
    place = start + 6 + 12 * len(tags)
    for tag, kind, value in tags:
        if isinstance(value, bytes):
            data, count = value, len(value)
        else:
            numbers = value if isinstance(value, (list, tuple)) else [value]
            data, count = struct.pack(f"{order}{len(numbers)}{LETTERS[kind]}", *numbers), len(numbers)
        field = data.ljust(4, b"\0")
        if len(data) > 4:
            field = struct.pack(order + "I", place + len(behind))
            behind += data + bytes(len(data) % 2)
        entries += struct.pack(order + "HHI", tag, kind, count) + field
    return struct.pack(order + "H", len(tags)) + entries + bytes(4) + behind


def exif(*tags: Tag, order: str = "<") -> bytes:
    """An EXIF block."""
    return b"Exif\0\0" + (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8) + directory(tags, order)


def tiff(
    blocks: Sequence[bytes], width: int, height: int, changes: dict[int, Tag | None] | None = None, order: str = "<"
) -> bytes:
    """A TIFF of strips; RGB of 8 bits, uncompressed, in one strip, unless ``changes`` by tag says otherwise."""
    sizes = [len(block) for block in blocks]
    places = np.cumsum([8, *sizes])[:-1].tolist()
    usual: list[Tag] = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, [8, 8, 8]),
        (259, 3, 1),
        (262, 3, 2),
        (273, 4, places),
        (277, 3, 3),
        (278, 4, height),
        (279, 4, sizes),
    ]
    tags = {tag[0]: tag for tag in usual} | (changes or {})
    data = b"".join(blocks)
    data += bytes(len(data) % 2)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8 + len(data))
    return head + data + directory([tag for tag in tags.values() if tag], order, 8 + len(data))


# ---- GIF, BMP --------------------------------------------------------------------------------------------------------


def gif(
    width: int,
    height: int,
    frame: tuple[int, int, int, int] | None = None,
    disposal: int = 0,
    codes: bytes = b"\x44\x0a",
) -> bytes:
    """A GIF of two colors with one frame (left, top, width, height); ``codes`` are its packed pixels, here two."""
    control = b"!\xf9\4" + bytes([disposal << 2, 0, 0, 0, 0])
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\xff\0\0\0\0\xff"
    place = struct.pack("<HHHHB", *(frame or (0, 0, width, height)), 0)
    return b"GIF89a" + screen + control + b"," + place + b"\2" + bytes([len(codes)]) + codes + b"\0;"


def bmp(width: int, height: int, bits: int, data: bytes, packing: int = 0, palette: bytes = b"") -> bytes:
    """A BMP with the usual header of 40 bytes; ``height`` below zero is top down."""
    start = 54 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, packing, len(data), 0, 0, len(palette) // 4 % 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + palette + data


# ---- color profiles -------------------------------------------------------------------------------------------------

SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))  # CIE XYZ of its primaries, D50
WHITE = (0.9642, 1.0, 0.8249)


def profile(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    """A color profile, version 2.4. Source: ICC.1:2001-04."""
    tags = {b"desc": _described(b"made up"), b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(WHITE)} | tags
    place, table, data = 132 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        table += struct.pack(">4sII", name, place + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(">I4sI4s4s4s12s4s", place + len(data), b"", 0x02400000, kind, space, connection, b"", b"acsp")
    head = head.ljust(68, b"\0") + _xyz(WHITE)[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def _described(text: bytes) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + bytes(1 + 78)


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def rgb_profile(primaries: Sequence[Sequence[float]] = SRGB, gamma: float = 2.2) -> bytes:
    """Three primaries and a gamma."""
    colors = {name + b"XYZ": _xyz(primary) for name, primary in zip((b"r", b"g", b"b"), primaries, strict=True)}
    return profile(b"RGB ", colors | {name + b"TRC": _curve(gamma) for name in (b"r", b"g", b"b")})


def gray_profile(gamma: float) -> bytes:
    """A gray of another gamma."""
    return profile(b"GRAY", {b"kTRC": _curve(gamma)})


def cmyk_profile(lab: dict[tuple[int, int, int, int], tuple[int, int, int]]) -> bytes:
    """The 16 corners of full and no ink, as Lab of 8 bits; those that are not given are white, or black with K."""
    corners = [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    table = b"".join(bytes(lab.get(corner, (0 if corner[3] else 255, 128, 128))) for corner in corners)
    unit = b"".join(struct.pack(">i", 65536 * (index % 4 == 0)) for index in range(9))
    straight = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + straight * 4 + table + straight * 3
    return profile(b"CMYK", {b"A2B0": lut, b"A2B1": lut}, b"Lab ")
