"""The registry knows weights: name -> `Card`, out of registry.json and those of third-party plugins.

Cards are plain dataclasses, read without pydantic, because `ganzoo list` reads them all.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ganzoo.cards.card import Card, card_from_dict
from ganzoo.cards.grades import GRADES
from ganzoo.cards.protocol import Score as Score
from ganzoo.catalog import discovery, former_names
from ganzoo.contracts import tasks
from ganzoo.errors import DuplicateName, PluginError, RegistryError, UnknownName, suggest

FORMAT = 1
_NAME = re.compile(r"[a-z0-9]+([-._][a-z0-9]+)*/[a-z0-9]+([-._][a-z0-9]+)*")


def read_registry(path: Path) -> list[Card]:
    """Return the cards of one registry file. Raises RegistryError that says which file, card and field is wrong."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RegistryError(
            f"There is no registry file {path}. Check the path; if a plugin's ganzoo_cards returned it, fix the plugin."
        ) from error
    except (OSError, ValueError) as error:
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
    """Return the card called ``name``. Raises UnknownName with a suggestion."""
    card = _table().get(former_names.model(name))
    if card is None:
        raise UnknownName(f"No model is called '{name}'.{suggest(name, _table())} `ganzoo list` shows all.")
    return card


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
    return _collected()[1][name].parent


def refresh() -> None:
    """Forget what was read."""
    _collected.cache_clear()


def own_path() -> Path:
    """Return ganzoo's own registry.json: in the package when installed, at the repository's root when editable."""
    package = Path(__file__).parent.parent
    packaged = package / "registry.json"
    return packaged if packaged.exists() else package.parent / "registry.json"


def _table() -> dict[str, Card]:
    return _collected()[0]


@cache
def _collected() -> tuple[dict[str, Card], dict[str, Path]]:
    table: dict[str, Card] = {}
    homes: dict[str, Path] = {}
    for path in [own_path(), *_plugin_paths()]:
        for card in read_registry(path):
            if card.name in table:
                raise DuplicateName(
                    f"The model '{card.name}' is in the registry twice: in {homes[card.name]} and in {path}. "
                    "Rename one, or uninstall its plugin."
                )
            table[card.name], homes[card.name] = card, path
    return table, homes


def _plugin_paths() -> Iterator[Path]:
    for implementation in discovery.manager().hook.ganzoo_cards.get_hookimpls():
        yield from _paths_of(implementation.plugin_name, implementation.function)


def _paths_of(plugin: str, hook: Any) -> list[Path]:
    try:
        returned = hook()
        paths = [Path(path) for path in ([returned] if isinstance(returned, (str, Path)) else returned)]
    except (Exception, SystemExit) as error:  # third-party code may raise anything
        raise PluginError(
            f"The plugin '{plugin}' failed in ganzoo_cards: {discovery.one_line(error)}. "
            "It should return the path(s) of registry files; fix or uninstall it."
        ) from error
    for path in paths:
        if not path.is_absolute():  # it would mean another file in every working directory
            raise PluginError(
                f"The plugin '{plugin}' returned '{path}' from ganzoo_cards, which is not absolute. "
                "Return Path(__file__).parent / 'registry.json'."
            )
    return paths
