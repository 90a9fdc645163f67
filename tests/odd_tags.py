"""Odd files, those with tags: turned by EXIF, with damaged metadata, and TIFF in many layouts, honest and not."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import raw_files as raw
from odd_files import Odd, array, encoded, noise, photo
from PIL import Image

# ---- metadata --------------------------------------------------------------------------------------------------------


def turned() -> Iterator[Odd]:
    image = photo(20, 12)
    ways = {3: "ROTATE_180", 6: "ROTATE_270", 8: "ROTATE_90", 2: "FLIP_LEFT_RIGHT", 4: "FLIP_TOP_BOTTOM"}
    ways |= {5: "TRANSPOSE", 7: "TRANSVERSE"}
    for value in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 4711):
        known = array(image.transpose(Image.Transpose[ways[value]]) if value in ways else image)
        for order in "<>":
            block = raw.exif((274, 3, value), (271, 2, b"maker\0"), order=order)
            for kind, options in (
                ("PNG", {}),
                ("WEBP", {"lossless": True}),
                ("JPEG", {"quality": 95, "subsampling": 0}),
            ):
                data = encoded(image, kind, exif=block, **options)
                way = "little" if order == "<" else "big"
                yield Odd(f"turned/{value}-{way}.{kind.lower()}", data, "picture", known, 24 * (kind == "JPEG"))
            strips = [array(image).tobytes()]
            data = raw.tiff(strips, 20, 12, {274: (274, 3, value)}, order)
            yield Odd(f"turned/{value}-{way}.tif", data, "picture", known)


def metadata() -> Iterator[Odd]:
    image = photo(20, 12)
    lies = b"".join(struct.pack("<HHII", 1000 + i, 7, 60_000, 8) for i in range(4000))
    blocks = {
        "rubbish": b"Exif\0\0garbage",
        "no-directory": b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        "far-directory": b"Exif\0\0II*\0\xff\xff\xff\xff",
        "empty-number": raw.exif((282, 2, b""), (296, 3, 2)),
        "cut-off": raw.exif((271, 2, b"a long name of a maker\0"), (272, 2, b"model\0"))[:-9],
        "in-itself": raw.exif((34665, 4, 8), (34853, 4, 8)),
        "far-children": raw.exif((34665, 4, 2**32 - 1), (34853, 4, 10**6)),
        "odd-kinds": raw.exif((274, 2, b"six\0"), (282, 1, b"\1"), (306, 7, b"\xff" * 30)),
        "overlapping": (b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 4000) + lies + bytes(60_000))[:65_000],
        "huge-count": b"Exif\0\0II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 271, 2, 2**32 - 1, 8) + bytes(4),
    }
    usual = raw.rgb_profile()
    profiles = {
        "empty": b"\0",
        "rubbish": b"no profile" * 40,
        "cut-off": usual[:200],
        "too-long": struct.pack(">I", 2**32 - 1) + usual[4:],
        "no-signature": usual.replace(b"acsp", b"psca"),
        "many-tags": usual[:128] + b"\xff\xff\xff\xff" + usual[132:],
        "other-colors": raw.cmyk_profile({}),
        "zeros-inside": usual[:200] + bytes(len(usual) - 200),
    }
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("JPEG", {"quality": 95, "subsampling": 0})):
        tolerance = 24 * (kind == "JPEG")
        for name, block in blocks.items():
            data = encoded(image, kind, exif=block, **options)
            yield Odd(f"exif-damaged/{name}.{kind.lower()}", data, "picture", array(image), tolerance)
        for name, icc in profiles.items():
            data = encoded(image, kind, icc_profile=icc, **options)
            yield Odd(f"profile-damaged/{name}.{kind.lower()}", data, "picture", array(image), tolerance)
    for name, icc in profiles.items():
        data = raw.tiff([array(image).tobytes()], 20, 12, {34675: (34675, 7, icc)})
        yield Odd(f"profile-damaged/{name}.tif", data, "picture", array(image))


# ---- TIFF ------------------------------------------------------------------------------------------------------------


def tiff_modes() -> Iterator[Odd]:
    image = photo(20, 12)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "F"):
        for packing in ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate"):
            if mode in ("I;16", "F"):
                levels = noise(12, 20, top=65536) if mode == "I;16" else noise(12, 20).astype(np.float32) / 255
                made = Image.fromarray(levels)
                known = levels[..., None] if mode == "I;16" else noise(12, 20)[..., None].astype(np.uint16) * 257
            else:
                made = image.quantize(16) if mode == "P" else image.convert(mode)
                shown = {"1": "L", "P": "RGB", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB"}.get(mode, mode)
                known = array(made.convert(shown))
            if mode == "YCbCr" and packing == "raw":
                continue  # Pillow writes what it cannot read
            made.info.clear()  # of LAB, a profile with the time
            data = encoded(made, "TIFF", compression=packing)
            yield Odd(f"tiff-{mode}/{packing}.tif", data, "picture", known, 3 * (mode == "YCbCr"))


def tiff_deep() -> Iterator[Odd]:
    for order in "<>":
        way = "little" if order == "<" else "big"
        for channels in (1, 2, 3, 4):
            levels = noise(12, 20, channels, top=65536)
            for bits in (10, 12, 16):
                cut = levels >> (16 - bits)
                shown = np.round(cut / ((1 << bits) - 1) * 65535).astype(np.uint16)
                rows = raw.packed(cut, bits) if bits < 16 else cut.astype(order + "u2").reshape(12, -1)
                for strips in (1, 3):
                    blocks = [block.tobytes() for block in np.split(rows, strips)]
                    changes = _deep(channels, bits) | {278: (278, 3, 12 // strips)}
                    data = raw.tiff(blocks, 20, 12, changes, order)
                    yield Odd(f"tiff-deep/{way}-{channels}-{bits}-{strips}.tif", data, "picture", shown)
            planes = [levels[..., index].astype(order + "u2").tobytes() for index in range(channels)]
            data = raw.tiff(planes, 20, 12, _deep(channels, 16) | {284: (284, 3, 2)}, order)
            yield Odd(f"tiff-planar/{way}-{channels}.tif", data, "picture", levels)
            floats = levels / np.float32(65535)
            changes = _deep(channels, 32) | {339: (339, 3, [3] * channels)}
            data = raw.tiff([floats.astype(order + "f4").tobytes()], 20, 12, changes, order)
            yield Odd(f"tiff-float/{way}-{channels}.tif", data, "picture", levels)
    levels = noise(12, 20, 1, top=65536)
    data = raw.tiff([levels.astype("<u2").tobytes()], 20, 12, _deep(1, 16) | {262: (262, 3, 0)})
    yield Odd("tiff-deep/white-is-zero.tif", data, "picture", 65535 - levels)


def _deep(channels: int, bits: int) -> dict[int, raw.Tag]:
    alpha = {338: (338, 3, 2)} if channels % 2 == 0 else {}
    kind = 1 if channels < 3 else 2
    return {258: (258, 3, [bits] * channels), 262: (262, 3, kind), 277: (277, 3, channels)} | alpha


def tiff_lies() -> Iterator[Odd]:
    image = array(photo(20, 12))
    data = image.tobytes()
    for value in (float("nan"), float("inf"), -0.5, 1.5):
        for channels in (1, 3):
            levels = np.full((12, 20, channels), 0.5, np.float32)
            levels[3, 4] = value
            changes = _deep(channels, 32) | {339: (339, 3, [3] * channels)}
            yield Odd(f"tiff-range/{value}-{channels}.tif", raw.tiff([levels.tobytes()], 20, 12, changes), "error")
    for value in (70_000, 2**32 - 1):
        levels = np.full((12, 20, 1), value, np.uint32)
        yield Odd(f"tiff-range/{value}.tif", raw.tiff([levels.tobytes()], 20, 12, _deep(1, 32)), "error")
    for bits in (8, 16):
        usual = {} if bits == 8 else _deep(3, 16)
        blocks = [data] if bits == 8 else [(image.astype("<u2") * 257).tobytes()]
        for name, change in {
            "no-width": {256: None},
            "zero-width": {256: (256, 4, 0)},
            "text-width": {256: (256, 2, b"20\0")},
            "far-strip": {273: (273, 4, 2**32 - 1)},
            "no-strip": {273: None},
            "cut-strip": {273: (273, 4, 400)},
            "unknown-packing": {259: (259, 3, 999)},
            "no-lzw": {259: (259, 3, 5)},
            "no-deflate": {259: (259, 3, 8)},
            "no-jpeg": {259: (259, 3, 7)},
            "no-samples": {277: (277, 3, 0)},
            "many-samples": {277: (277, 3, 60_000)},
            "few-strips": {278: (278, 3, 1)},
            "no-rows": {278: (278, 3, 0)},
            "huge-tile": {322: (322, 4, 60_000), 323: (323, 4, 60_000), 324: (324, 4, 8), 325: (325, 4, 99)},
            "no-tile": {322: (322, 4, 0), 323: (323, 4, 0), 324: (324, 4, 8), 325: (325, 4, 99)},
            "huge-bits": {258: (258, 3, [60_000] * 3)},
        }.items():
            content = raw.tiff(blocks, 20, 12, usual | change)
            yield Odd(f"tiff-damaged/{bits}-{name}.tif", content, "either" if name == "few-strips" else "error")
        for name, change in {
            "all-rows-in-strip": {278: (278, 4, 2**32 - 1)},
            "no-rows-given": {278: None},
            "wrong-resolution": {282: (282, 2, b"many\0"), 296: (296, 3, 77)},
            "far-exif": {34665: (34665, 4, 2**31)},
            "exif-in-itself": {34665: (34665, 4, 8)},
        }.items():
            content = raw.tiff(blocks, 20, 12, usual | change)
            yield Odd(
                f"tiff-odd/{bits}-{name}.tif",
                content,
                "picture",
                np.frombuffer(blocks[0], f"<u{bits // 8}").reshape(12, 20, 3),
            )
    head = b"II*\0\x08\0\0\0"
    overlapping = b"".join(struct.pack("<HHII", 40_000 + i, 7, 40_000, 8) for i in range(3000))
    for name, content in {
        "nowhere": b"II*\0\xff\xff\xff\x7f",
        "in-itself": head + b"\0\0\x08\0\0\0",
        "no-tags": b"MM\0*\0\0\0\x08\0\0\0\0\0\0",
        "overlapping": head + struct.pack("<H", 3000) + overlapping + bytes(50_000),
        "many-tags": head + b"\xff\xff" + bytes(12 * 65535),
        "big": b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 8 + bytes(100),
    }.items():
        yield Odd(f"tiff-damaged/{name}.tif", content, "error")


MAKERS = (turned, metadata, tiff_modes, tiff_deep, tiff_lies)
