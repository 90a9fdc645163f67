"""Pairs of an input and a target: which folder holds which, and which files belong together."""

from __future__ import annotations

from pathlib import PurePosixPath

from ganzoo.data.class_folders import class_folders, shared_folders
from ganzoo.data.listing import on_lines, some
from ganzoo.errors import DataError

# Folders of pairs, the input first; letter case does not count.
PAIR_FOLDERS = (("input", "target"), ("inputs", "targets"), ("a", "b"), ("traina", "trainb"), ("source", "target"))


def pair_folders(names: list[str]) -> tuple[list[str], list[str]] | None:
    """Return the names of the inputs and of the targets, where two top folders hold all; else None.

    Raises:
        DataError: The names of the two folders do not say which one holds the inputs.
    """
    found = class_folders(names)
    if found is None or len(found[0]) != 2:
        return None
    folders, labels = found
    known = [pair for pair in PAIR_FOLDERS if {name.lower() for name in folders} == set(pair)]
    if not known:
        raise DataError(
            f"It is not clear which of the folders '{folders[0]}' and '{folders[1]}' holds the inputs. "
            "Name them input and target, or give both as two paths, the inputs first."
        )
    sides = [[n for n, label in zip(names, labels, strict=True) if folders[label].lower() == w] for w in known[0]]
    return sides[0], sides[1]


def pair_up(inputs: list[str], targets: list[str]) -> list[tuple[str, str]]:
    """Return pairs (input, target) whose names are equal except for the suffix, sorted.

    The folders below those of the two sides count only where a name occurs in several of them.

    Raises:
        DataError: Names have no partner, or several; the message lists them.
    """
    whole = any(len({PurePosixPath(name).stem for name in names}) < len(names) for names in (inputs, targets))
    root = min(shared_folders(names) for names in (inputs, targets))
    sides = [_by_stem(names, root if whole else None) for names in (inputs, targets)]
    twice = [name for side in sides for names in side.values() if len(names) > 1 for name in names]
    if twice:
        raise DataError(f"{_counted(twice)} differ only in their suffix: {some(twice)}. Keep one of each.")
    alone = [names[0] for side, other in (sides, sides[::-1]) for stem, names in side.items() if stem not in other]
    if alone:
        raise _without_partner(alone, inputs, targets)
    return [(names[0], sides[1][stem][0]) for stem, names in sorted(sides[0].items())]


def _without_partner(alone: list[str], inputs: list[str], targets: list[str]) -> DataError:
    if inputs and targets and len(alone) == len(inputs) + len(targets):
        return DataError(
            f"None of these {len(alone):,} images has a partner of the same name: '{inputs[0]}' and '{targets[0]}' "
            "come from two sets, not from pairs. Name partners alike, or use a recipe for two sets, such as cyclegan."
        )
    return DataError(
        f"{_counted(alone)} of {len(inputs) + len(targets)} without a partner of the same name. "
        f"Add it, or remove them:\n  {on_lines(alone)}"
    )


def _by_stem(names: list[str], root: int | None) -> dict[str, list[str]]:
    """Return stem -> names; the stem has the folders below the ``root`` uppermost, or none."""
    stems: dict[str, list[str]] = {}
    for name in names:
        path = PurePosixPath(name).with_suffix("")
        stems.setdefault(path.name if root is None else "/".join(path.parts[root:]), []).append(name)
    return stems


def _counted(names: list[str]) -> str:
    return f"{len(names):,} image{'' if len(names) == 1 else 's'}"
