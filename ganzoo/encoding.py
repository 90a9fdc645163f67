"""Pictures -> files, whole or not at all. `ganzoo.images` passes its public names on."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO

from PIL import Image

from ganzoo.decoding import FORMATS, SUFFIXES
from ganzoo.errors import OutputError
from ganzoo.files import replacing


def opaque(image: Image.Image, background: int) -> Image.Image:
    """Put an image with alpha on a grey background; others pass unchanged."""
    if not image.has_transparency_data:
        return image
    below = Image.new("RGBA", image.size, (background,) * 3 + (255,))
    return Image.alpha_composite(below, image.convert("RGBA")).convert("RGB")


def save(image: Image.Image, target: str | os.PathLike[str] | IO[bytes], format: str | None = None) -> None:
    """Write a PIL image to a path (kind by suffix unless ``format`` is given) or a binary file (``format`` needed).

    A path is replaced whole or not at all, and its parent folders are created. JPEG and BMP hold no alpha here: it is
    put on white. JPEG quality is 95. Raises OutputError where the kind is unknown or the file cannot be written.
    """
    if not isinstance(target, (str, os.PathLike)):
        _write(_encoded(image, _kind("The file", "", format), "the picture"), target)
        return
    path = Path(target)
    data = _encoded(image, _kind(str(path), path.suffix, format), str(path))
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def _kind(name: str, suffix: str, format: str | None) -> str:
    """Return Pillow's name of the format."""
    wanted = "." + format.removeprefix(".") if format else suffix
    if wanted.lower() in FORMATS:
        return FORMATS[wanted.lower()]
    wrong = f"'{wanted}' is no kind of picture" if wanted else f"{name} does not say the kind of picture"
    raise OutputError(f"{wrong} that can be written. Choose one of {' '.join(SUFFIXES)}.")


def _encoded(image: Image.Image, kind: str, name: str) -> bytes:
    buffer = io.BytesIO()
    try:
        if kind in ("JPEG", "BMP"):
            image = opaque(image, 255)
        if kind == "JPEG" and image.mode == "P":
            image = image.convert("RGB")
        image.save(buffer, kind, **({"quality": 95} if kind == "JPEG" else {}))
    except Exception as error:  # Pillow's encoders raise nearly everything
        raise OutputError(f"Cannot write {name} as {kind}: {error}. Choose PNG, or a smaller size.") from error
    return buffer.getvalue()


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
