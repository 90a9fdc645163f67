"""Odd files, the malformed ones: cut off, corrupted, no pictures at all, sizes from 1x1 to what fits in no memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import raw_files as raw
from odd_files import Odd, Right, array, encoded, noise, photo
from PIL import Image
from raw_files import chunk

# ---- whole files of every kind, to be damaged ------------------------------------------------------------------------


def whole() -> dict[str, bytes]:
    image, deep = photo(), noise(24, 20, 3, top=65536)
    return {
        "png": encoded(image, "PNG"),
        "interlaced.png": raw.png(array(image), interlaced=True),
        "deep.png": raw.png(deep, 16),
        "palette.png": encoded(image.quantize(64), "PNG"),
        "jpg": encoded(image, "JPEG", quality=90),
        "progressive.jpg": encoded(image, "JPEG", progressive=True),
        "gif": encoded(image, "GIF"),
        "bmp": encoded(image, "BMP"),
        "tif": encoded(image, "TIFF"),
        "lzw.tif": encoded(image, "TIFF", compression="tiff_lzw"),
        "deep.tif": raw.tiff([deep.astype("<u2").tobytes()], 20, 24, {258: (258, 3, [16] * 3)}),
        "webp": encoded(image, "WEBP"),
        "lossless.webp": encoded(image, "WEBP", lossless=True),
    }


def truncated() -> Iterator[Odd]:
    for name, data in whole().items():
        for share in (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9):
            yield Odd(f"truncated/{share}.{name}", data[: max(1, int(len(data) * share))], "error")
        yield Odd(f"truncated/by-1.{name}", data[:-1], "either")  # it may be the end mark


def corrupted() -> Iterator[Odd]:
    for name, data in whole().items():
        for seed in range(8):
            random = np.random.default_rng(seed)
            changed = np.frombuffer(data, np.uint8).copy()
            where = random.integers(len(data) // 4, len(data) * 3 // 4, 3)
            changed[where] ^= random.integers(1, 256, 3, np.uint8)
            right: Right = "error" if name.endswith("png") else "either"  # PNG has checksums
            yield Odd(f"corrupted/{seed}.{name}", changed.tobytes(), right)
        for seed in range(3):
            random = np.random.default_rng(100 + seed)
            changed = np.frombuffer(data, np.uint8).copy()
            changed[random.integers(8, 60, 2)] = random.integers(0, 256, 2)
            yield Odd(f"corrupted-head/{seed}.{name}", changed.tobytes(), "either")


def overwritten() -> Iterator[Odd]:
    """The first bytes as they were, then something else, as after a failed download."""
    for name, data in whole().items():
        yield Odd(f"zeros-behind/{name}", data[:12] + bytes(len(data)), "error")
        noise_ = np.random.default_rng(9).integers(0, 256, 400, np.uint8).tobytes()
        yield Odd(f"noise-behind/{name}", data[:12] + noise_, "either" if "jpg" in name else "error")


def wrong_suffix() -> Iterator[Odd]:
    image = photo(20, 16)
    for kind in ("PNG", "BMP", "TIFF", "JPEG", "GIF", "WEBP"):
        for suffix in ("png", "jpg", "gif", "tif", "webp", "bmp"):
            known = array(image) if kind in ("PNG", "BMP", "TIFF") else None
            yield Odd(f"wrong-suffix/{kind}.{suffix}", encoded(image, kind), "picture", known)
    yield Odd("wrong-suffix/none", encoded(image, "PNG"), "picture", array(image))


def no_pictures() -> Iterator[Odd]:
    contents = {
        "empty.png": b"",
        "one-byte.jpg": b"\xff",
        "line.png": b"\n",
        "zeros.jpg": bytes(4096),
        "ones.bmp": b"\xff" * 4096,
        "text.png": b"this is no picture\n" * 50,
        "utf-16.jpg": "no picture".encode("utf-16"),
        "page.jpg": b"<!doctype html><title>404</title>",
        "answer.png": b'{"error": "not found"}',
        "pointer.png": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
        "paper.jpg": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
        "program.tif": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
        "archive.png": b"PK\x03\x04" + bytes(100),
        "packed.png": b"\x1f\x8b\x08" + bytes(50),
        "binary.bmp": b"\x7fELF" + bytes(100),
        "video.gif": b"\0\0\0\x18ftypmp42" + bytes(100),
        "photo.jpg": b"\0\0\0\x18ftypheic" + bytes(100),
        "plain.png": b"P6 1 1 255\n\1\2\3",
        "icon.png": b"\0\0\1\0\1\0" + bytes(60),
        "sound.webp": b"RIFF\x24\0\0\0WAVEfmt " + bytes(28),
    }
    for name, data in contents.items():
        yield Odd(f"no-picture/{name}", data, "error")
    for seed in range(12):
        data = np.random.default_rng(seed).integers(0, 256, 5000, np.uint8).tobytes()
        yield Odd(f"random/{seed}.{('png', 'jpg', 'tif', 'gif')[seed % 4]}", data, "error")


# ---- sizes -----------------------------------------------------------------------------------------------------------


def sizes() -> Iterator[Odd]:
    for kind in ("PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"):
        for width, height in ((1, 1), (1, 5000), (5000, 1), (3, 2)):
            image = photo(width, height)
            known = array(image) if kind in ("PNG", "BMP", "TIFF") else None
            yield Odd(f"sizes/{width}x{height}.{kind.lower()}", encoded(image, kind), "picture", known)
    yield Odd(
        "sizes/1x5000-deep.png", raw.png(noise(5000, 1, 3, top=65536), 16), "picture", noise(5000, 1, 3, top=65536)
    )


def flat() -> Iterator[Odd]:
    """Honest files that are as small as can be for their size: no check may take them for cut off."""
    for kind, options in (
        ("PNG", {"compress_level": 9}),
        ("GIF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate"}),
        ("TIFF", {"compression": "packbits"}),
        ("TIFF", {"compression": "group4"}),
        ("JPEG", {"quality": 1, "optimize": True}),
        ("JPEG", {"quality": 1, "progressive": True}),
        ("WEBP", {"lossless": True}),
    ):
        for mode in ("1", "RGB"):
            if (kind in ("JPEG", "WEBP") and mode == "1") or (options.get("compression") == "group4" and mode != "1"):
                continue
            image = Image.new(mode, (1200, 1200))
            name = "-".join(f"{key}-{value}" for key, value in options.items()) or "plain"
            zeros = np.zeros((1200, 1200, 3), np.uint8)
            yield Odd(
                f"flat/{name}-{mode}.{kind.lower()}", encoded(image, kind, **options), "picture", zeros, kind == "JPEG"
            )


def declared() -> Iterator[Odd]:
    """Headers of huge pictures, above the limit and just below it, with next to nothing behind them."""
    for side in (13_300, 20_000, 65_535):
        rows = zlib.compress(bytes(1000))
        for bits, color in ((8, 2), (16, 6), (1, 0), (8, 3)):
            palette = chunk(b"PLTE", bytes(6)) if color == 3 else b""
            body = raw.header(side, side, bits, color) + palette + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
            yield Odd(f"huge/{side}-{bits}-{color}.png", raw.PNG + body, "error")
        control = chunk(b"acTL", struct.pack(">II", 2, 0))
        frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, side, side, 0, 0, 1, 1, 1, 0))
        body = raw.header(side, side) + control + frame + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
        yield Odd(f"huge/{side}-animated.png", raw.PNG + body, "error")
        for disposal in (0, 2):
            yield Odd(f"huge/{side}-{disposal}.gif", raw.gif(side, side, disposal=disposal), "error")
            yield Odd(f"huge/{side}-frame-{disposal}.gif", raw.gif(9, 9, (0, 0, side, side), disposal), "error")
        for bits in (1, 24, 32):
            yield Odd(f"huge/{side}-{bits}.bmp", raw.bmp(side, side, bits, bytes(1000), 0, bytes(8)), "error")
        for marker, options in ((b"\xff\xc0", {}), (b"\xff\xc2", {"progressive": True})):
            data = bytearray(encoded(photo(), "JPEG", **options))
            place = data.find(marker) + 5
            data[place : place + 4] = struct.pack(">HH", side, side)
            yield Odd(f"huge/{side}-{marker[1]:x}.jpg", bytes(data), "error")
        for packing in (1, 5, 8, 32773):
            for bits in (8, 16):
                changes = {258: (258, 3, [bits] * 3), 259: (259, 3, packing)}
                yield Odd(f"huge/{side}-{packing}-{bits}.tif", raw.tiff([bytes(1000)], side, side, changes), "error")
    yield Odd("huge/canvas.webp", _webp_canvas(1 << 24, 1 << 24), "error")
    yield Odd("huge/16383.webp", _webp_size(16383, 16383), "error")
    yield Odd("huge/2147483647.png", raw.PNG + raw.header(2**31 - 1, 2**31 - 1) + chunk(b"IDAT", b""), "error")
    yield Odd("huge/long-row.bmp", raw.bmp(170_000_000, 1, 8, b"\0\2\0\xff" + b"\1\1" * 20, 1, bytes(1024)), "error")


def _webp_canvas(width: int, height: int) -> bytes:
    head = b"\x10\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + head + encoded(photo(), "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _webp_size(width: int, height: int) -> bytes:
    data = bytearray(encoded(photo(), "WEBP", lossless=True))
    place = data.find(b"VP8L") + 9
    data[place : place + 4] = struct.pack("<I", width - 1 | height - 1 << 14)
    return bytes(data)


MAKERS = (truncated, corrupted, overwritten, wrong_suffix, no_pictures, sizes, flat, declared)
