"""Catalog entries described for people and programs; imports neither torch nor pydantic."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from ganzoo import catalog
from ganzoo.contracts.entry import Entry

# "    name, other: words", which go on in lines that are indented more.
_ATTRIBUTE = re.compile(r"(?m)^    (\w+(?:, \w+)*): ((?:.+\n)(?:^ {8}.+\n)*)")


def describe(entry: Entry) -> dict[str, Any]:
    """Return what the entry is, ready for JSON, without its options."""
    return {
        "entry": entry.spec,
        "summary": entry.summary,
        "paper": entry.paper,
        "task": entry.task,
        "data": entry.data,
        "parts": dict(entry.parts),
        "plugin": catalog.origin(entry.spec),
    }


def default_options(entry: Entry) -> dict[str, Any]:
    """Return option -> default; every option has one."""
    return {option.name: _default(option) for option in dataclasses.fields(entry.config)}


def describe_options(entry: Entry) -> list[dict[str, Any]]:
    """Return name, type, default, choices (of a Literal, else None) and limits in words of each option."""
    from ganzoo.contracts.limits import limits  # imports more than `ganzoo list`, which imports this module, may take

    hints = _type_hints(entry)
    rows = []
    for option in dataclasses.fields(entry.config):
        annotation = hints.get(option.name, option.type)
        hint = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
        choices = list(get_args(hint)) if get_origin(hint) is Literal else None
        kind = " or ".join(sorted({type(choice).__name__ for choice in choices})) if choices else _type_name(hint)
        rows.append(
            {
                "name": option.name,
                "type": kind,
                "default": _default(option),
                "choices": choices,
                "limits": limits(annotation),
            }
        )
    return rows


def notes(entry: Entry) -> str:
    """Return what the options' class says besides the entry's summary, and what each option means."""
    text = inspect.cleandoc(entry.config.__doc__ or "")
    if text.startswith(f"{entry.config.__name__}("):  # dataclass generated it
        text = ""
    own = text.removeprefix(f"{entry.summary}.").partition("Attributes:")[0].strip().replace("``", "")
    lines = [
        textwrap.fill(f"{name}: {words}", 100, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)
        for name, words in option_words(entry).items()
    ]
    return "\n\n".join(filter(None, (own, "\n".join(lines))))


def option_words(entry: Entry) -> dict[str, str]:
    """Return option -> what the docstring of its class says of it, or that of the class that it is inherited from."""
    found: dict[str, str] = {}
    for kind in entry.config.__mro__:
        for listed, words in _ATTRIBUTE.findall(f"{inspect.cleandoc(kind.__doc__ or '')}\n"):
            for name in listed.split(", "):
                found.setdefault(name, " ".join(words.replace("``", "").split()))
    return {option.name: found[option.name] for option in dataclasses.fields(entry.config) if option.name in found}


def _type_hints(entry: Entry) -> dict[str, Any]:
    try:
        return get_type_hints(entry.config, include_extras=True)
    except (NameError, TypeError, AttributeError):  # a third-party annotation; building reports what is wrong with it
        return {}


def _type_name(hint: Any) -> str:
    if isinstance(hint, type) and get_origin(hint) is None:
        return hint.__name__
    return str(hint).replace("typing.", "")


def _default(option: dataclasses.Field[object]) -> object:
    return option.default if option.default_factory is dataclasses.MISSING else option.default_factory()
