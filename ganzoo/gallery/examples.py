"""Which pictures a model is shown at work on.

In this order: what the user names for it; what lies beside its weights; the photographs that come with ganzoo.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ganzoo import catalog
from ganzoo.cards.card import Card
from ganzoo.errors import GanzooError, OptionError
from ganzoo.inference.verification_samples import FOLDER as PHOTOGRAPHS
from ganzoo.weights import weights_file

ROLES = ("picture", "style", "mask")
_SUFFIXES = "png|jpg|jpeg|webp"


@dataclass(frozen=True)
class ExampleInput:
    """A picture that the user names for the models whose names match ``pattern``; ``role`` is one of `ROLES`."""

    pattern: str
    role: str
    path: Path

    def fits(self, card: Card) -> bool:
        return fnmatch.fnmatchcase(card.name, self.pattern)


def given(text: str) -> ExampleInput:
    """Return what "NAME=PICTURE" says, or "NAME:style=PICTURE". Raises OptionError for another form."""
    name, equals, path = text.partition("=")
    pattern, colon, role = name.partition(":")
    role = role if colon else "picture"
    if not (equals and pattern and path and role in ROLES):
        raise OptionError(
            f"'{text}' is not right. Write NAME=PICTURE, or NAME:style=PICTURE, NAME:mask=PICTURE; "
            "NAME is a model's name or a pattern, as 'cyclegan/*'."
        )
    return ExampleInput(pattern, role, Path(path))


def find(card: Card, inputs: Iterable[ExampleInput] = ()) -> dict[str, list[Path]]:
    """Return role -> files for a model; "picture" has one at least, the others only what is known.

    Conditions the weights of family/variant in "weights/variant.safetensors", an example is called
    "weights/variant.example.jpg" (or .png, .webp), several "variant.example-1.jpg" and so on; a style
    "variant.style.jpg", a mask "variant.mask.png". A model without weights has them in the folder "weights" of the
    package that has its code.
    """
    named = [one for one in inputs if one.fits(card)]
    found = {role: [one.path for one in named if one.role == role] or _beside(card, role) for role in ROLES}
    found["picture"] = found["picture"] or _photographs(card)
    return found


def _beside(card: Card, role: str) -> list[Path]:
    folder = _folder(card)
    if folder is None or not folder.is_dir():
        return []
    variant, word = card.name.partition("/")[2], "example" if role == "picture" else role
    wanted = re.compile(rf"{re.escape(variant)}\.{word}(-\d+)?\.({_SUFFIXES})")
    return sorted(path for path in folder.iterdir() if wanted.fullmatch(path.name))


def _folder(card: Card) -> Path | None:
    """Return where the weights lie that came with the model's package, or would."""
    try:
        if path := weights_file.bundled(card):
            return path.parent
        spec = find_spec(catalog.origin(card.entry))
    except (GanzooError, ImportError, ValueError):  # its plugin is not installed
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "weights" if places else None


def _photographs(card: Card) -> list[Path]:
    """Return ganzoo's own; where the model's name or summary has the subject of some, as a horse, only these."""
    words = {word.rstrip("s") for word in re.findall(r"[a-z]+", f"{card.name} {card.summary}".lower())}
    paths = sorted(PHOTOGRAPHS.glob("*.jpg"))
    most = 3 if card.does.inputs or card.does.enlarges else 2  # two columns are as high as three with one row less
    return ([path for path in paths if path.stem.rstrip("s") in words] or paths)[:most]
