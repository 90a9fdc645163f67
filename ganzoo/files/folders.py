"""Walks folders: each folder once, whatever links lead to it, and regular files only."""

from __future__ import annotations

import glob
import os
import stat
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass
class Walked:
    """What was found below a folder.

    Attributes:
        files: Regular files and broken links, sorted, relative to the folder, with forward slashes.
        repeated: Links to folders that were already visited, likewise.
        irregular: Pipes, sockets and devices, likewise.
    """

    files: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    irregular: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """Sentences for the user on what was left out."""
        sentences = []
        if self.repeated:
            plural = "s lead" if len(self.repeated) > 1 else " leads"
            sentences.append(
                f"{len(self.repeated)} link{plural} to a folder that is read anyway: {_some(self.repeated)}."
            )
        if self.irregular:
            plural = "s are" if len(self.irregular) > 1 else " is"
            sentences.append(f"{len(self.irregular)} file{plural} not regular and left out: {_some(self.irregular)}.")
        return sentences


def is_visible(name: str) -> bool:
    """Tell whether a file or folder counts: it is neither hidden nor left over by an archiver."""
    return not name.startswith(".") and name != "__MACOSX"


def walk(folder: str | os.PathLike[str], on_error: Callable[[OSError], None], recursive: bool = True) -> Walked:
    """Find the visible files below a folder. Links are followed, but each folder is visited once.

    Folders are told apart by device and inode. A folder that lies inside is found under its own name, and not under
    that of a link to it. A file with several names is found under each of them.

    Args:
        folder: Where to begin.
        on_error: Called with the error of a folder that cannot be listed; may raise.
        recursive: Include subfolders.
    """
    walker = _Walker(os.fsdecode(folder), on_error, recursive)
    walker.run()
    found = walker.found
    return Walked(sorted(found.files), sorted(found.repeated), sorted(found.irregular))


def matching_files(pattern: str, on_error: Callable[[OSError], None]) -> list[str]:
    """Return the regular files that a shell pattern matches, sorted; ** stands for any number of folders.

    As `glob.glob` with ``recursive``, but each folder is visited once, whatever links lead to it.
    """
    parts = pattern.split("/")
    if "**" not in parts:
        return [path for path in sorted(glob.glob(pattern)) if os.path.isfile(path)]
    place = parts.index("**")
    begin, rest = "/".join(parts[:place]), parts[place:]
    bases = glob.glob(begin) if begin else ["/" if pattern.startswith("/") else ""]
    found = set[str]()
    for base in filter(lambda base: os.path.isdir(base or os.curdir), bases):
        files = walk(base or os.curdir, on_error).files
        found |= {os.path.join(base, name) for name in files if _matches(name.split("/"), rest)}
    return sorted(path for path in found if os.path.isfile(path))


def _matches(names: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_matches(names[skipped:], patterns[1:] or ["*"]) for skipped in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _matches(names[1:], patterns[1:])


class _Walker:
    def __init__(self, root: str, on_error: Callable[[OSError], None], recursive: bool) -> None:
        self.root, self.on_error, self.recursive = root, on_error, recursive
        self.found = Walked()
        self.visited: set[tuple[int, int]] = set()
        self.folders, self.links = [""], deque[str]()

    def run(self) -> None:
        while self.folders or self.links:  # links come last, so that a folder inside keeps its own name
            is_link = not self.folders
            self._visit(self.links.popleft() if is_link else self.folders.pop(), is_link)

    def _visit(self, folder: str, is_link: bool) -> None:
        path = os.path.join(self.root, folder)
        try:
            status = os.stat(path)
            identity = status.st_dev, status.st_ino
            if identity in self.visited:
                self.found.repeated += [folder] if is_link else []
                return
            self.visited.add(identity)
            with os.scandir(path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.on_error(error)
            return
        for entry in listed:
            if is_visible(entry.name):
                self._add(f"{folder}/{entry.name}" if folder else entry.name, entry)

    def _add(self, name: str, entry: os.DirEntry[str]) -> None:
        try:
            mode = entry.stat().st_mode
        except OSError:  # a broken link, or one that leads to itself: reading it says what is missing
            self.found.files.append(name)
            return
        if stat.S_ISDIR(mode):
            if self.recursive:
                (self.links if entry.is_symlink() else self.folders).append(name)
        else:
            (self.found.files if stat.S_ISREG(mode) else self.found.irregular).append(name)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
