"""What a picture's file declares, checked before a decoder believes it: size, profile, EXIF; and the bare picture.

Decoders allocate what a header asks for, and unpack what lies around the pixels. So sizes are read here first, and
PNG and JPEG are handed on without metadata: what is damaged or hostile in it cannot spoil the picture.
Every function takes a binary file that can seek, and raises ValueError where the file is damaged.
"""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from ganzoo.image_io.readers import metadata, tag_directories, tiff
from ganzoo.image_io.readers.tag_directories import Directory

XMP, EXIF_IN_HEX = b"XML:com.adobe.xmp", b"Raw profile type exif"  # the texts of a PNG that matter here
NOTHING = "it is cut off, or has no picture in it"
MAX_METADATA = 1 << 24  # bytes that a compressed profile or text may unpack to
MAX_RLE_WIDTH = 65535  # Pillow's decoder takes 255 rows at once from two bytes of a BMP

# The most pixels that one byte of a compressed picture can give, whatever the picture.
DEFLATE = 1032  # bytes, not pixels
GIF_PIXELS = 2731  # a code of 12 bits for a string of at most 4096
JPEG_PIXELS = 1024  # a block of 64 takes a bit at least, in one component of full size or in several smaller ones


@dataclass(frozen=True)
class Container:
    """A file of pictures, by what lies around the pixels.

    ``kind`` is Pillow's name of it, ``file`` what to decode. A file of fewer than ``least`` bytes holds no picture
    of ``width`` x ``height`` pixels, however well it is compressed. ``icc``, ``exif`` (with or without its first six
    bytes) and ``xmp`` are as found, b"" where not. ``tags`` is the directory of a TIFF. ``key`` is the color that a
    PNG without alpha names transparent.
    """

    kind: str
    width: int
    height: int
    least: int
    file: IO[bytes]
    icc: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    tags: Directory | None = None
    key: tuple[int, ...] = ()

    def check(self) -> None:
        """Raise ValueError where the file is too small for what it declares."""
        length = self.file.seek(0, os.SEEK_END)
        if length < self.least:
            raise ValueError(f"it is cut off: it has {length} bytes, and its pixels take {self.least} at least")


def read(file: IO[bytes]) -> Container | None:
    """Tell what a file holds by its first bytes; None where it is no picture of a known kind."""
    file.seek(0)
    start = file.read(12)
    for magic, found in (
        (b"\x89PNG\r\n\x1a\n", _png),
        (b"\xff\xd8\xff", _jpeg),
        (b"BM", _bmp),
        (b"GIF87a", _gif),
        (b"GIF89a", _gif),
        (b"II", _tiff),
        (b"MM", _tiff),
    ):
        if start.startswith(magic):
            return found(file)
    return _webp(file) if start[:4] == b"RIFF" and start[8:] == b"WEBP" else None


# ---- PNG -------------------------------------------------------------------------------------------------------------


def _png(file: IO[bytes]) -> Container:
    """Keep size, palette, transparency and pixels; of an animation, the picture that readers without animation show."""
    found: dict[bytes, bytes] = {}
    texts: dict[bytes, bytes] = {}
    pixels = []
    for kind, data, whole in _png_chunks(file):
        if kind == b"IDAT":
            pixels.append(data)
        elif kind in (b"zTXt", b"tEXt", b"iTXt"):
            texts.update(_png_text(kind, data) if whole else {})
        elif whole and kind in ((b"eXIf",) if pixels else (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf")):
            found.setdefault(kind, data)
    if len(found.get(b"IHDR", b"")) != 13 or not pixels:
        raise ValueError(NOTHING)
    width, height, bits, color = struct.unpack_from(">IIBB", found[b"IHDR"])
    body = [(b"IHDR", found[b"IHDR"])]
    if color == 3:
        if not found.get(b"PLTE") or len(found[b"PLTE"]) % 3:
            raise ValueError("its palette is missing")
        body.append((b"PLTE", found[b"PLTE"][: 3 << bits]))
        if b"tRNS" in found:
            body.append((b"tRNS", found[b"tRNS"][: 1 << bits]))
    body += [(b"IDAT", data) for data in pixels] + [(b"IEND", b"")]
    bare = io.BytesIO()
    bare.write(b"\x89PNG\r\n\x1a\n")
    for kind, data in body:
        bare.writelines(
            (struct.pack(">I4s", len(data), kind), data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind))))
        )
    channels = {2: 3, 4: 2, 6: 4}.get(color, 1)
    profile = found.get(b"iCCP", b"").partition(b"\0")[2]
    return Container(
        "PNG",
        width,
        height,
        width * height * bits * channels // 8 // DEFLATE,
        bare,
        _inflated(profile[1:]) if profile[:1] == b"\0" else b"",
        found.get(b"eXIf", b"") or _exif_in_hex(texts.get(EXIF_IN_HEX, b"")),
        texts.get(XMP, b""),
        key=_png_key(found.get(b"tRNS", b""), bits, color),
    )


def _png_chunks(file: IO[bytes]) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield kind, data and whether the checksum is right, which is demanded of the chunks that matter."""
    file.seek(8)
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        data = file.read(length) if length < 1 << 31 else b""
        sum_ = file.read(4)
        whole = sum_ == struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
        if kind in (b"IHDR", b"PLTE", b"IDAT") and not whole:
            raise ValueError("it is cut off" if len(sum_) < 4 else f"the checksum of its {kind.decode()} is wrong")
        yield kind, data, whole


def _png_key(key: bytes, bits: int, color: int) -> tuple[int, ...]:
    """Return the transparent color, of less than 8 bits in the range of 8; () where there is none."""
    if len(key) != {0: 2, 2: 6}.get(color):
        return ()
    top = (1 << bits) - 1
    return tuple((level & top) * (255 // top if bits < 8 else 1) for level in struct.unpack(f">{len(key) // 2}H", key))


def _png_text(kind: bytes, data: bytes) -> dict[bytes, bytes]:
    name, _, rest = data.partition(b"\0")
    if name not in (XMP, EXIF_IN_HEX):
        return {}
    if kind == b"tEXt":
        return {name: rest}
    if kind == b"zTXt":
        return {name: _inflated(rest[1:])}
    packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    return {name: _inflated(text) if packed else text}


def _inflated(data: bytes) -> bytes:
    """Unpack a profile or text; b"" where it is damaged, or too large to be one."""
    unpacker = zlib.decompressobj()
    try:
        found = unpacker.decompress(data, MAX_METADATA)
    except zlib.error:
        return b""
    return found if unpacker.eof else b""


def _exif_in_hex(text: bytes) -> bytes:
    """Unpack EXIF as ImageMagick wrote it before PNG had a chunk for it: three lines, then digits."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""


# ---- JPEG ------------------------------------------------------------------------------------------------------------


def _jpeg(file: IO[bytes]) -> Container:
    """Keep of the metadata only what says how colors are coded; the rest gets a marker that no decoder looks into."""
    file.seek(0)
    data = bytearray(file.read())
    size, least = None, 0
    exif, xmp, profile = bytearray(), b"", {}
    for marker, start, end in _jpeg_segments(data):
        segment = bytes(data[start:end])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and len(segment) >= 6:
            size = height, width = struct.unpack_from(">HH", segment, 1)
            least = width * height // JPEG_PIXELS if marker < 0xC8 else 0  # arithmetic coding has no such limit
        elif marker == 0xE1 and segment.startswith(metadata.EXIF):
            exif += segment[len(metadata.EXIF) :]
        elif marker == 0xE1 and segment.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
            xmp = segment.partition(b"\0")[2]
        elif marker == 0xE2 and segment.startswith(b"ICC_PROFILE\0") and len(segment) > 14:
            profile[segment[12]] = segment[13], segment[14:]
        telling = (marker == 0xE0 and len(segment) >= 14) or (marker == 0xEE and len(segment) >= 12)
        if marker == 0xFE or (0xE0 <= marker <= 0xEF and not telling):
            data[start - 3] = 0xEF
    if size is None:
        raise ValueError(NOTHING)
    parts = [profile[number][1] for number in sorted(profile)]
    complete = {count for count, _ in profile.values()} == {len(parts)}
    icc = b"".join(parts) if complete else b""
    return Container("JPEG", width, height, least, io.BytesIO(data), icc, bytes(exif), xmp)


def _jpeg_segments(data: bytearray) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment before the first scan."""
    place = 2
    while (place := data.find(b"\xff", place)) >= 0 and place + 4 <= len(data):
        marker = data[place + 1]
        place += 1
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            continue
        if marker in (0xD9, 0xDA):
            return
        end = place + 1 + struct.unpack_from(">H", data, place + 1)[0]
        if end < place + 3 or end > len(data):
            raise ValueError("it is cut off")
        yield marker, place + 3, end
        place = end


# ---- the others ------------------------------------------------------------------------------------------------------


def _gif(file: IO[bytes]) -> Container:
    file.seek(6)
    width, height, flags = struct.unpack("<HHB", _exactly(file, 5))
    file.seek(2 + (3 << (flags & 7) + 1 if flags & 128 else 0), os.SEEK_CUR)
    while (block := _exactly(file, 1)) != b",":
        if block == b";":
            raise ValueError(NOTHING)
        if block == b"!":
            _exactly(file, 1)
            while length := _exactly(file, 1)[0]:
                file.seek(length, os.SEEK_CUR)
    left, top, wide, high = struct.unpack("<HHHH", _exactly(file, 8))
    # Pillow enlarges the screen to the first frame.
    return Container("GIF", max(width, left + wide), max(height, top + high), wide * high // GIF_PIXELS, file)


def _exactly(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise ValueError("it is cut off")
    return data


def _bmp(file: IO[bytes]) -> Container:
    file.seek(14)
    (head,) = struct.unpack("<I", _exactly(file, 4))
    if head == 12:
        width, height, _, bits = struct.unpack("<HHHH", _exactly(file, 8))
        packing = 0
    else:
        width, height, _, bits, packing = struct.unpack("<IiHHI", _exactly(file, 16))
    height = abs(height)
    if packing in (1, 2) and width > MAX_RLE_WIDTH:
        raise ValueError(f"its rows of {width} pixels are longer than the {MAX_RLE_WIDTH} of a packed BMP")
    return Container("BMP", width, height, (width * bits + 31) // 32 * 4 * height if packing in (0, 3) else 0, file)


def _webp(file: IO[bytes]) -> Container:
    """Read the size and the metadata that `libwebp` would show."""
    width = height = 0
    found: dict[bytes, bytes] = {}
    end = file.seek(0, os.SEEK_END)
    place = 12
    while place + 8 <= end:
        file.seek(place)
        kind, length = struct.unpack("<4sI", file.read(8))
        if kind in (b"VP8X", b"VP8 ", b"VP8L"):
            wide, high = _webp_size(kind, file.read(10))
            width, height = max(width, wide), max(height, high)
        elif kind in (b"ICCP", b"EXIF", b"XMP ") and place + 8 + length <= end:
            found.setdefault(kind, file.read(length))
        place += 8 + length + length % 2
    if not width:
        raise ValueError(NOTHING)
    icc, exif, xmp = (found.get(kind, b"") for kind in (b"ICCP", b"EXIF", b"XMP "))
    return Container("WEBP", width, height, 0, file, icc, exif, xmp)


def _webp_size(kind: bytes, head: bytes) -> tuple[int, int]:
    head = head.ljust(10, b"\0")  # the pixels of a lossless 1x1 may take less
    if kind == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF


def _tiff(file: IO[bytes]) -> Container:
    tags = tag_directories.read(file)
    for tag in (metadata.EXIF_TAGS, metadata.GPS_TAGS, 0xA005):  # Pillow reads what these point to
        child = tags.child(tag)
        if child and child.length > file.seek(0, os.SEEK_END):
            raise ValueError("its directory refers to more bytes than it has")
    if 256 not in tags or 257 not in tags:
        raise ValueError(NOTHING)
    width, height = tags.number(256), tags.number(257)
    icc, xmp = (tags.value(tag)[1] if tag in tags else b"" for tag in (metadata.ICC, metadata.XMP))
    return Container("TIFF", width, height, tiff.least(tags), file, icc, b"", xmp, tags)
