"""Long lists of names, shortened for messages."""

from __future__ import annotations

INLINE = 5  # names that a sentence lists before it only counts
LINES = 20


def some(names: list[str]) -> str:
    """Return the first few names, and how many more there are."""
    rest = len(names) - INLINE
    return ", ".join(names[:INLINE]) + (f" and {rest:,} more" if rest > 0 else "")


def on_lines(names: list[str]) -> str:
    """Return the first names, a line each, and how many more there are."""
    rest = len(names) - LINES
    return "\n  ".join([*names[:LINES], *([f"and {rest} more"] if rest > 0 else [])])
