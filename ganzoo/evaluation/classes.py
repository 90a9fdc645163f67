"""Whether a generator makes the class that it is asked for, as a classifier sees its pictures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ganzoo.data.layout import some
from ganzoo.errors import DataError, OptionError
from ganzoo.evaluation.moments import Array
from ganzoo.evaluation.results import Diagnosis

GUESSING = 0.1  # of the way from the share that is right by chance to all; below, pictures hardly depend on the label


@dataclass(frozen=True, eq=False)
class Accuracy:
    """How often a picture is of the class that was asked for.

    hits       (N,) float64: 1 where the class seen is the one asked for, 0 elsewhere
    of_each    class -> share of its pictures that are seen as it; classes that were not asked for are left out
    findings   one in words
    """

    hits: Array
    of_each: dict[str, float]
    diagnoses: list[Diagnosis]

    @property
    def share(self) -> float:
        """The share of all pictures, 0 to 1, higher is better."""
        return float(self.hits.mean())


def counterparts(own: Sequence[str], theirs: Sequence[str], owner: str, seer: str) -> list[int]:
    """Return, for each of a generator's classes, the place of the class of the same name among a classifier's.

    Capitals, spaces, hyphens and underscores count for nothing, and of a name with a slash each half will do:
    "t-shirt" is "T-shirt/top". ``owner`` and ``seer``: who has these classes, for the message.
    Raises OptionError with the names that have no one counterpart.
    """
    places = [_places(name, theirs) for name in own]
    lost = [name for name, found in zip(own, places, strict=True) if len(found) != 1]
    chosen = [found[0] for found in places if len(found) == 1]
    if not lost and len(set(chosen)) == len(own):
        return chosen
    twice = [name for name, found in zip(own, places, strict=True) if len(found) == 1 and chosen.count(found[0]) > 1]
    raise OptionError(
        f"The classes of {owner} ({some(list(own))}) are not those that {seer} tells apart ({some(list(theirs))}): "
        f"{some(lost or twice)} {'has' if len(lost or twice) == 1 else 'have'} no one counterpart. "
        "Give an --extractor of the same classes; `ganzoo train --classes` names those of a model."
    )


def _places(name: str, theirs: Sequence[str]) -> list[int]:
    """Return the places of the classes called so, of equal names before those that share a half."""
    whole = [place for place, other in enumerate(theirs) if _plain(other) == _plain(name)]
    return whole or [place for place, other in enumerate(theirs) if _spellings(other) & _spellings(name)]


def _spellings(name: str) -> set[str]:
    return {_plain(part) for part in (name, *name.split("/"))} - {""}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def accuracy(seen: Array, config: Array, classes: Sequence[str]) -> Accuracy:
    """Compare the class that is seen in each picture with the one that was asked for: (N,) places in ``classes``.

    Raises DataError where there is nothing to compare.
    """
    if not len(config) or seen.shape != config.shape:
        raise DataError(f"{len(seen):,} pictures and {len(config):,} classes are no pairs. Give at least one picture.")
    hits = (seen == config).astype(np.float64)
    of_each = {classes[place]: float(hits[config == place].mean()) for place in np.unique(config).tolist()}
    return Accuracy(hits, of_each, [_finding(seen, config, classes, of_each, float(hits.mean()))])


def _finding(seen: Array, config: Array, classes: Sequence[str], of_each: dict[str, float], share: float) -> Diagnosis:
    name, chance = "class-accuracy", 1 / len(of_each)
    if len(of_each) > 1 and share < chance + GUESSING * (1 - chance):
        text = f"{share:.0%} of the pictures are of the class asked for: they hardly depend on the label."
        return Diagnosis(name, text, alarm=True)
    worst = min(of_each, key=of_each.__getitem__)
    if of_each[worst] == 1:
        return Diagnosis(name, "Every picture is seen as the class asked for.")
    place = list(classes).index(worst)
    mistaken = int(np.bincount(seen[(config == place) & (seen != place)]).argmax())
    text = f"The class made right least often is {worst}, {of_each[worst]:.0%}; most others of it look like"
    return Diagnosis(name, f"{text} {classes[mistaken]}.")
