"""Pictures -> files, whole or not at all. `ganzoo.image_io.images` passes its public names on."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeAlias, cast

import numpy as np
from PIL import Image

from ganzoo.errors import OutputError
from ganzoo.files.atomic import replacing
from ganzoo.image_io.decoding import FORMATS, SUFFIXES, Array, Picture
from ganzoo.image_io.readers import metadata
from ganzoo.image_io.writers import deep_files

Target: TypeAlias = "str | os.PathLike[str] | IO[bytes]"
OPAQUE = ("JPEG", "BMP")  # kinds without alpha


def opaque(image: Image.Image, background: int) -> Image.Image:
    """Put an image with alpha on a gray background; others pass unchanged."""
    if not image.has_transparency_data:
        return image
    below = Image.new("RGBA", image.size, (background,) * 3 + (255,))
    return Image.alpha_composite(below, image.convert("RGBA")).convert("RGB")


def save(image: Image.Image, target: Target, format: str | None = None) -> None:
    """Write a PIL image to a path (kind by suffix unless ``format`` is given) or a binary file (``format`` needed).

    A path is replaced whole or not at all, and its parent folders are created. JPEG and BMP hold no alpha here: it is
    put on white. JPEG quality is 95. Raises OutputError where the kind is unknown or the file cannot be written.
    """
    _deliver(target, format, lambda kind, buffer: _write_image(image, kind, buffer))


def save_decoded(picture: Picture, target: Target, format: str | None = None, *, keep_metadata: bool = False) -> None:
    """Write a Picture as `save` writes an image: a gray one as gray, alpha where the kind holds it.

    16 bits a channel stay in PNG and TIFF, and are rounded to 8 for other kinds. PNG, JPEG, WebP and TIFF get the
    color profile that the numbers are of, and with ``keep_metadata`` EXIF. TIFF is deflated; PNG of 8 bits is packed
    at level 4, which on photographs takes half the time of Pillow's 6 for 1.5 % more bytes.
    """
    if picture.rgb.dtype not in (np.uint8, np.uint16):
        raise OutputError(f"A picture of {picture.rgb.dtype} cannot be written. Make it uint8 or uint16.")
    _deliver(target, format, lambda kind, buffer: _write_decoded(picture, kind, buffer, keep_metadata))


def _write_decoded(picture: Picture, kind: str, buffer: io.BytesIO, keep_metadata: bool) -> None:
    icc = picture.icc
    space = metadata.color_space(icc)
    gray = picture.gray and space != "RGB"  # a profile says nothing of pictures with other channels
    if space != ("GRAY" if gray else "RGB"):
        icc = b""
    exif = picture.exif if keep_metadata else b""
    deep = picture.rgb.dtype == np.uint16
    if kind == "TIFF":
        pale = gray and not (deep and picture.alpha is not None)  # Pillow opens no TIFF of 16-bit gray with alpha
        deep_files.write_tiff(_layers(picture, pale), buffer, icc, exif)
    elif kind == "PNG" and deep:
        deep_files.write_png(_layers(picture, gray), buffer, icc, exif)
    else:
        wanted = {"icc_profile": icc, "exif": exif} if kind in ("PNG", "JPEG", "WEBP") else {}
        options: dict[str, Any] = {"compress_level": 4} if kind == "PNG" else {}
        options |= {name: value for name, value in wanted.items() if value}
        _write_image(_image(picture, kind, gray), kind, buffer, **options)


def _layers(picture: Picture, gray: bool) -> list[Array]:
    """Return (H, W, 1 or 3) of colors, and (H, W, 1) of alpha where there is one."""
    colors = picture.rgb[..., :1] if gray else picture.rgb
    return [colors] if picture.alpha is None else [colors, picture.alpha[..., None]]


def _image(picture: Picture, kind: str, gray: bool) -> Image.Image:
    """Return an image of 8 bits a channel: L or RGB, with alpha where the kind holds it."""
    image = Image.fromarray(_rounded(picture.rgb[..., 0] if gray else picture.rgb))
    if picture.alpha is None:
        return image
    image.putalpha(Image.fromarray(_rounded(picture.alpha)))
    if kind == "GIF":
        return image.convert("RGBA")  # of LA Pillow drops the alpha
    return opaque(image, 255).convert(image.mode.removesuffix("A")) if kind in OPAQUE else image


def _rounded(pixels: Array) -> Array:
    """Return (H, ...) of 16 bits as 8, a few rows at a time."""
    if pixels.dtype == np.uint8:
        return pixels
    found = np.empty(pixels.shape, np.uint8)
    for top in range(0, len(pixels), 64):
        found[top : top + 64] = (pixels[top : top + 64].astype(np.uint32) + 128) // 257
    return found


def _deliver(target: Target, format: str | None, write: Callable[[str, io.BytesIO], None]) -> None:
    """Encode in memory, then write: whole or not at all."""
    path = Path(target) if isinstance(target, (str, os.PathLike)) else None
    kind = _kind(str(path), path.suffix, format) if path else _kind("The file", "", format)
    buffer = io.BytesIO()
    try:
        write(kind, buffer)
    except Exception as error:  # Pillow's encoders raise nearly everything
        name = str(path) if path else "the picture"
        raise OutputError(f"Cannot write {name} as {kind}: {error}. Choose PNG, or a smaller size.") from error
    if path is None:
        _write(buffer.getvalue(), cast("IO[bytes]", target))
        return
    with replacing(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def _kind(name: str, suffix: str, format: str | None) -> str:
    """Return Pillow's name of the format."""
    wanted = "." + format.removeprefix(".") if format else suffix
    if wanted.lower() in FORMATS:
        return FORMATS[wanted.lower()]
    wrong = f"'{wanted}' is no kind of picture" if wanted else f"{name} does not say the kind of picture"
    raise OutputError(f"{wrong} that can be written. Choose one of {' '.join(SUFFIXES)}.")


def _write_image(image: Image.Image, kind: str, buffer: io.BytesIO, **options: Any) -> None:
    if kind in OPAQUE:
        image = opaque(image, 255)
    if kind == "JPEG" and image.mode == "P":
        image = image.convert("RGB")
    image.save(buffer, kind, **({"quality": 95} if kind == "JPEG" else {}), **options)


def _write(data: bytes, file: IO[bytes]) -> None:
    try:
        file.write(data)
    except (OSError, ValueError, TypeError) as error:  # ValueError: it is closed; TypeError: it takes text
        raise OutputError(f"Cannot write the picture: {error}. Give a path, or a file opened with 'wb'.") from error


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise OutputError, before any work is done, for a path whose suffix names no kind of picture, or for a folder."""
    target = Path(path)
    _kind(str(target), target.suffix, None)
    if target.is_dir():
        raise OutputError(f"Cannot write {target}: it is a folder. Give the path of a file.")
    blocked = next((parent for parent in target.parents if parent.exists() and not parent.is_dir()), None)
    if blocked:
        raise OutputError(f"Cannot write {target}: {blocked} is a file, not a folder.")
