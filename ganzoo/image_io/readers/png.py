"""PNG: size, profile and EXIF, and the bare image without metadata. Source: PNG specification, third edition."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from ganzoo.image_io.readers.container import CUT_OFF, NO_IMAGE, Container

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP, EXIF_IN_HEX = b"XML:com.adobe.xmp", b"Raw profile type exif"  # keywords of the text chunks that matter here
TEXT_CHUNKS = (b"zTXt", b"tEXt", b"iTXt")
CHUNKS_BEFORE_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"acTL")
CHECKED_CHUNKS = (b"IHDR", b"PLTE", b"IDAT")  # which must have the right checksum
MAX_METADATA = 1 << 24  # bytes that a compressed profile or text may unpack to
DEFLATE_RATIO = 1032  # most bytes that one compressed byte gives
PALETTE = 3  # color type
CHANNELS = {2: 3, 4: 2, 6: 4}  # by color type; all others have 1


@dataclass
class Chunks:
    """The chunks that are used: ``single`` by type, the pixels in order, texts by keyword."""

    single: dict[bytes, bytes] = field(default_factory=dict)
    pixels: list[bytes] = field(default_factory=list)
    texts: dict[bytes, bytes] = field(default_factory=dict)

    def get(self, kind: bytes) -> bytes:
        """Return the data of a chunk, b"" where there is none."""
        return self.single.get(kind, b"")


def read(file: IO[bytes]) -> Container:
    """Keep size, palette, transparency and pixels; of an animation, the image that viewers without animation show."""
    chunks = _collect(file)
    width, height, bits, color = struct.unpack_from(">IIBB", chunks.get(b"IHDR"))
    return Container(
        "PNG",
        width,
        height,
        width * height * bits * CHANNELS.get(color, 1) // 8 // DEFLATE_RATIO,
        _bare(chunks, bits, color),
        _profile(chunks.get(b"iCCP")),
        chunks.get(b"eXIf") or _exif_in_hex(chunks.texts.get(EXIF_IN_HEX, b"")),
        chunks.texts.get(XMP, b""),
        transparent_color=_transparent_color(chunks.get(b"tRNS"), bits, color),
        more=int.from_bytes(chunks.get(b"acTL")[:4], "big") > 1,
    )


def _collect(file: IO[bytes]) -> Chunks:
    """Return the chunks that are used. Raises ValueError where header or pixels are missing."""
    chunks = Chunks()
    for kind, data, intact in _iterate(file):
        if kind == b"IDAT":
            chunks.pixels.append(data)
        elif kind in TEXT_CHUNKS:
            chunks.texts.update(_text(kind, data) if intact else {})
        elif intact and kind in ((b"eXIf",) if chunks.pixels else CHUNKS_BEFORE_PIXELS):
            chunks.single.setdefault(kind, data)
    if len(chunks.get(b"IHDR")) != 13 or not chunks.pixels:
        raise ValueError(NO_IMAGE)
    return chunks


def _iterate(file: IO[bytes]) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield type, data and whether the checksum is right. Raises ValueError where it is wrong and matters."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        data = file.read(length) if length < 1 << 31 else b""
        checksum = file.read(4)
        intact = checksum == _checksum(kind, data)
        if kind in CHECKED_CHUNKS and not intact:
            raise ValueError(CUT_OFF if len(checksum) < 4 else f"the checksum of its {kind.decode()} is wrong")
        yield kind, data, intact


def _checksum(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))


def _bare(chunks: Chunks, bits: int, color: int) -> IO[bytes]:
    """Return the image as a file without metadata."""
    body = [(b"IHDR", chunks.get(b"IHDR"))]
    if color == PALETTE:
        body += _palette(chunks, bits)
    body += [(b"IDAT", data) for data in chunks.pixels] + [(b"IEND", b"")]
    bare = io.BytesIO()
    bare.write(SIGNATURE)
    for kind, data in body:
        bare.writelines((struct.pack(">I4s", len(data), kind), data, _checksum(kind, data)))
    return bare


def _palette(chunks: Chunks, bits: int) -> list[tuple[bytes, bytes]]:
    """Return the chunks of the palette, and of its alpha, with as many entries as ``bits`` can address."""
    colors = chunks.get(b"PLTE")
    if not colors or len(colors) % 3:
        raise ValueError("its palette is missing")
    alpha = [(b"tRNS", chunks.get(b"tRNS")[: 1 << bits])] if b"tRNS" in chunks.single else []
    return [(b"PLTE", colors[: 3 << bits]), *alpha]


def _transparent_color(data: bytes, bits: int, color: int) -> tuple[int, ...]:
    """Return the transparent color; fewer than 8 bits are spread over the range of 8. () where there is none."""
    if len(data) != {0: 2, 2: 6}.get(color):
        return ()
    top = (1 << bits) - 1
    levels = struct.unpack(f">{len(data) // 2}H", data)
    return tuple((level & top) * (255 // top if bits < 8 else 1) for level in levels)


def _profile(data: bytes) -> bytes:
    packed = data.partition(b"\0")[2]
    return _inflate(packed[1:]) if packed[:1] == b"\0" else b""


def _text(kind: bytes, data: bytes) -> dict[bytes, bytes]:
    keyword, _, rest = data.partition(b"\0")
    if keyword not in (XMP, EXIF_IN_HEX):
        return {}
    if kind == b"tEXt":
        return {keyword: rest}
    if kind == b"zTXt":
        return {keyword: _inflate(rest[1:])}
    packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return {keyword: _inflate(text) if packed else text}


def _inflate(data: bytes) -> bytes:
    """Unpack a profile or text; b"" where it is damaged, or too large to be one."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, MAX_METADATA)
    except zlib.error:
        return b""
    return unpacked if unpacker.eof else b""


def _exif_in_hex(text: bytes) -> bytes:
    """Unpack EXIF as ImageMagick wrote it before PNG had a chunk for it: three lines, then hexadecimal digits."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""
