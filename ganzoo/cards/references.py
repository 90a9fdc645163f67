"""A model reference -> which of the three places it means. Nothing is guessed."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ganzoo import errors
from ganzoo.cards import registry
from ganzoo.contracts.entry import KINDS
from ganzoo.errors import UnknownName

_REPO_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """``place`` and ``name`` (a registry name, owner/repo, or a path), with a Hub ``revision`` or "" for main."""

    place: Literal["registry", "hub", "dir"]
    name: str
    revision: str = ""

    def __str__(self) -> str:
        prefix = {"registry": "", "hub": "hf-hub:", "dir": "dir:"}[self.place]
        return prefix + self.name + (f"@{self.revision}" if self.revision else "")

    @property
    def path(self) -> Path:
        """The folder of a ``dir:`` reference."""
        return Path(self.name).expanduser()


def parse(ref: str) -> Reference:
    """Return what ``ref`` means: "family/variant", "hf-hub:owner/repo[@revision]" or "dir:path".

    Raises ReferenceError for another prefix or a malformed one, UnknownName for a name no registry has.
    """
    _require_text(ref)
    prefix, colon, rest = ref.partition(":")
    if colon and prefix == "dir":
        if not rest:
            raise errors.ReferenceError("'dir:' names no folder. Write dir:PATH, as dir:runs/mine.")
        return Reference("dir", rest)
    if colon and prefix == "hf-hub":
        repo, at, revision = rest.partition("@")
        if repo.count("/") != 1 or not all(repo.split("/")) or (at and not revision):
            raise errors.ReferenceError(
                f"'{ref}' is no Hub reference. Write hf-hub:OWNER/REPO or hf-hub:OWNER/REPO@REVISION."
            )
        return Reference("hub", repo, revision)
    if colon and prefix in KINDS:
        raise errors.ReferenceError(
            f"'{ref}' is code of the catalog, not a model with weights. `ganzoo info {ref}` describes it, "
            f'ganzoo.build("{ref}") builds it, `ganzoo list` shows the models.'
        )
    if colon and "/" not in prefix:
        raise errors.ReferenceError(
            f"'{ref}' has the prefix '{prefix}:', which means nothing. "
            "Write FAMILY/VARIANT, hf-hub:OWNER/REPO or dir:PATH."
        )
    _require_card(ref)
    return Reference("registry", ref)


def _require_text(ref: object) -> None:
    """Refuse what is no text; a path gets the spelling that means it."""
    if isinstance(ref, str):
        return
    if isinstance(ref, os.PathLike):
        path = os.fsdecode(ref)
        raise errors.ReferenceError(f"The path {path} is no reference, which is text: write 'dir:{path}'.")
    raise errors.ReferenceError(
        f"{ref!r} is no model reference. Write text: 'FAMILY/VARIANT', 'hf-hub:OWNER/REPO' or 'dir:PATH'."
    )


def _require_card(name: str) -> None:
    try:
        registry.find(name)
    except UnknownName as error:
        raise UnknownName(_explain(name, str(error))) from None


def _explain(name: str, plainly: str) -> str:
    """Say what an unknown name could have meant: a card, a repository, a folder, a family."""
    known = registry.list_models()
    family = [one for one in known if one.startswith(f"{name}/")]
    if family:
        return f"'{name}' is a family, not a model. Its models are {', '.join(family)}."
    variants = [one for one in known if one.endswith(f"/{name}")]
    if variants and name:
        return f"'{name}' names no family. Models called so: {', '.join(variants)}."
    if "/" not in name:
        return (
            f"'{name}' is no registry name. Write dir:{name} for the folder of a model. For a folder of pictures "
            f"`ganzoo eval` takes images:{name}."
            if name and Path(name).is_dir()
            else plainly
        )
    spellings = f"hf-hub:{name} or dir:{name}" if _REPO_ID.fullmatch(name) else f"dir:{name}"
    return f"'{name}' is no registry name.{errors.suggest(name, known)} Write {spellings}."
