"""Image files, bytes and PIL images -> `Picture`: upright pixels of 8 or 16 bits, or an ImageError.

Colour profiles are ignored: numbers are taken as sRGB. `ganzoo.images` passes all of this on: import it from there.
"""

from __future__ import annotations

import io
import os
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any, TypeAlias, cast

import numpy as np
from PIL import Image, UnidentifiedImageError

from ganzoo.errors import ImageError

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
Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright.

    ``rgb`` is (H, W, 3), uint8 or, where the source had 16 bits a channel, uint16. ``alpha`` is (H, W) of the same
    type, or None. ``grey``: the source had one colour channel (so the three of ``rgb`` are equal). ``turned``: EXIF
    said that the source lies on its side, upside down or mirrored. ``mode``: Pillow's name of how it stores colours.
    ``icc``: the colour profile of ``rgb``'s numbers, ``exif``: the metadata but for the orientation; b"" where none.
    """

    rgb: Array
    alpha: Array | None
    grey: bool
    name: str
    turned: bool = False
    mode: str = ""
    icc: bytes = b""
    exif: bytes = b""


def read(source: Source, *, max_pixels: int | None = None) -> Picture:
    """Decode a path, PIL image, binary file or bytes; of an animation, the first frame.

    EXIF orientation is applied. One-channel numbers of 16 or 32 bits must lie in 0..65535, floats in [0, 1].
    Raises ImageError for whatever is no readable picture, or has more than ``max_pixels`` (default MAX_PIXELS).
    """
    name = _name(source)
    limit = MAX_PIXELS if max_pixels is None else max_pixels
    with _as_image_errors(name), _without_pillow_limit(), _without_pillow_warnings():
        if isinstance(source, Image.Image):
            _check_size(source, limit, name)
            source.load()
            return _picture(_channels(source, name), source, name)
        with _opened(source) as file:
            image = _open(file, limit, name)
            channels = _deep_channels(image, file)
            if channels is None:
                image.load()
                channels = _channels(image, name)
            return _picture(channels, image, name)


def _name(source: object) -> str:
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source) or "''"
    name = getattr(source, "filename" if isinstance(source, Image.Image) else "name", None)
    return name if isinstance(name, str) and name else "The picture"


@contextmanager
def _as_image_errors(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises (Pillow's raise nearly everything) into an ImageError."""
    try:
        yield
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"No file {name}. Check the path.") from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is no picture of a known kind ({', '.join(_KINDS)}). Convert it to PNG or JPEG."
        ) from error
    except MemoryError as error:
        raise ImageError(f"{name} does not fit in memory. Make it smaller.") from error
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ImageError(
            f"{name} cannot be read: {reason.strip(' .')}. Check that the file is whole and readable."
        ) from error


_lock = threading.Lock()
_readers = 0
_pillow_limit: int | None = None


@contextmanager
def _without_pillow_limit() -> Iterator[None]:
    """Lift Pillow's global size limit, which warns and cannot be set per call: `_check_size` is ours.

    Threads read side by side; the last one out restores the limit.
    """
    global _readers, _pillow_limit
    with _lock:
        if _readers == 0:
            _pillow_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                Image.MAX_IMAGE_PIXELS = _pillow_limit


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


def _open(file: IO[bytes], limit: int, name: str) -> Image.Image:
    file.seek(0)
    try:
        image = Image.open(file, formats=list(_KINDS))  # never EPS: that runs a program
    except UnidentifiedImageError:
        file.seek(0)
        if file.read(3) != b"\xff\xd8\xff":
            raise
        image = Image.open(_without_exif(file), formats=["JPEG"])
    _check_size(image, limit, name)
    return image


def _without_exif(file: IO[bytes]) -> IO[bytes]:
    """Hide the EXIF block of a JPEG: Pillow seeks the resolution in it, and refuses the file if that is empty."""
    file.seek(0)
    return io.BytesIO(file.read().replace(b"Exif\0\0", bytes(6)))


def _check_size(image: Image.Image, limit: int, name: str) -> None:
    width, height = image.size
    if not width * height:
        raise ImageError(f"{name} has no pixels ({width}x{height}). Give a picture of at least 1x1.")
    if width * height > limit:
        raise ImageError(
            f"{name} has {width}x{height} pixels, more than the limit of {limit}. Make it smaller, or raise max_pixels."
        )


def _channels(image: Image.Image, name: str) -> Array:
    """Return (H, W, C), uint8 or uint16; C is 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _with_key(_from_numbers(np.asarray(image), name)[..., None], image)
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if image.has_transparency_data:
        mode += "A"
    return np.asarray(image.convert(mode)).reshape(image.height, image.width, -1)


def _from_numbers(values: Array, name: str) -> Array:
    """Map (H, W) integers in 0..65535 or floats in [0, 1] to uint16."""
    top = 1 if values.dtype.kind == "f" else 65535
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= top):  # NaN lands here too
        raise ImageError(f"{name} has values from {low:.6g} to {high:.6g}. Scale them to 0..{top}.")
    return np.round(values * 65535.0).astype(np.uint16) if top == 1 else values.astype(np.uint16)


def _with_key(channels: Array, image: Image.Image) -> Array:
    """Append alpha to 16-bit (H, W, C) of a PNG that names one colour transparent."""
    key = image.info.get("transparency")
    if key is None:
        return channels
    opaque = (channels != np.asarray(key)).any(axis=2, keepdims=True)
    return np.concatenate([channels, opaque.astype(np.uint16) * 65535], axis=2)


def _deep_channels(image: Any, file: IO[bytes]) -> Array | None:
    """Decode 16-bit RGB, RGBA and LA, of which Pillow keeps the high bytes only; None for any other picture.

    Colour is decoded twice: the second time with the byte order reversed, which makes the low bytes the high ones.
    """
    if image.format not in ("PNG", "TIFF") or not image.tile:
        return None
    args = image.tile[0].args
    raw = args if isinstance(args, str) else args[0]
    if raw == "LA;16B" and image.mode == "RGBA":
        high_low = _loaded(image, "RGBA")  # as many bytes: grey high, grey low, alpha high, alpha low
        return _joined(high_low[..., ::2], high_low[..., 1::2])
    match = re.fullmatch(r"(RGB[AX]?;16)([BLN])", raw)
    if not match:
        return None
    big_endian = match[2] == "B" or (match[2] == "N" and sys.byteorder == "big")
    high = _loaded(image, raw)
    file.seek(0)
    low = _loaded(Image.open(file, formats=[image.format]), match[1] + ("L" if big_endian else "B"))
    return _with_key(_joined(high, low), image)


def _loaded(image: Any, raw: str) -> Array:
    """Decode with another raw mode (Pillow's name for how pixels lie in the file)."""
    image.tile = [
        tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:])) for tile in image.tile
    ]
    image.load()
    return np.asarray(image)


def _joined(high: Array, low: Array) -> Array:
    return high.astype(np.uint16) << 8 | low


def _picture(channels: Array, image: Image.Image, name: str) -> Picture:
    orientation = _orientation(image)
    channels = _upright(channels, orientation)
    grey = channels.shape[2] < 3
    rgb = channels[..., :1].repeat(3, axis=2) if grey else np.ascontiguousarray(channels[..., :3])
    alpha = None if channels.shape[2] % 2 else np.ascontiguousarray(channels[..., -1])
    return Picture(rgb, alpha, grey, name, orientation in (2, 3, 4, 5, 6, 7, 8), image.mode)


def _orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(0x0112)
    except Exception:
        return None


def _upright(pixels: Array, orientation: object) -> Array:
    """Undo EXIF orientations 2 to 8 of (H, W, C); 5 to 8 swap the sides."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
