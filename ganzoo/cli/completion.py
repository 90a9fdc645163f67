"""Completion in the shell: names of models, entries, options and their values.

A callback here never raises and never loads a network: a shell shows nothing where something is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from ganzoo import catalog
from ganzoo.cards import registry
from ganzoo.cards.card import Card
from ganzoo.cli import entry_descriptions
from ganzoo.contracts.entry import Entry
from ganzoo.errors import GanzooError

T = TypeVar("T")


def model(context: click.Context, parameter: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete the name of a model; for "dir:" the shell completes folders."""
    if text.startswith("dir:"):
        return []
    cards = _safely(registry.cards)
    items = [CompletionItem(card.name, help=card.summary) for card in cards if card.name.startswith(text)]
    return [*items, *(CompletionItem(kind) for kind in ("dir:", "hf-hub:") if text and kind.startswith(text))]


def recipe(context: click.Context, parameter: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete the name of a recipe."""
    return [
        CompletionItem(entry.name, help=entry.summary)
        for entry in _safely(catalog.entries)
        if entry.kind == "recipe" and entry.name.startswith(text)
    ]


def model_or_entry(context: click.Context, parameter: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete what `ganzoo info` shows: a model, or an entry such as recipe:dcgan."""
    entries = [
        CompletionItem(entry.spec, help=entry.summary)
        for entry in _safely(catalog.entries)
        if entry.spec.startswith(text) and ":" in text
    ]
    kinds = sorted({f"{entry.kind}:" for entry in _safely(catalog.entries)})
    starts = [CompletionItem(kind) for kind in kinds if text and ":" not in text and kind.startswith(text)]
    return [*model(context, parameter, text), *entries, *starts]


def part(context: click.Context, parameter: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete --part ROLE=ENTRY for the recipe on the command line."""
    entry = _recipe_of(context)
    parts = dict(entry.parts) if entry else {}
    role, equals, name = text.partition("=")
    if not equals:
        return [CompletionItem(f"{each}=", help=f"now {parts[each]}") for each in parts if each.startswith(text)]
    kind = parts.get(role, "").partition(":")[0]
    return [
        CompletionItem(f"{role}={entry.name}", help=entry.summary)
        for entry in _safely(catalog.entries)
        if entry.kind == kind and entry.name.startswith(name)
    ]


def recipe_option(context: click.Context, parameter: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete --set KEY=VALUE for the recipe on the command line: its options, and ROLE.KEY for those of its parts."""
    entry = _recipe_of(context)
    if entry is None:
        return []
    chosen = {**entry.parts, **dict(each.split("=", 1) for each in context.params.get("parts") or () if "=" in each)}
    described = {f"{row['name']}": row for row in entry_descriptions.describe_options(entry)}
    for role, spec in chosen.items():
        built = _find(spec if ":" in spec else f"{entry.parts.get(role, role).partition(':')[0]}:{spec}")
        rows = entry_descriptions.describe_options(built) if built else []
        described |= {f"{role}.{row['name']}": row for row in rows}
    return _assignments(described, text)


def model_option(context: click.Context, parameter: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete --set KEY=VALUE for the model on the command line: the options of its generator."""
    card = _card_of(context)
    entry = _find(card.entry) if card else None
    return _assignments({row["name"]: row for row in entry_descriptions.describe_options(entry)}, text) if entry else []


def label(context: click.Context, parameter: click.Parameter, text: str) -> list[CompletionItem]:
    """Complete the name of a class of the model on the command line."""
    card = _card_of(context)
    return [CompletionItem(each) for each in (card.classes if card else ()) if each.startswith(text)]


def _assignments(described: dict[str, dict[str, object]], text: str) -> list[CompletionItem]:
    key, equals, value = text.partition("=")
    if not equals:
        return [
            CompletionItem(f"{name}=", help=f"default {row['default']}")
            for name, row in described.items()
            if name.startswith(key)
        ]
    row = described.get(key, {})
    values = row.get("choices") or (["true", "false"] if row.get("type") == "bool" else [])
    assert isinstance(values, list)
    return [CompletionItem(f"{key}={each}") for each in values if str(each).startswith(value)]


def _recipe_of(context: click.Context) -> Entry | None:
    recipes = {entry.name: entry for entry in _safely(catalog.entries) if entry.kind == "recipe"}
    if context.info_name == "distill":
        return recipes.get("distill")
    return next((recipes[word] for word in _words(context, "recipe") if word in recipes), None)


def _card_of(context: click.Context) -> Card | None:
    cards = {card.name: card for card in _safely(registry.cards)}
    return next((cards[word] for word in _words(context, "ref") if word in cards), None)


def _words(context: click.Context, name: str) -> list[str]:
    """Return where an argument may be: an unfinished command line leaves words that click did not assign."""
    return [str(context.params.get(name)), *context.args]


def _find(spec: str) -> Entry | None:
    return next((entry for entry in _safely(catalog.entries) if entry.spec == spec), None)


def _safely(function: Callable[[], Iterable[T]]) -> list[T]:
    try:
        return list(function())
    except GanzooError:
        return []
