"""Paths of image files: the supported suffixes, and the images in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ganzoo.errors import ImageError
from ganzoo.files.folders import walk

FORMATS = {  # suffix -> Pillow's name of the format
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


def is_image_path(path: str | os.PathLike[str]) -> bool:
    """Tell by the suffix alone; the file need not exist."""
    return Path(path).suffix.lower() in SUFFIXES


def find(
    folder: str | os.PathLike[str],
    recursive: bool = True,
    suffixes: Sequence[str] = SUFFIXES,
    log: Callable[[str], None] | None = None,
) -> list[Path]:
    """Return the files of a folder with one of these suffixes, sorted.

    Hidden files, pipes and devices are skipped. Links are followed; each folder is visited once.

    Args:
        folder: Where to look.
        recursive: Include subfolders.
        suffixes: In lower case, with their dots.
        log: Called with a sentence on what was left out.

    Raises:
        ImageError: The folder, or one below it, cannot be listed.
    """
    if not os.path.isdir(folder):
        problem = "is a file, not a folder" if os.path.exists(folder) else "does not exist"
        raise ImageError(f"'{folder}' {problem}. Give a folder of images.")
    found = walk(folder, refuse, recursive)
    for note in found.notes if log else ():
        log(note)  # type: ignore[misc]
    return sorted(Path(folder, name) for name in found.files if name.lower().endswith(tuple(suffixes)))


def refuse(error: OSError) -> None:
    """Raise ImageError for a folder that cannot be listed."""
    raise ImageError(f"The folder {error.filename} cannot be listed: {error.strerror}. Check its permissions.")
