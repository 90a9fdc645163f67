"""A folder or a zip archive as a list of named files, read in place."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import Protocol

from ganzoo import images
from ganzoo.errors import DataError


class Source(Protocol):
    """Named files, sorted by name; names have forward slashes and are relative to the source."""

    path: Path
    names: list[str]

    def read(self, name: str) -> bytes:
        """Return the content of one file."""
        ...


class Folder:
    """The files below a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names = sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file() and visible(p.name))

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()


class Archive:
    """The files in a zip archive, which is never unpacked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{path} is no readable zip archive ({error}). Copy or download it again.") from error
        self.names = sorted(
            info.filename
            for info in self.zip.infolist()
            if not info.is_dir() and all(visible(part) for part in PurePosixPath(info.filename).parts)
        )

    def read(self, name: str) -> bytes:
        try:
            return self.zip.read(name)
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(
                f"{name} in {self.path} is damaged ({error}). Copy or download the archive again."
            ) from error


def open_source(path: Path) -> Source:
    """Open a folder or a .zip. Raises DataError when it is neither."""
    if path.is_dir():
        return Folder(path)
    if path.suffix.lower() == ".zip" and path.is_file():
        return Archive(path)
    if path.exists():
        raise DataError(f"{path} is neither a folder nor a .zip archive. Give the folder that holds the pictures.")
    raise DataError(f"There is no {path}. Give a folder of pictures, a .zip of one, or a folder of IDX files.")


def image_names(source: Source) -> list[str]:
    """Return the names that have an image suffix."""
    return [name for name in source.names if images.is_image_path(Path(name))]


def in_folder(names: list[str], folder: str) -> list[str]:
    """Return the names that lie directly in a folder of that name, at any depth."""
    return [name for name in names if PurePosixPath(name).parent.name == folder]


def visible(name: str) -> bool:
    """Tell whether a file is meant to be seen: not hidden, no archiver's leftovers."""
    return not name.startswith(".") and name != "__MACOSX"
