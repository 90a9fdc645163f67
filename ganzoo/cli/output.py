"""Printing: tables and JSON, without any library, because `ganzoo list` must start at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from ganzoo import directions


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print left-aligned columns, two spaces apart."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(click.style(text, bold=True) if number == 0 else text)


def as_json(value: Any) -> None:
    """Print JSON, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def direction(metric: str) -> str:
    """Return an arrow that tells which way a known metric is better, "" for any other."""
    way = directions.better(metric)
    if not way:
        return ""
    upwards = way == "higher"
    try:
        "↑↓".encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a terminal or a pipe of another alphabet
        return " (up)" if upwards else " (down)"
    return " ↑" if upwards else " ↓"


def count(number: int) -> str:
    """Return 11378179 as "11.4M"."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return str(number) if number else ""
