"""Options as text. Imports the standard library alone: reading cards needs it."""

from __future__ import annotations

from typing import Any


class OptionText(str):
    """An option as text, from a command line or a file: it is read according to the option's type."""

    __slots__ = ()


def as_text(value: Any) -> Any:
    """Return a string as `OptionText`, and any other value as it is."""
    return OptionText(value) if isinstance(value, str) else value
