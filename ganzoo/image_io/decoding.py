"""Image files, bytes and PIL images -> `DecodedImage`: upright pixels of 8 or 16 bits, or an ImageError.

`ganzoo.image_io.readers` reads what lies around the pixels, and TIFF files of more than 8 bits; Pillow reads all other
pixels.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, replace
from typing import IO, TypeAlias

import numpy as np
from PIL import Image, UnidentifiedImageError

from ganzoo.errors import ImageError
from ganzoo.files.regular import open_regular
from ganzoo.image_io.image_paths import FORMATS
from ganzoo.image_io.limits import MAX_PIXELS as MAX_PIXELS
from ganzoo.image_io.pillow_settings import ignored_warnings, lifted_limits
from ganzoo.image_io.read_errors import as_image_errors
from ganzoo.image_io.readers import detection, metadata, pixels, tiff
from ganzoo.image_io.readers.container import Container
from ganzoo.image_io.readers.tiff import Array as Array

Source: TypeAlias = "str | os.PathLike[str] | bytes | IO[bytes] | Image.Image"


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """A decoded image, upright.

    Attributes:
        rgb: (H, W, 3), uint8 or, where the source had more than 8 bits a channel, uint16.
        alpha: (H, W) of the same type, or None.
        gray: The source had one color channel, so the three of ``rgb`` are equal.
        name: What messages call it.
        turned: EXIF said that the source lies on its side, upside down or mirrored.
        mode: Pillow's name of how the source stores colors.
        icc: The color profile of the numbers in ``rgb``, b"" for sRGB.
        exif: What the metadata says of camera, place, time and author, as Pillow writes it (b"Exif\\0\\0", then a TIFF
            directory), b"" for nothing.
        more: The source has more frames or pages, which were not read.
    """

    rgb: Array
    alpha: Array | None
    gray: bool
    name: str
    turned: bool = False
    mode: str = ""
    icc: bytes = b""
    exif: bytes = b""
    more: bool = False


def read(source: Source, *, max_pixels: int | None = None, srgb: bool = False) -> DecodedImage:
    """Decode an image; of an animation or a file of several pages, the first one.

    EXIF orientation is applied. Damaged metadata and profiles count as missing.

    Args:
        source: A path, PIL image, binary file or bytes. Numbers of 16 or 32 bits must lie in 0..65535, floats in
            [0, 1].
        max_pixels: Refuse larger images; None: `MAX_PIXELS`.
        srgb: Convert 8-bit images with another color profile to sRGB; ``icc`` becomes b"". 16-bit images keep numbers
            and profile, because Pillow's ImageCms supports only 8 bits. CMYK becomes RGB either way, but through its
            profile only here.

    Raises:
        ImageError: The source is not an image that can be read.
    """
    name = _name(source)
    limit = MAX_PIXELS if max_pixels is None else max_pixels
    with as_image_errors(name), lifted_limits(), ignored_warnings():
        if isinstance(source, Image.Image):
            _check_size(*source.size, limit, name)
            return _decode_pil(source, name, srgb)
        with _open(source) as file:
            container = detection.read(file)
            if container is None:
                formats = ", ".join(dict.fromkeys(FORMATS.values()))
                raise ImageError(f"{name} is not a supported image file ({formats}). Convert it to PNG or JPEG.")
            _check_size(container.width, container.height, limit, name)
            container.check_length()
            return _decode_container(container, name, srgb, limit)


def _check_size(width: int, height: int, limit: int, name: str) -> None:
    if not width * height:
        raise ImageError(f"{name} has no pixels ({width}x{height}). Give an image of at least 1x1.")
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
        own = getattr(source, "filename" if isinstance(source, Image.Image) else "name", None)
        name = own if isinstance(own, str) and own else "The image"
    return name if name.isprintable() else name.encode("unicode_escape").decode()


def _open(source: object) -> IO[bytes]:
    if isinstance(source, (str, os.PathLike)):
        if os.path.isdir(source):
            raise ImageError(f"{source} is a folder, not an image. Give the files in it.")
        return open_regular(source)
    data = source.read() if hasattr(source, "read") else source
    if not isinstance(data, (bytes, bytearray, memoryview)):
        found = "A file opened as text" if isinstance(data, str) else f"A {type(source).__name__}"
        raise ImageError(f"{found} is not an image. Give a path, a PIL image, bytes or a file opened with 'rb'.")
    return io.BytesIO(data)


def _decode_pil(image: Image.Image, name: str, srgb: bool) -> DecodedImage:
    image.load()
    icc, exif = (value if isinstance(value := image.info.get(key), bytes) else b"" for key in ("icc_profile", "exif"))
    channels = pixels.from_image(image, name, icc if srgb else b"")
    orientation = _orientation(image)
    exif = metadata.upright_exif(metadata.parse_exif(exif))
    return _build(channels, name, image.mode, orientation, orientation > 1, icc, exif, srgb)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(metadata.ORIENTATION)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _decode_container(container: Container, name: str, srgb: bool, limit: int) -> DecodedImage:
    tags = container.tags or metadata.parse_exif(container.exif)
    orientation = metadata.orientation(tags, container.xmp)
    layout = tiff.find_layout(container.tags) if container.tags else None
    more = False
    if layout and layout.readable:
        channels = pixels.read_deep_tiff(layout, name, limit)
        gray = "F" if layout.format == 3 else "I;16"
        mode, to_undo = (gray, "LA", "RGB", "RGBA")[channels.shape[2] - 1], orientation
    else:
        channels, mode, more = _decode_with_pillow(container, name, container.icc if srgb else b"")
        to_undo = 1 if container.format == "TIFF" else orientation  # Pillow turns TIFF itself
    exif = metadata.upright_exif(tags)
    image = _build(channels, name, mode, to_undo, orientation > 1, container.icc, exif, srgb)
    return replace(image, more=more or container.more)


def _decode_with_pillow(container: Container, name: str, icc: bytes) -> tuple[Array, str, bool]:
    """Return (H, W, C), Pillow's mode, and whether the file has more frames."""
    try:
        image = Image.open(container.file, formats=[container.format])  # never EPS: that runs a program
    except UnidentifiedImageError as error:
        raise ValueError(f"it is damaged, or a rare variant of {container.format}") from error
    if image.width * image.height > container.width * container.height:
        raise ValueError("it declares two sizes")
    deep = pixels.read_deep_png(image, container.file) if container.format == "PNG" else None
    if deep is not None:
        return pixels.with_transparent_color(deep, container.transparent_color), image.mode, False
    image.load()
    mode, channels = image.mode, pixels.from_image(image, name, icc, container.transparent_color)
    # Last: a GIF looks for its second frame, which may be damaged. Of a TIFF the container knows.
    return channels, mode, container.format != "TIFF" and _has_more(image)


def _has_more(image: Image.Image) -> bool:
    """Return whether an image has more frames, readable or not."""
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # Pillow raises whatever it likes on a damaged frame
        return True


def _build(
    channels: Array, name: str, mode: str, orientation: int, turned: bool, icc: bytes, exif: bytes, srgb: bool
) -> DecodedImage:
    channels = _upright(channels, orientation)
    gray = channels.shape[2] < 3
    rgb = channels[..., :1].repeat(3, axis=2) if gray else np.ascontiguousarray(channels[..., :3])
    alpha = None if channels.shape[2] % 2 else np.ascontiguousarray(channels[..., -1])
    icc = b"" if srgb and rgb.dtype == np.uint8 else metadata.matching_profile(icc, mode)
    return DecodedImage(rgb, alpha, gray, name, turned, mode, icc, exif)


def _upright(pixels: Array, orientation: int) -> Array:
    """Undo EXIF orientations 2 to 8 of (H, W, C); 5 to 8 swap the sides."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels
