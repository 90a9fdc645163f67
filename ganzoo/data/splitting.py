"""What folders and names say of pictures: their class, their partner, their place in training or validation."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import PurePosixPath

from ganzoo.errors import DataError

# Folders of pairs, the input first; letter case does not count.
PAIR_FOLDERS = (("input", "target"), ("inputs", "targets"), ("a", "b"), ("traina", "trainb"), ("source", "target"))
SHOWN = 5  # names that a sentence lists before it only counts


def split(names: list[str], share: float) -> tuple[list[int], list[int]]:
    """Return the indices to train on and those to keep out, by a hash of each name's last part.

    So a name keeps its side whatever other files come or go, and wherever the folder lies; only a name that occurs
    in several folders counts with its whole path. A share above 0 leaves at least one name on either side.
    Raises DataError where that cannot be.
    """
    check_share(share)
    everything = range(len(names))
    if not share:
        return list(everything), []
    if len(names) < 2:
        raise DataError(f"validation={share} needs two pictures at least, and there is {len(names)}.")
    last = [name.rsplit("/", 1)[-1] for name in names]
    often = Counter(last)
    places = [place(name if often[part] > 1 else part) for name, part in zip(names, last, strict=True)]
    held = {index for index in everything if places[index] < share}
    if not held:
        held = {min(everything, key=places.__getitem__)}
    if len(held) == len(names):
        held.remove(max(everything, key=places.__getitem__))
    return [index for index in everything if index not in held], sorted(held)


def check_share(share: float) -> None:
    """Raise DataError for a share that is not in [0, 1)."""
    if not 0 <= share < 1:
        raise DataError(f"validation={share} is no share: give a number from 0 up to, not including, 1.")


def place(name: str) -> float:
    """Return a number in [0, 1) that only ``name`` decides."""
    return int(hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8], 16) / 2**32


def class_folders(names: list[str]) -> tuple[list[str], list[int]] | None:
    """Return the classes, sorted, and each name's index among them; None where no folders divide all the pictures.

    A class is a folder on top, once the folders that all the names share are taken off; there are two at least.
    """
    paths = _below_the_root(names)
    if not paths or any(len(parts) < 2 for parts in paths):
        return None
    classes = sorted({parts[0] for parts in paths})
    index = {name: number for number, name in enumerate(classes)}
    return classes, [index[parts[0]] for parts in paths]


def pair_folders(names: list[str]) -> tuple[list[str], list[str]] | None:
    """Return the names of the inputs and of the targets, where two folders on top hold all; else None.

    Raises DataError where the names of the two folders do not say which one holds the inputs.
    """
    found = class_folders(names)
    if found is None or len(found[0]) != 2:
        return None
    classes, labels = found
    known = [pair for pair in PAIR_FOLDERS if {name.lower() for name in classes} == set(pair)]
    if not known:
        raise DataError(
            f"Nothing says which of the folders '{classes[0]}' and '{classes[1]}' holds the inputs. "
            "Name them input and target, or give both as two paths, the inputs first."
        )
    sides = [[n for n, label in zip(names, labels, strict=True) if classes[label].lower() == w] for w in known[0]]
    return sides[0], sides[1]


def pair_up(inputs: list[str], targets: list[str]) -> list[tuple[str, str]]:
    """Return (input, target) of equal names but for the suffix, sorted.

    The folders below the sides' own count only where a name occurs in several of them.
    Raises DataError that names all those without a partner, or with two.
    """
    whole = any(len({PurePosixPath(name).stem for name in names}) < len(names) for names in (inputs, targets))
    root = min(_shared(names) for names in (inputs, targets))
    sides = [_by_stem(names, root if whole else None) for names in (inputs, targets)]
    twice = [name for side in sides for names in side.values() if len(names) > 1 for name in names]
    if twice:
        raise DataError(f"{_counted(twice)} share a name but for the suffix: {some(twice)}. Keep one of each.")
    alone = [names[0] for side, other in (sides, sides[::-1]) for stem, names in side.items() if stem not in other]
    if inputs and targets and len(alone) == len(inputs) + len(targets):
        raise DataError(
            f"None of these {len(alone):,} pictures has a partner of the same name: '{inputs[0]}' and '{targets[0]}' "
            "are of two sets, not of pairs. Name partners alike, or take a recipe for two sets, as cyclegan."
        )
    if alone:
        raise DataError(
            f"{_counted(alone)} of {len(inputs) + len(targets)} without a partner of the same name. "
            f"Add it, or remove them:\n  {on_lines(alone)}"
        )
    return [(names[0], sides[1][stem][0]) for stem, names in sorted(sides[0].items())]


def some(names: list[str]) -> str:
    """Return the first few names, and how many more there are."""
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def on_lines(names: list[str], most: int = 20) -> str:
    """Return the first names, a line each, and how many more there are."""
    return "\n  ".join([*names[:most], *([f"and {len(names) - most} more"] if len(names) > most else [])])


def _by_stem(names: list[str], root: int | None) -> dict[str, list[str]]:
    """Return stem -> names; the stem has the folders below the ``root`` uppermost, or none."""
    stems: dict[str, list[str]] = {}
    for name in names:
        path = PurePosixPath(name).with_suffix("")
        stems.setdefault(path.name if root is None else "/".join(path.parts[root:]), []).append(name)
    return stems


def _below_the_root(names: list[str]) -> list[tuple[str, ...]]:
    """Return each name's parts without the folders that all of them begin with."""
    shared = _shared(names)
    return [PurePosixPath(name).parts[shared:] for name in names]


def _shared(names: list[str]) -> int:
    """Return with how many equal folders all names begin."""
    paths = [PurePosixPath(name).parts for name in names]
    shortest = min((len(parts) - 1 for parts in paths), default=0)
    shared = 0
    while shared < shortest and len({parts[shared] for parts in paths}) == 1:
        shared += 1
    return shared


def _counted(names: list[str]) -> str:
    return f"{len(names):,} picture{'' if len(names) == 1 else 's'}"
