"""Untrusted options (a command line, a JSON file, keyword arguments) -> a checked `Config`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import pydantic

from ganzoo.contracts.config import Config
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.limits import limits, type_words, wrong_value
from ganzoo.contracts.option_text import OptionText
from ganzoo.errors import OptionError, PluginError, suggest

T = TypeVar("T")


def parse(entry: Entry, values: Mapping[str, Any]) -> Config:
    """Return the entry's config with ``values`` in place of defaults.

    Values must have the option's type; only `OptionText`, as from a command line, is read according to it.

    Raises OptionError that names the option, what was given and what would be right; PluginError for a config
    whose types cannot be checked.
    """
    try:
        hints = hints_of(entry.config)
    except (pydantic.PydanticUserError, NameError) as error:
        reason = str(error).splitlines()[0]
        raise PluginError(f"{entry.spec}: the types in {entry.config.__name__} cannot be checked: {reason}") from error
    known = names(entry)
    for name in values:
        if name not in known:
            listing = ", ".join(known) if known else "none"
            raise OptionError(f"{entry.spec} has no option '{name}'.{suggest(name, known)} Its options are: {listing}.")
    read = {name: _read(hints[name], value) for name, value in values.items()}
    for name, value in read.items():
        if not _is_json(value):
            right = ", ".join(filter(None, (type_words(hints[name]), limits(hints[name]))))
            raise OptionError(f"{entry.spec}: {name}={value!r} should be {right}. {_default(entry.config, name)}")
    try:
        return validate(entry.config, read)
    except pydantic.ValidationError as error:
        raise OptionError(_explain(entry, read, error)) from error


def validate(kind: type[T], values: Mapping[str, Any]) -> T:
    """Return a dataclass with ``values``, which JSON can hold, checked strictly: "4" is no integer, nor is True.

    Raises pydantic.ValidationError.
    """
    checked: T = _adapter(kind).validate_json(json.dumps(values), strict=True)
    return checked


def parse_fields(kind: type[T], values: Mapping[str, Any]) -> T:
    """Return a dataclass that is no entry's config with ``values``, checked strictly as those are.

    Raises OptionError that names the field, what was given, what would be right and the default.
    """
    try:
        validate(kind, values)
        return kind(**values)  # with options in it as they were given, such as text of a command line
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False)[0]
        wrong, kind_of_error, message = str(problem["loc"][0]), problem["type"], problem["msg"].rstrip(".")
    except (TypeError, ValueError, RecursionError):  # JSON cannot hold it: numbers of numpy, say
        wrong = next(name for name, value in values.items() if not _is_json(value))
        kind_of_error, message = "wrong_type", ""
    text = wrong_value(wrong, values[wrong], hints_of(kind)[wrong], kind_of_error, message)
    raise OptionError(f"{text}. {_default(kind, wrong)}")


def hints_of(kind: Any) -> dict[str, Any]:
    """Return the annotations of a dataclass, those that pydantic cannot check refused with its own error."""
    return _checked(kind)[1]


def names(entry: Entry) -> list[str]:
    """Return the names of the entry's options."""
    return [field.name for field in dataclasses.fields(entry.config)]


def as_dict(config: Config) -> dict[str, Any]:
    """Return every option of ``config`` as JSON can hold it."""
    values: dict[str, Any] = _adapter(type(config)).dump_python(config, mode="json")
    return values


def changed(config: Config) -> dict[str, Any]:
    """Return the options of ``config`` that differ from their defaults, as JSON can hold them."""
    defaults = as_dict(type(config)())
    return {name: value for name, value in as_dict(config).items() if value != defaults[name]}


def _adapter(kind: Any) -> pydantic.TypeAdapter[Any]:
    return _checked(kind)[0]


@cache
def _checked(kind: Any) -> tuple[pydantic.TypeAdapter[Any], dict[str, Any]]:
    hints = get_type_hints(kind, include_extras=True) if dataclasses.is_dataclass(kind) else {}
    return pydantic.TypeAdapter(kind), hints


def _read(hint: Any, value: Any) -> Any:
    """Return the value that text stands for, or the text itself where it stands for none of this type."""
    if not isinstance(value, OptionText):
        return value
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(bare) is Literal:
        return next((choice for choice in get_args(bare) if str(choice) == value), str(value))
    try:
        return _adapter(bare).validate_python(str(value))
    except pydantic.ValidationError:
        return str(value)


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _explain(entry: Entry, values: Mapping[str, Any], error: pydantic.ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    if not problem["loc"]:  # raised by the config's own __post_init__
        return f"{entry.spec}: {problem['msg'].removeprefix('Value error, ').rstrip('.')}."
    name = str(problem["loc"][0])
    text = wrong_value(name, values[name], hints_of(entry.config)[name], problem["type"], problem["msg"].rstrip("."))
    return f"{entry.spec}: {text}. {_default(entry.config, name)}"


def _default(kind: Any, name: str) -> str:
    option = next(field for field in dataclasses.fields(kind) if field.name == name)
    default = option.default if option.default_factory is dataclasses.MISSING else option.default_factory()
    return f"The default is {default!r}."
