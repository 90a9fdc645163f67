"""Tables and JSON on stdout, without any library, because `ganzoo list` must start fast."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from ganzoo.cards import metric_direction
from ganzoo.cards.protocol import Protocol
from ganzoo.cli.echo import echo, echo_json
from ganzoo.contracts.option_text import OptionText
from ganzoo.files.terminal import clean


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print left-aligned columns, two spaces apart."""
    lines = [list(head), *([clean(cell, sys.maxsize) for cell in row] for row in rows)]  # before widths are measured
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        echo(click.style(text, bold=True) if number == 0 else text)


def print_tab_separated(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print uncut cells with tabs between them, for other programs; a tab or line break in a cell becomes a space."""
    for line in (head, *rows):
        echo("\t".join(" ".join(cell.split()) for cell in line))


def is_piped() -> bool:
    """Return whether another program reads stdout."""
    return not sys.stdout.isatty()


def terminal_width() -> int:
    """Return the number of columns of the terminal; 80 where none is known."""
    return shutil.get_terminal_size((80, 24)).columns


def shorten(text: str, width: int) -> str:
    """Return ``text`` cut at a word to ``width`` characters at most, with an ellipsis where something is missing."""
    if len(text) <= width:
        return text
    cut = textwrap.shorten(text, width, placeholder="…").removesuffix("…").rstrip(",;:") or text[: width - 1]
    return f"{cut}…"


def print_protocols(protocols: Iterable[Protocol]) -> None:
    """Print the conditions that metrics share, once per group of metrics."""
    groups: dict[str, list[str]] = {}
    for one in protocols:
        numbers = f" ({one.numbers})" if one.numbers else ""
        groups.setdefault(one.conditions, []).append(f"{one.metric}{numbers}")
    for conditions, metrics in groups.items():
        echo(f"\n{', '.join(metrics)}:\n  {conditions}")


def print_json(value: Any) -> None:
    """Print JSON, indented."""
    echo_json(value)


def direction_arrow(metric: str) -> str:
    """Return an arrow that shows which way a known metric is better; "" for an unknown metric."""
    better = metric_direction.better(metric)
    if not better:
        return ""
    upwards = better == "higher"
    try:
        "↑↓".encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # the output's encoding has no arrows
        return " (up)" if upwards else " (down)"
    return " ↑" if upwards else " ↓"


def short_count(number: int) -> str:
    """Return 11378179 as "11.4M"."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return str(number) if number else ""


def parse_assignments(texts: tuple[str, ...], option: str, form: str) -> Mapping[str, OptionText]:
    """Parse texts of the form NAME=VALUE into name -> value. Raises UsageError for any other form."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and name and value):
            raise click.UsageError(f"{option} {text} is not valid. Write {option} {form}.")
        values[name] = OptionText(value)
    return values
