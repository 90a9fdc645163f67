"""The format of an image file, found by its first bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from ganzoo.image_io.readers import bmp, gif, jpeg, png, tiff_container, webp
from ganzoo.image_io.readers.container import Container

# First bytes -> the reader of that format.
READERS: dict[bytes, Callable[[IO[bytes]], Container]] = {
    png.SIGNATURE: png.read,
    b"\xff\xd8\xff": jpeg.read,
    b"BM": bmp.read,
    b"GIF87a": gif.read,
    b"GIF89a": gif.read,
    b"II": tiff_container.read,
    b"MM": tiff_container.read,
}


def read(file: IO[bytes]) -> Container | None:
    """Return what a seekable binary file declares; None where its format is not supported.

    Raises:
        ValueError: The file is damaged.
    """
    file.seek(0)
    start = file.read(12)
    for signature, reader in READERS.items():
        if start.startswith(signature):
            return reader(file)
    return webp.read(file) if start[:4] == b"RIFF" and start[8:] == b"WEBP" else None
