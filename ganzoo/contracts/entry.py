"""What a plugin hands over: an `Entry` for each thing it adds, with a `Config` for its options.

Nothing here imports torch: `ganzoo list` reads entries, and only building one pays for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ganzoo.contracts.config import Config

KINDS = ("generator", "discriminator", "loss", "recipe", "extractor", "features", "engine", "format", "importer")
DATA_KINDS = ("images", "labeled", "paired", "unpaired", "clips")


@dataclass(frozen=True)
class Entry:
    """One generator, discriminator, loss, recipe, or another of `KINDS`.

    kind     one of `KINDS`
    name     lower case with hyphens, unique within its kind
    config   the dataclass of its options
    build    called with a config (a recipe's: with a config and its parts); imports torch inside
    summary  one line for `ganzoo list --entries` and the docs
    paper    where it is described, as ``arXiv:1511.06434``
    task     generators only: one of `ganzoo.contracts.tasks.TASKS`
    data     recipes only: what they train on, one of `DATA_KINDS`
    batch_size   recipes only: pictures a step where the user does not say
    parts    recipes only: role -> entry, as ``{"generator": "generator:resnet"}``; a user swaps one with --part
    """

    kind: str
    name: str
    config: type[Config]
    build: Callable[..., Any]
    summary: str
    paper: str = ""
    task: str = ""
    data: str = ""
    batch_size: int = 1
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def spec(self) -> str:
        """``kind:name``, as `ganzoo.build` takes it."""
        return f"{self.kind}:{self.name}"
