"""How a plugin declares what it adds: an `Entry` for each thing, with a `Config` for its options.

Imports no torch: `ganzoo list` reads entries, and only building one imports it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from ganzoo.contracts.config import Config, LossConfig, RegularizerConfig

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

    @classmethod
    def lazy(
        cls, kind: str, name: str, target: str, summary: str, *, config: type[Config] = Config, **facts: Any
    ) -> Entry:
        """Return an entry whose code is imported when it is built: one line for one thing.

        Args:
            kind: One of `KINDS`.
            name: Lower case with hyphens.
            target: "package.module:name". A class is called with the options that ``config`` declares by keyword, a
                recipe's class with the config and its parts; a function is the thing itself, a metric say. Options that
                core applies (``scales`` of losses, ``weight`` and ``every`` of regularizers) are not passed.
            summary: One line.
            config: The dataclass of its options.
            **facts: Further attributes: paper, task, data, batch_size, parts.
        """
        return cls(kind, name, config, partial(_import_and_build, target, kind), summary, **facts)

    @property
    def spec(self) -> str:
        """``kind:name``, as `ganzoo.build` takes it."""
        return f"{self.kind}:{self.name}"


def _import_and_build(target: str, kind: str, config: Config, *parts: Any) -> Any:
    module, _, name = target.partition(":")
    found = getattr(importlib.import_module(module), name)
    if kind == "recipe":
        return found(config, *parts)
    if not isinstance(found, type):
        return found
    applied_by_core = {each.name for base in (LossConfig, RegularizerConfig) for each in fields(base)}
    shared = applied_by_core if isinstance(config, (LossConfig, RegularizerConfig)) else set()
    return found(**{each.name: getattr(config, each.name) for each in fields(config) if each.name not in shared})
