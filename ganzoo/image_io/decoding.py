"""Image files, bytes and PIL images -> `Picture`: upright pixels of 8 or 16 bits, or an ImageError.

`ganzoo.image_io.images` passes all of this on: import it from there. What lies around the pixels, and TIFF files of more than 8
bits, are read by `ganzoo.image_io.readers`, all other pixels by Pillow.
"""

from __future__ import annotations

import io
import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, TypeAlias, cast

import numpy as np
from PIL import Image, UnidentifiedImageError

from ganzoo.errors import ImageError
from ganzoo.image_io.readers import containers, metadata, pixels, tiff
from ganzoo.image_io.readers.containers import Container
from ganzoo.image_io.readers.tiff import Array as Array

FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
SUFFIXES = tuple(FORMATS)
MAX_PIXELS = 178_956_970  # where Pillow refuses too; 512 MiB as RGB
_KINDS = tuple(dict.fromkeys(FORMATS.values()))

Source: TypeAlias = "str | os.PathLike[str] | bytes | IO[bytes] | Image.Image"


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright.

    ``rgb`` is (H, W, 3), uint8 or, where the source had more than 8 bits a channel, uint16. ``alpha`` is (H, W) of
    the same type, or None. ``gray``: the source had one color channel (so the three of ``rgb`` are equal).
    ``turned``: EXIF said that the source lies on its side, upside down or mirrored. ``mode``: Pillow's name of how it
    stores colors. ``icc``: the color profile of ``rgb``'s numbers, b"" for sRGB; ``exif``: what the metadata says
    of camera, place, time and author, as Pillow writes it (b"Exif\\0\\0", then a TIFF directory), b"" for nothing.
    """

    rgb: Array
    alpha: Array | None
    gray: bool
    name: str
    turned: bool = False
    mode: str = ""
    icc: bytes = b""
    exif: bytes = b""


def read(source: Source, *, max_pixels: int | None = None, srgb: bool = False) -> Picture:
    """Decode a path, PIL image, binary file or bytes; of an animation or of several pages, the first.

    EXIF orientation is applied. Numbers of 16 or 32 bits must lie in 0..65535, floats in [0, 1].
    max_pixels   refuse larger pictures [MAX_PIXELS]
    srgb         bring pictures of 8 bits with another color profile to sRGB; ``icc`` becomes b"". Those of 16 bits
                 keep numbers and profile: Pillow's ImageCms knows 8 bits only. CMYK becomes RGB either way, but only
                 here through its profile.
    Damaged metadata and profiles count as none. Raises ImageError for whatever is no readable picture.
    """
    name = _name(source)
    limit = MAX_PIXELS if max_pixels is None else max_pixels
    with _as_image_errors(name), _pillow_held(), _without_pillow_warnings():
        if isinstance(source, Image.Image):
            _check_size(*source.size, limit, name)
            return _of_image(source, name, srgb)
        with _opened(source) as file:
            container = containers.read(file)
            if container is None:
                raise ImageError(
                    f"{name} is no picture of a known kind ({', '.join(_KINDS)}). Convert it to PNG or JPEG."
                )
            _check_size(container.width, container.height, limit, name)
            container.check()
            return _of_file(container, name, srgb)


def _check_size(width: int, height: int, limit: int, name: str) -> None:
    if not width * height:
        raise ImageError(f"{name} has no pixels ({width}x{height}). Give a picture of at least 1x1.")
    if width * height > limit:
        raise ImageError(
            f"{name} has {width}x{height} pixels, more than the limit of {limit}. Make it smaller, or raise the limit: "
            f"--max-pixels {width * height}, or max_pixels={width * height} in Python."
        )


def _name(source: object) -> str:
    """Return what messages call a source, on one line."""
    if isinstance(source, (str, os.PathLike)):
        name = os.fsdecode(source) or "''"
    else:
        given = getattr(source, "filename" if isinstance(source, Image.Image) else "name", None)
        name = given if isinstance(given, str) and given else "The picture"
    return name if name.isprintable() else name.encode("unicode_escape").decode()


@contextmanager
def _as_image_errors(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises (Pillow's raise nearly everything) into an ImageError."""
    try:
        yield
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"No file {name}. Check the path.") from error
    except MemoryError as error:
        raise ImageError(f"{name} does not fit in memory. Make it smaller.") from error
    except Exception as error:
        raise ImageError(
            f"{name} cannot be read: {_reason(error)}. Check that the file is whole and readable."
        ) from error


def _reason(error: Exception) -> str:
    """Say in plain words what Pillow says of damaged pixels in its own."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if re.search("truncated|not enough image data", text):
        return "it is cut off"
    if re.search(r"decod|codec|data stream|next frame|^-\d+$", text):
        return "its pixels are damaged"
    return " ".join(text.split()).strip(" .")


_lock = threading.Lock()
_readers = 0
_held: tuple[int | None, int | None] = (None, None)


@contextmanager
def _pillow_held() -> Iterator[None]:
    """Lift Pillow's global size limit, which warns and cannot be set per call; keep libtiff from printing its errors.

    `_check_size` is our limit. Threads read side by side; the last one out restores both.
    """
    global _readers, _held
    with _lock:
        if _readers == 0:
            _held = Image.MAX_IMAGE_PIXELS, tiff.set_printer(None)
            Image.MAX_IMAGE_PIXELS = None
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                Image.MAX_IMAGE_PIXELS = _held[0]
                tiff.set_printer(_held[1])


# Of damaged metadata, of which only the orientation counts here, and of animations, whose first frame is read anyway.
_PILLOW_WARNINGS = ("ignore", None, UserWarning, re.compile(r"PIL\."), 0)


@contextmanager
def _without_pillow_warnings() -> Iterator[None]:
    """Keep Pillow's warnings about a file from the user, and from becoming errors; other modules' pass.

    `warnings.catch_warnings` swaps the whole list of filters, so threads that overlap leave it wrong for good. Each
    reader adds one entry, and takes one from the same list: both are single steps, which the order of threads cannot
    upset. An entry that ignores needs no reset of the caches, which is what `warnings.filterwarnings` is for.
    """
    filters = cast("list[object]", warnings.filters)
    filters.insert(0, _PILLOW_WARNINGS)
    try:
        yield
    finally:
        with suppress(ValueError):  # somebody has reset the filters meanwhile
            filters.remove(_PILLOW_WARNINGS)


def _opened(source: object) -> IO[bytes]:
    if isinstance(source, (str, os.PathLike)):
        if os.path.isdir(source):
            raise ImageError(f"{source} is a folder, not a picture. Give the files in it.")
        return open(source, "rb")
    data = source.read() if hasattr(source, "read") else source
    if not isinstance(data, (bytes, bytearray, memoryview)):
        wrong = "A file opened as text" if isinstance(data, str) else f"A {type(source).__name__}"
        raise ImageError(f"{wrong} is no picture. Give a path, a PIL image, bytes or a file opened with 'rb'.")
    return io.BytesIO(data)


def _of_image(image: Image.Image, name: str, srgb: bool) -> Picture:
    image.load()
    icc, exif = (found if isinstance(found := image.info.get(key), bytes) else b"" for key in ("icc_profile", "exif"))
    channels = pixels.of_image(image, name, icc if srgb else b"")
    orientation = _orientation(image)
    exif = metadata.upright(metadata.directory(exif))
    return _picture(channels, name, image.mode, orientation, orientation > 1, icc, exif, srgb)


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(metadata.ORIENTATION)
    except Exception:
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _of_file(found: Container, name: str, srgb: bool) -> Picture:
    tags = found.tags or metadata.directory(found.exif)
    orientation = metadata.orientation(tags, found.xmp)
    layout = tiff.layout(found.tags) if found.tags else None
    if layout and layout.readable:
        channels = pixels.of_deep_tiff(layout, name)
        gray = "F" if layout.format == 3 else "I;16"
        mode, to_undo = (gray, "LA", "RGB", "RGBA")[channels.shape[2] - 1], orientation
    else:
        channels, mode = _by_pillow(found, name, found.icc if srgb else b"")
        to_undo = 1 if found.kind == "TIFF" else orientation  # Pillow turns these itself
    return _picture(channels, name, mode, to_undo, orientation > 1, found.icc, metadata.upright(tags), srgb)


def _by_pillow(found: Container, name: str, icc: bytes) -> tuple[Array, str]:
    """Return (H, W, C) and Pillow's mode."""
    try:
        image = Image.open(found.file, formats=[found.kind])  # never EPS: that runs a program
    except UnidentifiedImageError as error:
        raise ValueError(f"it is damaged, or a rare variant of {found.kind}") from error
    if image.width * image.height > found.width * found.height:
        raise ValueError("it declares two sizes")
    deep = pixels.of_deep_png(image, found.file) if found.kind == "PNG" else None
    if deep is not None:
        return pixels.with_key(deep, found.key), image.mode
    image.load()
    return pixels.of_image(image, name, icc, found.key), image.mode


def _picture(
    channels: Array, name: str, mode: str, orientation: int, turned: bool, icc: bytes, exif: bytes, srgb: bool
) -> Picture:
    channels = _upright(channels, orientation)
    gray = channels.shape[2] < 3
    rgb = channels[..., :1].repeat(3, axis=2) if gray else np.ascontiguousarray(channels[..., :3])
    alpha = None if channels.shape[2] % 2 else np.ascontiguousarray(channels[..., -1])
    icc = b"" if srgb and rgb.dtype == np.uint8 else metadata.fitting(icc, mode)
    return Picture(rgb, alpha, gray, name, turned, mode, icc, exif)


def _upright(pixels: Array, orientation: int) -> Array:
    """Undo EXIF orientations 2 to 8 of (H, W, C); 5 to 8 swap the sides."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
