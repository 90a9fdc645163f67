"""The registry knows weights: name -> `Card`, out of registry.json and those of third-party plugins.

Cards are plain dataclasses, read without pydantic, because `ganzoo list` reads them all.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from ganzoo.cards.card import Card, card_from_dict
from ganzoo.cards.grades import GRADES
from ganzoo.cards.protocol import Score as Score
from ganzoo.cards.withdrawn import WITHDRAWN
from ganzoo.catalog import discovery, former_names, tasks
from ganzoo.errors import DuplicateName, GanzooError, PluginError, RegistryError, UnknownName, suggest
from ganzoo.files.regular import read_text
from ganzoo.files.terminal import one_line

FORMAT = 1
MAX_FILES = 1000  # of one plugin: a generator may never end
_NAME = re.compile(r"[a-z0-9]+([-._][a-z0-9]+)*/[a-z0-9]+([-._][a-z0-9]+)*")


def is_name(name: str) -> bool:
    """Tell whether this can be a model's name: "family/variant" in lower case."""
    return _NAME.fullmatch(name) is not None


def read_registry(path: Path) -> list[Card]:
    """Return the cards of one registry file. Raises RegistryError that says which file, card and field is wrong."""
    try:
        content = json.loads(read_text(path, RegistryError))
    except FileNotFoundError as error:
        raise RegistryError(
            f"There is no registry file {path}. Check the path; if a plugin's ganzoo_cards returned it, fix the plugin."
        ) from error
    except RegistryError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise RegistryError(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("cards"), list):
        raise RegistryError(f'{path} is not a registry: it should be {{"format": {FORMAT}, "cards": [...]}}.')
    cards = [card_from_dict(card, f"{path}: card {number}") for number, card in enumerate(content["cards"], 1)]
    for card in cards:
        if not _NAME.fullmatch(card.name):
            raise RegistryError(
                f"{path}: '{card.name}' should be family/variant in lower case, as 'dcgan/fashion-mnist'."
            )
    return cards


def find(name: str) -> Card:
    """Return the card called ``name``.

    Raises:
        UnknownName: There is none; with a suggestion, or why it was withdrawn.
        DuplicateName: Two plugins add it.
    """
    card = _table().get(former_names.model(name))
    if card is None:
        if refused := _collected().refused.get(former_names.model(name)):
            raise refused.with_traceback(None)  # raised every time: each would make its traceback longer
        if reason := why_withdrawn(name):
            raise UnknownName(reason)
        raise UnknownName(f"No model is called '{name}'.{suggest(name, _table())} `ganzoo list` shows all.")
    return card


def why_withdrawn(name: str) -> str:
    """Return why the model of this name is withdrawn, and what to use instead; "" for every other name."""
    name = former_names.model(name)
    reason = WITHDRAWN.get(name)
    return f"{name} is withdrawn. {reason}" if reason else ""


def withdrawn(family: str) -> list[str]:
    """Return the names of a family's withdrawn models."""
    return [name for name in WITHDRAWN if name.startswith(f"{family}/")]


def cards(pattern: str = "*", task: str | None = None, grade: str | None = None) -> list[Card]:
    """Return the cards whose name matches the shell ``pattern`` and, if given, that have this task and grade.

    Raises UnknownName for a task or a grade that does not exist.
    """
    if task is not None:
        tasks.find(task)
    if grade is not None and grade not in GRADES:
        raise UnknownName(f"No grade is called '{grade}'. It is one of {', '.join(GRADES)}.{suggest(grade, GRADES)}")
    every = sorted(_table().values(), key=lambda card: card.name)
    matching = [card for card in every if fnmatch.fnmatchcase(card.name, pattern)]
    return [card for card in matching if task in (None, card.task) and grade in (None, card.grade)]


def list_models(pattern: str = "*", *, task: str | None = None, grade: str | None = None) -> list[str]:
    """Return the names of the models that match the shell ``pattern`` and, if given, have this task and grade.

    Args:
        pattern: A shell pattern, such as "cyclegan/*".
        task: A task, such as "image-to-image".
        grade: "recommended", "baseline", "teaching" or "experimental".

    Raises:
        UnknownName: The task or the grade does not exist.
    """
    return [card.name for card in cards(pattern, task, grade)]


def home(name: str) -> Path:
    """Return the folder of the registry file that has the card ``name``; bundled relative files lie there."""
    return _collected().homes[name].parent


def refresh() -> None:
    """Forget what was read."""
    _collected.cache_clear()


def own_path() -> Path:
    """Return ganzoo's own registry.json: in the package when installed, at the repository's root when editable."""
    package = Path(__file__).parent.parent
    packaged = package / "registry.json"
    return packaged if packaged.exists() else package.parent / "registry.json"


def _table() -> dict[str, Card]:
    return _collected().table


@dataclass
class _Collected:
    """``refused``: why nothing has a name that two plugins add."""

    table: dict[str, Card] = field(default_factory=dict)
    homes: dict[str, Path] = field(default_factory=dict)
    refused: dict[str, DuplicateName] = field(default_factory=dict)

    def add(self, path: Path, card: Card) -> None:
        home = self.homes.setdefault(card.name, path)
        if home is path and card.name not in self.table:
            self.table[card.name] = card
            return
        error = DuplicateName(
            f"The model '{card.name}' is in the registry twice: in {home} and in {path}. "
            "Rename one, or uninstall its plugin."
        )
        if home != own_path():  # of two plugins neither gets the name
            self.table.pop(card.name, None)
            self.refused[card.name] = error
        discovery.warn_once(f"Skipped: {error}")


@cache
def _collected() -> _Collected:
    collected = _Collected()
    for path, cards in [(own_path(), read_registry(own_path())), *_of_plugins()]:
        for card in cards:
            collected.add(path, card)
    return collected


def _of_plugins() -> Iterator[tuple[Path, list[Card]]]:
    """Yield the registry files of plugins with their cards; one that cannot be read is skipped, and named once."""
    for implementation in discovery.third_party().hook.ganzoo_cards.get_hookimpls():
        try:
            for path in _paths_of(implementation.plugin_name, implementation.function):
                yield path, read_registry(path)
        except GanzooError as error:
            discovery.warn_once(f"Skipped: {error}")


def _paths_of(plugin: str, hook: Any) -> list[Path]:
    try:
        returned = hook()
        listed = [returned] if isinstance(returned, (str, Path)) else islice(returned, MAX_FILES)
        paths = [Path(path) for path in listed]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # third-party code may raise anything
        raise PluginError(
            f"The plugin '{plugin}' failed in ganzoo_cards: {one_line(error)}. "
            "It should return the path(s) of registry files; fix or uninstall it."
        ) from error
    for path in paths:
        if not path.is_absolute():  # it would mean another file in every working directory
            raise PluginError(
                f"The plugin '{plugin}' returned '{path}' from ganzoo_cards, which is not absolute. "
                "Return Path(__file__).parent / 'registry.json'."
            )
    return paths
