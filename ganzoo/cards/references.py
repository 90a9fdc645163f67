"""A model reference -> which of four places it names. Nothing is guessed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganzoo import catalog, errors
from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.contracts.entry import KINDS
from ganzoo.errors import UnknownName

# Kind of data of a recipe -> what `ganzoo train` gets.
DATA = {
    "paired": "inputs/ targets/",
    "unpaired": "A/ B/",
    "clips": "clips/",
    "labeled": "classes/",
    "images": "photos/",
}
_REPO_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """Where a model is.

    name      a registry name, owner/repo, or a path: of a model's folder, or of another code base's checkpoint
    revision  of a Hub repository; "" for main
    card      of a registry name
    """

    place: Literal["registry", "hub", "dir", "file"]
    name: str
    revision: str = ""
    card: Card | None = None

    def __str__(self) -> str:
        prefix = {"registry": "", "hub": "hf-hub:", "dir": "dir:", "file": "file:"}[self.place]
        return prefix + self.name + (f"@{self.revision}" if self.revision else "")

    @property
    def path(self) -> Path:
        """The folder of a ``dir:`` reference, the file of a ``file:`` reference."""
        return Path(self.name).expanduser()


def parse(ref: str) -> Reference:
    """Return what ``ref`` names: "family/variant", "hf-hub:owner/repo[@revision]", "dir:path" or "file:path".

    Raises:
        ReferenceError: another prefix, or a malformed one.
        UnknownName: no registry has the name.
    """
    _require_text(ref)
    prefix, colon, rest = ref.partition(":")
    if colon and prefix == "dir":
        if not rest:
            raise errors.ReferenceError("'dir:' needs a folder. Write dir:PATH, as dir:runs/mine.")
        return Reference("dir", rest)
    if colon and prefix == "file":
        if not rest:
            raise errors.ReferenceError("'file:' needs a checkpoint. Write file:PATH, as file:latest_net_G.pth.")
        return Reference("file", rest)
    if colon and prefix == "hf-hub":
        repo, at, revision = rest.partition("@")
        if repo.count("/") != 1 or not all(repo.split("/")) or (at and not revision):
            raise errors.ReferenceError(
                f"'{ref}' is not a valid Hub reference. Write hf-hub:OWNER/REPO or hf-hub:OWNER/REPO@REVISION."
            )
        return Reference("hub", repo, revision)
    if colon and prefix in KINDS:
        raise errors.ReferenceError(
            f"'{ref}' is code of the catalog, not a model with weights. `ganzoo info {ref}` describes it, "
            f'ganzoo.build("{ref}") builds it, `ganzoo list` shows the models.'
        )
    if colon and "/" not in prefix:
        raise errors.ReferenceError(
            f"'{ref}' has the unknown prefix '{prefix}:'. "
            "Write FAMILY/VARIANT, hf-hub:OWNER/REPO, dir:PATH or file:PATH."
        )
    card = _find_card(ref)
    return Reference("registry", card.name, card=card)


def locate_anywhere(ref: str) -> str:
    """Return a reference that means the same in every working folder: paths are made absolute. Errors are `parse`'s."""
    found = parse(ref)
    return f"{found.place}:{found.path.resolve()}" if found.place in ("dir", "file") else ref


def _require_text(ref: object) -> None:
    """Refuse anything but text; for a path, say how to write it."""
    if isinstance(ref, str):
        return
    if isinstance(ref, os.PathLike):
        path = os.fsdecode(ref)
        raise errors.ReferenceError(
            f"A reference is text, not the path {path}: write 'dir:{path}', or 'file:{path}' for a checkpoint."
        )
    raise errors.ReferenceError(
        f"{ref!r} is not a model reference. "
        "Write text: 'FAMILY/VARIANT', 'hf-hub:OWNER/REPO', 'dir:PATH' or 'file:PATH'."
    )


def _find_card(name: str) -> Card:
    try:
        return registry.find(name)
    except UnknownName as error:
        withdrawn = registry.why_withdrawn(name)
        raise UnknownName(withdrawn or _explain(name, str(error))) from None


def _explain(name: str, message: str) -> str:
    """Say what an unknown name could mean: a card, a repository, a folder, a family."""
    known = registry.list_models()
    family = [one for one in known if one.startswith(f"{name}/")]
    if family:
        return f"'{name}' is a family, not a model. Its models are {', '.join(family)}."
    if recipe := _explain_recipe(name):
        return recipe
    variants = [one for one in known if one.endswith(f"/{name}")]
    if variants and name:
        return f"'{name}' is not a family. Models of that name: {', '.join(variants)}."
    if "/" not in name:
        return (
            f"'{name}' is not in the registry. Write dir:{name} for a model's folder. For a folder of images "
            f"`ganzoo eval` takes images:{name}."
            if name and Path(name).is_dir()
            else message
        )
    spellings = f"hf-hub:{name} or dir:{name}" if _REPO_ID.fullmatch(name) else f"dir:{name}"
    return f"'{name}' is not in the registry.{errors.suggest(name, known)} Write {spellings}."


def _explain_recipe(name: str) -> str:
    """Say what the name of a recipe or a family without models is, and how to train one; "" for other names."""
    gone = [registry.why_withdrawn(one) for one in registry.withdrawn(name)]
    recipe = next((entry for entry in catalog.entries("recipe") if entry.name == name), None)
    if recipe is None:
        return f"'{name}' is a family without models. {' '.join(gone)}" if gone else ""
    return " ".join(
        [
            f"'{name}' is a recipe, and no model of it is published.",
            *gone,
            f"Train one: ganzoo train {name} {DATA.get(recipe.data, 'photos/')} -o runs/{name}",
            f"(`ganzoo info recipe:{name}` shows its options).",
        ]
    )
