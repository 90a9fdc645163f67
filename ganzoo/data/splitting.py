"""Training and validation: files are split by a hash of their names, so the split does not change."""

from __future__ import annotations

import hashlib
from collections import Counter

from ganzoo.errors import DataError


def split(names: list[str], share: float) -> tuple[list[int], list[int]]:
    """Return the indices to train on and those to hold out, by a hash of each name's last part.

    A name keeps its side when other files come or go, and wherever the folder lies. Only a name that occurs in several
    folders counts with its whole path. A share above 0 leaves at least one name on either side.

    Raises:
        DataError: ``share`` is out of range, or there are too few names.
    """
    check_share(share)
    everything = range(len(names))
    if not share:
        return list(everything), []
    if len(names) < 2:
        raise DataError(f"validation={share} needs at least two images, but there is {len(names)}.")
    last = [name.rsplit("/", 1)[-1] for name in names]
    often = Counter(last)
    places = [hash_place(name if often[part] > 1 else part) for name, part in zip(names, last, strict=True)]
    held_out = {index for index in everything if places[index] < share}
    if not held_out:
        held_out = {min(everything, key=places.__getitem__)}
    if len(held_out) == len(names):
        held_out.remove(max(everything, key=places.__getitem__))
    return [index for index in everything if index not in held_out], sorted(held_out)


def check_share(share: float) -> None:
    """Raise DataError for a share that is not in [0, 1)."""
    if not 0 <= share < 1:
        raise DataError(f"validation={share} is not a valid share: give a number from 0 up to, not including, 1.")


def hash_place(name: str) -> float:
    """Return a number in [0, 1) that depends only on ``name``."""
    return int(hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8], 16) / 2**32
