"""Class folders: the classes of images, by the folders that they lie in."""

from __future__ import annotations

from pathlib import PurePosixPath


def class_folders(names: list[str]) -> tuple[list[str], list[int]] | None:
    """Return the classes, sorted, and the index of each name's class; None where folders do not divide all images.

    A class is a top folder, below the folders that all names share; there are at least two.
    """
    paths = _below_the_root(names)
    if not paths or any(len(parts) < 2 for parts in paths):
        return None
    classes = sorted({parts[0] for parts in paths})
    index = {name: number for number, name in enumerate(classes)}
    return classes, [index[parts[0]] for parts in paths]


def _below_the_root(names: list[str]) -> list[tuple[str, ...]]:
    """Return each name's parts without the folders that all names begin with."""
    shared = shared_folders(names)
    return [PurePosixPath(name).parts[shared:] for name in names]


def shared_folders(names: list[str]) -> int:
    """Return the number of folders that all names begin with."""
    paths = [PurePosixPath(name).parts for name in names]
    shortest = min((len(parts) - 1 for parts in paths), default=0)
    shared = 0
    while shared < shortest and len({parts[shared] for parts in paths}) == 1:
        shared += 1
    return shared
