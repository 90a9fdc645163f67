"""A folder, a zip archive, or two of these, as a list of named files, read in place.

Sources are passed to worker processes by pickling or forking, and read there as they do here.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeAlias

from ganzoo.errors import DataError, OptionError
from ganzoo.files import folders
from ganzoo.files.limits import FILE
from ganzoo.files.regular import read_regular, require_regular
from ganzoo.image_io import image_paths

Paths: TypeAlias = "Path | str | Sequence[Path | str]"

# What zipfile raises for a member that is damaged, encrypted, or packed in a way it does not know.
_ZIP_ERRORS = (zipfile.BadZipFile, OSError, EOFError, RuntimeError, MemoryError, zlib.error, lzma.LZMAError)


class Source(Protocol):
    """Named files, sorted by name; names have forward slashes and are relative to the source."""

    path: Path
    names: list[str]
    notes: list[str]  # sentences on what was left out

    def read(self, name: str) -> bytes:
        """Return the content of one file. Raises DataError that names it."""
        ...

    def size(self, name: str) -> int:
        """Return the length of one file in bytes. Raises DataError that names it."""
        ...


class Folder:
    """The files below a folder; links to other folders are followed, each folder is read once."""

    def __init__(self, path: Path) -> None:
        found = folders.walk(path, _refuse)
        self.path = path
        self.names = found.files
        self.notes = found.notes

    def read(self, name: str) -> bytes:
        try:
            return read_regular(self.path / name, FILE, DataError)
        except OSError as error:
            raise DataError(f"{name}: it cannot be read ({error.strerror or error}).") from error

    def size(self, name: str) -> int:
        try:
            return require_regular(self.path / name)
        except OSError as error:
            raise DataError(f"{name}: it cannot be read ({error.strerror or error}).") from error


class Archive:
    """The files in a zip archive, which is never unpacked.

    Each process opens it for itself: forked ones would share one position in the file, and read one another's bytes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self._opened: dict[int, zipfile.ZipFile] = {}  # process -> the archive
        self.names = sorted(
            {
                info.filename
                for info in self._zip().infolist()
                if info.filename
                and not info.is_dir()
                and all(is_visible(part) for part in PurePosixPath(info.filename).parts)
            }
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_opened": {}}

    def read(self, name: str) -> bytes:
        FILE.check(self.size(name), name, DataError)
        try:
            with self._zip().open(name) as file:
                content = file.read(FILE.value + 1)  # a member may hold more than it declares
                FILE.check(len(content), name, DataError)
                return content
        except _ZIP_ERRORS as error:
            raise DataError(f"{name}: it is damaged or locked in the archive ({error}).") from error

    def size(self, name: str) -> int:
        return self._zip().getinfo(name).file_size

    def _zip(self) -> zipfile.ZipFile:
        process = os.getpid()
        if process not in self._opened:
            try:
                require_regular(self.path)
                self._opened = {process: zipfile.ZipFile(self.path)}
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
                raise DataError(
                    f"{self.path} is not a readable zip archive ({error}). Copy or download it again."
                ) from error
        return self._opened[process]


class Combined:
    """Two sources as one: the names of the first begin with ``A/``, those of the second with ``B/``."""

    def __init__(self, a: Source, b: Source) -> None:
        self.sides = {"A": a, "B": b}
        self.path = Path(f"{a.path} and {b.path}")
        self.notes = [*a.notes, *b.notes]
        self.names = [f"{side}/{name}" for side, source in self.sides.items() for name in source.names]

    def read(self, name: str) -> bytes:
        try:
            return self.sides[name[0]].read(name[2:])
        except DataError as error:
            raise DataError(f"{name[:2]}{error}") from error  # both sides may have a file of that name

    def size(self, name: str) -> int:
        return self.sides[name[0]].size(name[2:])


def open_source(path: Path) -> Source:
    """Open a folder or a .zip. Raises DataError when it is neither."""
    if path.is_dir():
        return Folder(path)
    if path.suffix.lower() == ".zip" and path.is_file():
        return Archive(path)
    if path.exists():
        raise DataError(f"{path} is neither a folder nor a .zip archive. Give the folder that holds the images.")
    raise DataError(f"There is no {path}. Give a folder of images, a .zip of one, or a folder of IDX files.")


def open_sources(paths: Sequence[str]) -> Source:
    """Open one path, or two as `Combined`. Raises DataError for a path that is neither a folder nor a .zip."""
    opened = [open_source(Path(path)) for path in paths]
    return opened[0] if len(opened) == 1 else Combined(*opened)


def list_paths(path: Paths, kind: str) -> list[str]:
    """Return one path, or two, as a list. Raises OptionError for another number of paths than the kind of data has."""
    paths = [str(path)] if isinstance(path, (str, Path)) else [str(each) for each in path]
    most = 2 if kind in ("paired", "unpaired") else 1
    if not 1 <= len(paths) <= most:
        found = ", ".join(f"'{path}'" for path in paths) or "none"
        expected = "one path" if most == 1 else "one path, or two" + (" (inputs, targets)" if kind == "paired" else "")
        raise OptionError(f"'{kind}' data is {expected}, not {len(paths)}: {found}. Give {expected}.")
    return paths


def is_remote(path: str) -> bool:
    """Tell whether a path is a URL or a command, ``pipe:...``."""
    return path.startswith("pipe:") or "://" in path


def image_names(source: Source) -> list[str]:
    """Return the names that have an image suffix."""
    return [name for name in source.names if image_paths.is_image_path(Path(name))]


def in_folder(names: list[str], folder: str) -> list[str]:
    """Return the names that lie directly in a folder of that name, at any depth."""
    return [name for name in names if PurePosixPath(name).parent.name == folder]


def fingerprint(source: Source, names: Iterable[str], count: int) -> dict[str, Any]:
    """Return what identifies data without reading it: the count, and a SHA-256 of all names and lengths."""
    listing = "\n".join(f"{source.size(name)} {name}" for name in sorted(names))
    return {"pictures": count, "sha256": hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()}


def _is_visible_path(name: str) -> bool:
    return all(is_visible(part) for part in PurePosixPath(name).parts)


def is_visible(name: str) -> bool:
    """Tell whether a file counts: it is neither hidden nor left over by an archiver."""
    return folders.is_visible(name)


def _refuse(error: OSError) -> None:
    raise DataError(f"The folder {error.filename} cannot be listed: {error.strerror}. Check its permissions.")
