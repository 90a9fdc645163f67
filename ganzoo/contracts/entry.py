"""How a plugin declares what it adds: an `Entry` for each thing, with a `Config` for its options.

Imports no torch: `ganzoo list` reads entries, and only building one imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.contracts.config import Config

KINDS = (
    "generator",
    "discriminator",
    "loss",
    "regularizer",
    "recipe",
    "extractor",
    "features",
    "engine",
    "format",
    "importer",
    "reader",
    "writer",
    "data",
    "metric",
    "task",
)
DATA_KINDS = ("images", "labeled", "paired", "unpaired", "clips")


@dataclass(frozen=True)
class Entry:
    """One generator, discriminator, loss, recipe, or another of `KINDS`.

    Attributes:
        kind: One of `KINDS`.
        name: Lower case with hyphens, unique within its kind.
        config: The dataclass of its options.
        build: Called with a config, or for a recipe with a config and `ganzoo.contracts.recipe.Parts`. Import torch
            inside it. Returns what the contract of the kind describes.
        summary: One line for `ganzoo list --entries` and the docs.
        paper: Where it is described, as ``arXiv:1511.06434``.
        task: Generators only: one of `ganzoo.contracts.tasks.TASKS`.
        data: Recipes only: the kind of data they train on, one of `DATA_KINDS`.
        batch_size: Recipes only: default number of images in a step.
        parts: Recipes only: role to entry, as ``{"generator": "generator:resnet"}``. Users swap a part with --part.
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
