"""An entry of the catalog as a person or a program reads it; no torch, no pydantic."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ganzoo import catalog
from ganzoo.contracts.entry import Entry


def summary(entry: Entry) -> dict[str, Any]:
    """Return what the entry is, as JSON holds it, without its options."""
    return {
        "entry": entry.spec,
        "summary": entry.summary,
        "paper": entry.paper,
        "task": entry.task,
        "data": entry.data,
        "parts": dict(entry.parts),
        "plugin": catalog.origin(entry.spec),
    }


def defaults(entry: Entry) -> dict[str, Any]:
    """Return option -> default; every option has one."""
    return {option.name: _default(option) for option in dataclasses.fields(entry.config)}


def options(entry: Entry) -> list[dict[str, Any]]:
    """Return name, type, default and choices (of a Literal, else None) of each option."""
    hints = _hints(entry)
    rows = []
    for option in dataclasses.fields(entry.config):
        hint = hints.get(option.name, option.type)
        choices = list(get_args(hint)) if get_origin(hint) is Literal else None
        kind = " or ".join(sorted({type(choice).__name__ for choice in choices})) if choices else _name(hint)
        rows.append({"name": option.name, "type": kind, "default": _default(option), "choices": choices})
    return rows


def notes(entry: Entry) -> str:
    """Return what the options' class says of them, in its lines; "" where dataclass wrote that itself."""
    text = inspect.cleandoc(entry.config.__doc__ or "")
    return "" if text.startswith(f"{entry.config.__name__}(") else text.replace("``", "")


def _hints(entry: Entry) -> dict[str, Any]:
    try:
        return get_type_hints(entry.config)
    except (NameError, TypeError, AttributeError):  # a stranger's annotations; building says what is wrong with them
        return {}


def _name(hint: Any) -> str:
    if isinstance(hint, type) and get_origin(hint) is None:
        return hint.__name__
    return str(hint).replace("typing.", "")


def _default(option: dataclasses.Field[object]) -> object:
    return option.default if option.default_factory is dataclasses.MISSING else option.default_factory()
