"""Parsed JSON -> dataclasses, whose errors name the field. Standard library only: `ganzoo list` reads cards so."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from ganzoo.errors import RegistryError, suggest

Record = TypeVar("Record")

# The annotations of fields, in words, with the types that JSON gives them. Any other is not checked here.
_KINDS: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "str": ("text", str),
    "int": ("a whole number", int),
    "float": ("a number", (int, float)),
    "int | None": ("a whole number", (int, type(None))),
    "float | None": ("a number", (int, float, type(None))),
    "dict[str, Any]": ("a JSON object", dict),
}


def make(kind: type[Record], values: object, where: str) -> Record:
    """Return ``kind(**values)``. Raises RegistryError for a field that is unknown, missing or of the wrong type."""
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if not isinstance(values, Mapping):
        raise RegistryError(f"{where} should be a JSON object, not {type(values).__name__}.")
    for name in values:
        if name not in known:
            raise RegistryError(f"{where}: there is no field '{name}'.{suggest(str(name), known)}")
    for name, spec in known.items():
        if name not in values:
            if spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
                raise RegistryError(f"{where}: the field '{name}' is missing.")
        elif expected := _misfit(values[name], str(spec.type)):
            raise RegistryError(f"{where}: {name}={values[name]!r} should be {expected}.")
    return kind(**values)


def _misfit(value: object, annotation: str) -> str:
    """Return what a field of this annotation should be where ``value`` is not that, else an empty string."""
    if annotation in _KINDS:
        words, types = _KINDS[annotation]
        return "" if isinstance(value, types) and not isinstance(value, bool) else words
    if annotation == "tuple[float, float]":
        pair = list(value) if isinstance(value, (list, tuple)) else []
        return "" if [_misfit(one, "float") for one in pair] == ["", ""] else "a list of two numbers"
    if annotation.startswith("tuple"):  # nested records were parsed before
        return "" if isinstance(value, tuple) else "a list"
    return ""
