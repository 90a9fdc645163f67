"""Odd files, the unusual ones: PNG, JPEG, GIF, BMP and WebP of rare modes and with damage of their own, animations."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import raw_files as raw
from odd_files import Odd, array, encoded, noise, photo
from PIL import Image
from raw_files import chunk

# ---- PNG -------------------------------------------------------------------------------------------------------------


def png_modes() -> Iterator[Odd]:
    for interlaced in (False, True):
        way = "-interlaced" * interlaced
        for bits in (1, 2, 4, 8, 16):
            levels = noise(13, 11, 1, top=1 << bits)
            shown = levels if bits == 16 else levels * (255 // ((1 << bits) - 1))
            yield Odd(f"png-gray/{bits}{way}.png", raw.png(levels, bits, interlaced=interlaced), "picture", shown)
            key = chunk(b"tRNS", struct.pack(">H", levels[6, 5, 0]))
            opaque = (levels != levels[6, 5]) * np.iinfo(shown.dtype).max
            keyed = np.concatenate([shown, opaque.astype(shown.dtype)], axis=2)
            yield Odd(
                f"png-key/{bits}{way}.png", raw.png(levels, bits, interlaced=interlaced, extra=[key]), "picture", keyed
            )
            if bits < 16:
                yield from _png_palettes(bits, interlaced)
        for bits in (8, 16):
            for channels in (2, 3, 4):
                levels = noise(13, 11, channels, top=1 << bits)
                data = raw.png(levels, bits, interlaced=interlaced)
                yield Odd(f"png-color/{bits}-{channels}{way}.png", data, "picture", levels)
            levels = noise(13, 11, 3, top=1 << bits)
            key = chunk(b"tRNS", struct.pack(">3H", *levels[2, 3].tolist()))
            opaque = (levels != levels[2, 3]).any(2, keepdims=True) * ((1 << bits) - 1)
            keyed = np.concatenate([levels, opaque.astype(levels.dtype)], axis=2)
            yield Odd(
                f"png-key/{bits}-rgb{way}.png",
                raw.png(levels, bits, interlaced=interlaced, extra=[key]),
                "picture",
                keyed,
            )


def _png_palettes(bits: int, interlaced: bool) -> Iterator[Odd]:
    indices = noise(13, 11, 1, top=1 << bits)
    colors, alphas = noise(1 << bits, 3), noise(1 << bits)
    palette = chunk(b"PLTE", colors.tobytes())
    way = "-interlaced" * interlaced
    data = raw.png(indices, bits, 3, interlaced, [palette])
    yield Odd(f"png-palette/{bits}{way}.png", data, "picture", colors[indices[..., 0]])
    data = raw.png(indices, bits, 3, interlaced, [palette, chunk(b"tRNS", alphas.tobytes())])
    keyed = np.concatenate([colors, alphas[:, None]], axis=1)[indices[..., 0]]
    yield Odd(f"png-palette/{bits}-alpha{way}.png", data, "picture", keyed)


def png_chunks() -> Iterator[Odd]:
    image = array(photo(20, 16))
    plain = raw.png(image)
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in image))
    head, end = raw.header(20, 16), chunk(b"IEND", b"")

    def made(*chunks: bytes) -> bytes:
        return raw.PNG + b"".join(chunks)

    def wrong(one: bytes) -> bytes:
        return one[:-4] + bytes(4)

    data = chunk(b"IDAT", pixels)
    bomb, smaller = zlib.compress(bytes(40 << 20), 9), zlib.compress(bytes(15 << 20), 9)
    small = [chunk(b"IDAT", pixels[i : i + 1]) for i in range(len(pixels))]
    for name, content in {
        "wrong-sum-head": made(wrong(head), data, end),
        "wrong-sum-pixels": made(head, wrong(data), end),
        "no-head": made(data, end),
        "no-pixels": made(head, end),
        "pixels-before-head": made(data, head, end),
        "short-pixels": made(head, chunk(b"IDAT", zlib.compress(bytes(100))), end),
        "no-zlib": made(head, chunk(b"IDAT", b"no zlib"), end),
        "three-bits": made(raw.header(20, 16, 3), data, end),
        "unknown-color": made(raw.header(20, 16, 8, 5), data, end),
        "no-size": made(raw.header(0, 16), data, end),
        "huge-chunk": made(head, b"\x7f\xff\xff\xffIDAT" + pixels),
        "no-palette": raw.png(image[..., :1], 8, 3),
        "half-palette": raw.png(image[..., :1], 8, 3, extra=[chunk(b"PLTE", bytes(7))]),
        "filter-9": made(head, chunk(b"IDAT", zlib.compress((b"\x09" + bytes(60)) * 16)), end),
    }.items():
        yield Odd(f"png-damaged/{name}.png", content, "error")
    yield Odd(
        "png-damaged/short-palette.png", raw.png(image[..., :1], 8, 3, extra=[chunk(b"PLTE", bytes(6))]), "either"
    )
    for name, content in {
        "no-end": made(head, data),
        "behind-end": plain + b"rubbish" * 50,
        "byte-by-byte": made(head, *small, end),
        "empty-chunks": made(head, chunk(b"IDAT", b""), data, chunk(b"IDAT", b""), end),
        "wrong-sum-end": made(head, data, wrong(end)),
        "wrong-sum-text": made(head, wrong(chunk(b"tEXt", b"a\0b")), data, end),
        "wrong-sum-gamma": made(head, wrong(chunk(b"gAMA", bytes(4))), data, end),
        "unknown-chunk": made(head, chunk(b"abCd", b"x"), data, end),
        "short-physical": made(head, chunk(b"pHYs", b"x"), data, end),
        "empty-srgb": made(head, chunk(b"sRGB", b""), data, end),
        "nameless-text": made(head, chunk(b"iTXt", b""), chunk(b"zTXt", b"\0"), chunk(b"tEXt", b"\0"), data, end),
        "profile-bomb": made(head, chunk(b"iCCP", b"a\0\0" + bomb), data, end),
        "text-bomb": made(head, chunk(b"zTXt", b"a\0\0" + bomb), data, end),
        "text-bombs": made(head, *[chunk(b"zTXt", b"%d\0\0" % i + bomb) for i in range(40)], data, end),
        "smaller-bombs": made(head, *[chunk(b"zTXt", b"%d\0\0" % i + smaller) for i in range(40)], data, end),
        "unicode-bomb": made(head, chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb), data, end),
        "exif-in-hex-bomb": made(head, chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb), data, end),
        "bomb-behind": made(head, data, chunk(b"zTXt", b"a\0\0" + bomb), end),
        "profile-unknown-packing": made(head, chunk(b"iCCP", b"a\0\7" + bomb), data, end),
        "profile-nameless": made(head, chunk(b"iCCP", b"a"), data, end),
        "key-too-long": made(head, chunk(b"tRNS", bytes(900)), data, end),
        "key-too-short": made(head, chunk(b"tRNS", b"\0"), data, end),
        "two-palettes": made(head, chunk(b"PLTE", bytes(6)), chunk(b"PLTE", bytes(6)), data, end),
        "no-animation": made(head, chunk(b"acTL", struct.pack(">II", 0, 0)), data, end),
        "short-animation": made(head, chunk(b"acTL", b""), chunk(b"fcTL", b""), data, end),
    }.items():
        yield Odd(f"png-odd/{name}.png", content, "picture", image)


# ---- JPEG ------------------------------------------------------------------------------------------------------------


def jpegs() -> Iterator[Odd]:
    image = photo(64, 48)
    gray, ink = image.convert("L"), image.convert("CMYK")
    plain = encoded(image, "JPEG", quality=95, subsampling=0)
    for name, data, known in (
        ("444", plain, image),
        ("422", encoded(image, "JPEG", quality=95, subsampling=1), image),
        ("420", encoded(image, "JPEG", quality=95, subsampling=2), image),
        ("progressive", encoded(image, "JPEG", quality=95, progressive=True, subsampling=0), image),
        ("restarts", encoded(image, "JPEG", quality=95, subsampling=0, restart_marker_blocks=1), image),
        ("gray", encoded(gray, "JPEG", quality=95), gray),
        ("cmyk", encoded(ink, "JPEG", quality=95), ink.convert("RGB")),
        ("comment", encoded(image, "JPEG", quality=95, subsampling=0, comment=b"\xff\0\n" * 99), image),
        ("behind-end", plain + b"rubbish" * 50, image),
        ("no-application", plain[:2] + plain[20:], image),
        ("short-application", plain[:2] + b"\xff\xe0\0\4JF" + plain[20:], image),
        ("short-adobe", plain[:2] + b"\xff\xee\0\7Adobe" + plain[2:], image),
        ("damaged-photoshop", plain[:2] + b"\xff\xed\0\x18Photoshop 3.0\x008BIM\3\xed\xff" + plain[2:], image),
        ("padding", plain[:2] + b"\xff" * 30 + plain[2:], image),
        ("damaged-profile", plain[:2] + b"\xff\xe2\0\x12ICC_PROFILE\0\1\2xx" + plain[2:], image),
        ("damaged-mpf", plain[:2] + b"\xff\xe2\0\x10MPF\0II*\0\xff\xff\xff\xff" + bytes(2) + plain[2:], image),
        ("two-pictures", encoded(image, "MPO", quality=95, subsampling=0, save_all=True, append_images=[gray]), image),
    ):
        yield Odd(f"jpeg/{name}.jpg", data, "picture", array(known), 60 if name in ("422", "420") else 24)
    yield Odd("jpeg-damaged/no-tables.jpg", plain.replace(b"\xff\xdb", b"\xff\xef"), "error")
    yield Odd("jpeg-damaged/no-codes.jpg", plain.replace(b"\xff\xc4", b"\xff\xef"), "either")
    yield Odd("jpeg-damaged/no-end.jpg", plain[:-2], "error")
    yield Odd("jpeg-damaged/no-scan.jpg", plain[: plain.find(b"\xff\xda")] + b"\xff\xd9", "error")
    yield Odd("jpeg-damaged/no-frame.jpg", plain.replace(b"\xff\xc0", b"\xff\xef"), "error")
    yield Odd("jpeg-damaged/two-starts.jpg", plain[:2] + plain, "either")
    frame = plain.find(b"\xff\xc0")
    for name, change in {"12-bits": (4, 12), "no-height": (6, 0), "2-channels": (9, 2), "lossless": (1, 0xC3)}.items():
        data = bytearray(plain)
        data[frame + change[0]] = change[1]
        if name == "no-height":
            data[frame + 5] = 0
        yield Odd(f"jpeg-damaged/{name}.jpg", bytes(data), "error")


# ---- GIF, BMP, WebP --------------------------------------------------------------------------------------------------


def gifs() -> Iterator[Odd]:
    for name, data in {
        "frame-beyond": raw.gif(2, 2, (1, 1, 2, 1)),
        "frame-inside": raw.gif(8, 8, (3, 3, 2, 1)),
        "previous": raw.gif(2, 1, disposal=3),
        "background": raw.gif(2, 1, disposal=2),
        "comment": raw.gif(2, 1).replace(b"!\xf9", b"!\xfe\3abc\0!\xf9", 1),
        "no-end": raw.gif(2, 1)[:-1],
    }.items():
        yield Odd(f"gif/{name}.gif", data, "picture")
    for name, data in {
        "no-frame": b"GIF89a\4\0\4\0\0\0\0;",
        "no-size": raw.gif(0, 0),
        "no-pixels": raw.gif(9, 9, codes=b""),
        "wrong-code": raw.gif(9, 9, codes=b"\xff\xff\xff\xff"),
        "endless-comment": b"GIF89a\4\0\4\0\0\0\0!\xfe" + b"\xffaaa" * 300,
        "code-of-12-bits": raw.gif(9, 9).replace(b"\2\2\x44", b"\x0d\2\x44"),
    }.items():
        yield Odd(f"gif-damaged/{name}.gif", data, "either" if name == "wrong-code" else "error")


def bmps() -> Iterator[Odd]:
    image = array(photo(12, 7))
    blue_first = image[..., ::-1]
    padded = b"".join(row.tobytes() for row in blue_first[::-1])
    levels, colors = noise(7, 12, 1, top=16), noise(256, 4)
    lines = [level.tobytes() for level in levels[::-1, :, 0]]
    fours = [raw.packed(level[None], 4).tobytes().ljust(8, b"\0") for level in levels[::-1]]
    runs = b"".join(b"".join(bytes([1, value]) for value in line) + b"\0\0" for line in lines) + b"\0\1"
    shown = colors[levels[..., 0]][..., 2::-1]
    with_alpha = np.concatenate([blue_first, noise(7, 12, 1)], axis=2)
    for name, data, known in (
        ("24", raw.bmp(12, 7, 24, padded), image),
        ("top-down", raw.bmp(12, -7, 24, blue_first.tobytes()), image),
        ("32", raw.bmp(12, 7, 32, with_alpha[::-1].tobytes()), image),
        ("palette-8", raw.bmp(12, 7, 8, b"".join(lines), 0, colors.tobytes()), shown),
        ("palette-4", raw.bmp(12, 7, 4, b"".join(fours), 0, colors[:16].tobytes()), shown),
        ("packed-8", raw.bmp(12, 7, 8, runs, 1, colors.tobytes()), shown),
        ("behind-end", raw.bmp(12, 7, 24, padded) + b"rubbish", image),
    ):
        yield Odd(f"bmp/{name}.bmp", data, "picture", known)
    yield Odd("bmp/1.bmp", encoded(photo(12, 7, "1"), "BMP"), "picture", array(photo(12, 7, "1").convert("L")))
    for name, data in {
        "no-size": raw.bmp(0, 7, 24, padded),
        "negative-width": raw.bmp(-12, 7, 24, padded),
        "lowest-height": raw.bmp(12, -(2**31), 24, padded),
        "3-bits": raw.bmp(12, 7, 3, padded),
        "unknown-packing": raw.bmp(12, 7, 24, padded, 9),
        "no-palette": raw.bmp(12, 7, 8, b""),
        "short-run": raw.bmp(12, 7, 8, runs[:20], 1, colors.tobytes()),
        "unknown-head": b"BM" + struct.pack("<IHHII", 60, 0, 0, 54, 77) + bytes(90),
        "huge-head": b"BM" + struct.pack("<IHHII", 60, 0, 0, 54, 2**32 - 1) + bytes(90),
    }.items():
        yield Odd(f"bmp-damaged/{name}.bmp", data, "error")


def webps() -> Iterator[Odd]:
    image = photo(20, 16)
    clear = image.copy()
    clear.putalpha(photo(20, 16, "L"))
    exact = encoded(image, "WEBP", lossless=True)
    yield Odd("webp/lossless.webp", exact, "picture", array(image))
    yield Odd("webp/alpha.webp", encoded(clear, "WEBP", lossless=True, exact=True), "picture", array(clear))
    yield Odd("webp/lossy-alpha.webp", encoded(clear, "WEBP"), "picture")
    yield Odd("webp/behind-end.webp", exact + b"rubbish" * 9, "picture", array(image))
    yield Odd("webp-damaged/longer.webp", exact[:4] + b"\xff\xff\xff\xff" + exact[8:], "either")
    yield Odd("webp-damaged/unknown-chunk.webp", exact.replace(b"VP8L", b"VP9L"), "error")
    yield Odd("webp-damaged/no-chunk.webp", exact[:12], "error")
    yield Odd("webp-damaged/only-alpha.webp", b"RIFF\x12\0\0\0WEBPALPH\6\0\0\0" + bytes(6), "error")


def animations() -> Iterator[Odd]:
    frames = [photo(24, 18), photo(24, 18).transpose(Image.Transpose.ROTATE_180)] * 2
    few = [frame.quantize(32) for frame in frames]
    for disposal in range(4):
        data = encoded(few[0], "GIF", save_all=True, append_images=few[1:], disposal=disposal)
        yield Odd(f"animated/{disposal}.gif", data, "picture", array(few[0].convert("RGB")))
    for disposal in range(3):
        for default in (False, True):
            options = {"disposal": disposal, "default_image": default}
            data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], **options)
            yield Odd(f"animated/{disposal}-{default}.png", data, "picture", array(frames[0]))
            damaged = data.replace(b"fcTL", b"fcTX")
            yield Odd(f"animated/{disposal}-{default}-damaged.png", damaged, "picture", array(frames[0]))
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    yield Odd("animated/lossless.webp", data, "picture", array(frames[0]))
    data = encoded(frames[0], "TIFF", save_all=True, append_images=[photo(5, 5, "L")])
    yield Odd("animated/pages.tif", data, "picture", array(frames[0]))


MAKERS = (png_modes, png_chunks, jpegs, gifs, bmps, webps, animations)
