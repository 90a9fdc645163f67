"""Untrusted options (a command line, a JSON file, keyword arguments) -> a checked `Config`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pydantic

from ganzoo.entry import Config, Entry
from ganzoo.errors import OptionError, suggest


def parse(entry: Entry, values: Mapping[str, Any]) -> Config:
    """Return the entry's config with ``values`` in place of defaults; text such as "4" or "true" is converted.

    Raises OptionError that names the option, what was given and what would be right.
    """
    try:
        return pydantic.TypeAdapter(entry.config).validate_python(dict(values))
    except pydantic.ValidationError as error:
        raise OptionError(_explain(entry, error)) from error


def names(entry: Entry) -> list[str]:
    """Return the names of the entry's options."""
    return [field.name for field in dataclasses.fields(entry.config)]


def as_dict(config: Config) -> dict[str, Any]:
    """Return every option of ``config`` as JSON can hold it."""
    values: dict[str, Any] = pydantic.TypeAdapter(type(config)).dump_python(config, mode="json")
    return values


def _explain(entry: Entry, error: pydantic.ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    known = names(entry)
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        listing = ", ".join(known) if known else "none"
        return f"{entry.spec} has no option '{name}'.{suggest(name, known)} Its options are: {listing}."
    message = problem["msg"].removeprefix("Value error, ")
    if not name:  # raised by the config's own __post_init__
        return f"{entry.spec}: {message}."
    default = next((field.default for field in dataclasses.fields(entry.config) if field.name == name), None)
    return f"{entry.spec}: {name}={problem['input']!r} is not right: {message}. The default is {default!r}."
