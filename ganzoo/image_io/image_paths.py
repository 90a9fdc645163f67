"""Paths of image files: the supported suffixes, and the images in a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ganzoo.errors import ImageError

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


def find(folder: str | os.PathLike[str], recursive: bool = True, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """Return the files of a folder with one of these suffixes, sorted. Hidden files are skipped, links are followed.

    Raises:
        ImageError: The folder, or one below it, cannot be listed.
    """
    if not os.path.isdir(folder):
        problem = "is a file, not a folder" if os.path.exists(folder) else "does not exist"
        raise ImageError(f"'{folder}' {problem}. Give a folder of images.")
    found = []
    for root, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        folders[:] = [name for name in folders if recursive and _should_enter(Path(root, name))]
        matching = (name for name in files if Path(name).suffix.lower() in suffixes and not name.startswith("."))
        found += [Path(root, name) for name in matching]
    return sorted(found)


def _should_enter(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name == "__MACOSX"
    return not hidden and not folder.parent.resolve().is_relative_to(folder.resolve())  # a link back up never ends


def _refuse(error: OSError) -> None:
    raise ImageError(f"The folder {error.filename} cannot be listed: {error.strerror}. Check its permissions.")
