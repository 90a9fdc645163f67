"""Data that a plugin opens: "NAME:LOCATION", where NAME is an entry of the kind "data"."""

from __future__ import annotations

from typing import Any

from ganzoo import catalog
from ganzoo.contracts.data_source import DataSource
from ganzoo.errors import MissingPackage, OptionError


def is_named(path: object) -> bool:
    """Tell whether a path names an entry of the kind "data"."""
    name, colon, _ = str(path).partition(":")
    return bool(colon) and any(entry.name == name for entry in catalog.entries("data"))


def open_named(path: str, kind: str) -> Any:
    """Open such data; see `DataSource.open`.

    Raises:
        MissingPackage: The source needs a package that is not installed.
        OptionError: It has no data of this kind.
    """
    name, _, location = path.partition(":")
    entry = catalog.find(f"data:{name}")
    source: DataSource = entry.build(entry.config())
    if missing := source.missing():
        raise MissingPackage.of(f"The data {path}", " and ".join(missing), source.extra)
    if kind not in source.kinds:
        raise OptionError(f"'{name}' has no '{kind}' data, only {', '.join(source.kinds)}. Choose another recipe.")
    return source.open(location, kind)
