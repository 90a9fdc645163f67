"""Untrusted options (a command line, a JSON file, keyword arguments) -> a checked `Config`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pydantic

from ganzoo.contracts.config import Config
from ganzoo.contracts.entry import Entry
from ganzoo.errors import OptionError, PluginError, suggest


def parse(entry: Entry, values: Mapping[str, Any]) -> Config:
    """Return the entry's config with ``values`` in place of defaults; text such as "4" or "true" is converted.

    Raises OptionError that names the option, what was given and what would be right; PluginError for a config
    whose types cannot be checked.
    """
    try:
        adapter = pydantic.TypeAdapter(entry.config)
        hints = get_type_hints(entry.config)
    except (pydantic.PydanticUserError, NameError) as error:
        reason = str(error).splitlines()[0]
        raise PluginError(f"{entry.spec}: the types in {entry.config.__name__} cannot be checked: {reason}") from error
    try:
        return adapter.validate_python({name: _choice(hints.get(name), value) for name, value in values.items()})
    except pydantic.ValidationError as error:
        raise OptionError(_explain(entry, values, error)) from error


def names(entry: Entry) -> list[str]:
    """Return the names of the entry's options."""
    return [field.name for field in dataclasses.fields(entry.config)]


def as_dict(config: Config) -> dict[str, Any]:
    """Return every option of ``config`` as JSON can hold it."""
    values: dict[str, Any] = pydantic.TypeAdapter(type(config)).dump_python(config, mode="json")
    return values


def _choice(annotation: Any, value: Any) -> Any:
    """Turn text into the choice of a Literal that reads the same: pydantic does so for int, not for Literal[1, 3]."""
    if get_origin(annotation) is not Literal or not isinstance(value, str):
        return value
    return next((choice for choice in get_args(annotation) if str(choice) == value), value)


def _explain(entry: Entry, values: Mapping[str, Any], error: pydantic.ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    name = str(problem["loc"][0]) if problem["loc"] else ""
    known = names(entry)
    if name and name not in known:
        listing = ", ".join(known) if known else "none"
        return f"{entry.spec} has no option '{name}'.{suggest(name, known)} Its options are: {listing}."
    message = problem["msg"].removeprefix("Value error, ").rstrip(".")
    if not name:  # raised by the config's own __post_init__
        return f"{entry.spec}: {message}."
    return f"{entry.spec}: {name}={values[name]!r} is not right: {message}. {_default(entry, name)}"


def _default(entry: Entry, name: str) -> str:
    option = next(field for field in dataclasses.fields(entry.config) if field.name == name)
    default = option.default if option.default_factory is dataclasses.MISSING else option.default_factory()
    return f"The default is {default!r}."
