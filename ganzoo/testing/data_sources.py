"""The contract of data sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.catalog import options
from ganzoo.contracts.data_source import DataSource
from ganzoo.contracts.entry import DATA_KINDS, Entry
from ganzoo.data.objects import digest, open_sides
from ganzoo.testing.expectations import require


def check_data(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check that a data source names its kinds, and opens its example as the same images every time.

    Args:
        entry: The source's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    source = entry.build(options.parse(entry, values or {}))
    require(isinstance(source, DataSource), entry, f"builds {type(source).__name__}, not a ganzoo.DataSource")
    kinds = set(source.kinds)
    require(bool(kinds) and kinds <= set(DATA_KINDS) - {"clips"}, entry, f"has kinds {sorted(kinds)}")
    if not source.example or source.missing():
        return
    for kind in source.kinds:
        first, again = (open_sides(source.open(source.example, kind), kind) for _ in range(2))
        for side, other in zip(first, again, strict=True):
            same = len(side) == len(other) and digest(side.image(0)) == digest(other.image(0))
            require(same, entry, f"opens {source.example} as other images the second time")
            require(kind != "labeled" or bool(side.class_of(0)), entry, "has no labels, though its kinds say so")
