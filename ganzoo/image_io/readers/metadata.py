"""What an image carries next to its pixels: EXIF blocks and color profiles, cleaned, and conversion to sRGB."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

from ganzoo.image_io.readers import tag_directories

if TYPE_CHECKING:
    from ganzoo.image_io.readers.tag_directories import Directory, Value

EXIF = b"Exif\0\0"  # the start of an EXIF block
ORIENTATION, XMP, ICC = 274, 700, 34675  # tags of TIFF
EXIF_TAGS, GPS_TAGS = 0x8769, 0x8825  # whose values are addresses of further directories

# Tags that hold for any copy: title, camera, resolution, software, date, people, host, rating, and Windows' titles.
COPIED_TAGS = (270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 18246, 18249, 33432, *range(40091, 40096))
# Left out: the maker note, whose addresses no longer fit, the pointer to a further directory, the size before turning.
DROPPED_TAGS = (37500, 40965, 40962, 40963)

Conversion: TypeAlias = Callable[[Image.Image], Image.Image]


# ---- EXIF ------------------------------------------------------------------------------------------------------------


def parse_exif(exif: bytes) -> Directory | None:
    """Return the tags of an EXIF block, or None where it is empty or damaged."""
    while exif.startswith(EXIF):
        exif = exif[len(EXIF) :]
    try:
        return tag_directories.read(exif)
    except ValueError:
        return None


def orientation(tags: Directory | None, xmp: bytes = b"") -> int:
    """Return EXIF's orientation, 1 to 8, or else XMP's; 1 where neither has one."""
    if tags and ORIENTATION in tags:
        value = tags.number(ORIENTATION)
    else:
        match = re.search(rb'tiff:Orientation(?:="|>)([0-9])', xmp)
        value = int(match[1]) if match else 0
    return value if 1 <= value <= 8 else 1


def copy_tags(tags: Directory) -> tuple[dict[int, Value], dict[int, dict[int, Value]]]:
    """Return the tags that hold for the upright image and edited copies of it, and those of EXIF and GPS by address.

    Orientation, thumbnail, pixel size, the camera's maker note and damaged values are left out.
    """
    values = {tag: tags.value(tag) for tag in COPIED_TAGS if tag in tags}
    children = {}
    for tag in (EXIF_TAGS, GPS_TAGS):
        child = tags.child(tag)
        if child and child.entries and child.length <= 1 << 16:
            children[tag] = {tag: child.value(tag) for tag in child.entries if tag not in DROPPED_TAGS}
    return values, children


def upright_exif(tags: Directory | None) -> bytes:
    """Return an EXIF block of the tags that `copy_tags` chooses."""
    values, children = copy_tags(tags) if tags else ({}, {})
    if not tags or not (values or children):
        return b""
    head = struct.pack(tags.order + "2sHI", b"II" if tags.order == "<" else b"MM", 42, 8)
    return EXIF + head + tag_directories.write(tags.order, values, 8, children)


# ---- color profiles -------------------------------------------------------------------------------------------------


def color_space(icc: bytes) -> str:
    """Return the color space of a profile: "RGB", "GRAY", "CMYK", "Lab", ...; "" where the profile is damaged."""
    if len(icc) < 132 or icc[36:40] != b"acsp" or struct.unpack_from(">I", icc)[0] > len(icc):
        return ""
    (count,) = struct.unpack_from(">I", icc, 128)
    if 132 + 12 * count > len(icc):
        return ""
    places = struct.iter_unpack(">4sII", icc[132 : 132 + 12 * count])
    if any(offset + size > len(icc) for _, offset, size in places):
        return ""
    return icc[16:20].decode("latin-1").strip()


def matching_profile(icc: bytes, mode: str) -> bytes:
    """Return the profile if it still describes the numbers after Pillow's ``mode`` became RGB or gray, else b""."""
    spaces = {"RGB": ("RGB",), "gray": ("RGB", "GRAY")}
    if mode in ("CMYK", "LAB", "HSV"):  # whose numbers change
        return b""
    kind = "gray" if mode in ("1", "L", "LA", "La", "F") or mode.startswith("I") else "RGB"
    return icc if color_space(icc) in spaces[kind] else b""


def to_srgb(icc: bytes, mode: str) -> Conversion | None:
    """Return a function from 8-bit images of ``mode`` L, RGB or CMYK to sRGB (from L to gray), or None if not needed.

    It is not needed where the profile is damaged, has another color space, or is sRGB to within 1 of 255. The intent
    is relative colorimetric with black point compensation: colors within sRGB stay the same, and only the others are
    clipped; the usual profiles (three primaries, three curves) have no perceptual intent anyway.
    """
    space = color_space(icc)
    if space not in {"L": ("GRAY", "RGB"), "RGB": ("RGB",), "CMYK": ("CMYK",)}[mode]:
        return None
    from PIL import ImageCms

    source_mode = {"GRAY": "L"}.get(space, space)
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    flags |= ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.HIGHRESPRECALC  # exact for 256 levels
    try:
        profile, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        apply = ImageCms.buildTransform(profile, srgb, source_mode, "RGB", intent, flags).apply
    except (ImageCms.PyCMSError, OSError):
        return None
    if mode == "CMYK":
        return apply
    sample = _sample(mode)
    converted = np.asarray(apply(sample.convert(source_mode))).astype(int)
    if np.abs(converted - np.asarray(sample.convert("RGB"))).max() <= 1:
        return None
    table = converted[0, :, 1].tolist()
    return (lambda image: image.point(table)) if mode == "L" else apply


def _sample(mode: str) -> Image.Image:
    """Return one row of all levels (L), or of a regular grid of colors (RGB)."""
    levels = np.arange(0, 256, 1 if mode == "L" else 15, dtype=np.uint8)
    colors = [levels] if mode == "L" else np.meshgrid(levels, levels, levels)
    return Image.merge(mode, [Image.frombytes("L", (one.size, 1), one.tobytes()) for one in colors])
