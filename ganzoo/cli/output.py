"""Printing: tables and JSON, without any library, because `ganzoo list` must start at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from ganzoo.cards import metric_direction
from ganzoo.cards.protocol import Protocol


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print left-aligned columns, two spaces apart."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for number, line in enumerate(lines):
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(click.style(text, bold=True) if number == 0 else text)


def protocols(given: Iterable[Protocol]) -> None:
    """Print what metrics that were measured alike have in common, once for all of them."""
    alike: dict[str, list[str]] = {}
    for one in given:
        numbers = f" ({one.numbers})" if one.numbers else ""
        alike.setdefault(one.conditions, []).append(f"{one.metric}{numbers}")
    for conditions, metrics in alike.items():
        click.echo(f"\n{', '.join(metrics)}:\n  {conditions}")


def as_json(value: Any) -> None:
    """Print JSON, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def direction(metric: str) -> str:
    """Return an arrow that tells which way a known metric is better, "" for any other."""
    way = metric_direction.better(metric)
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


def pairs(texts: tuple[str, ...], option: str, form: str) -> Mapping[str, str]:
    """Return name -> value out of NAME=VALUE. Raises UsageError for another form."""
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (equals and name and value):
            raise click.UsageError(f"{option} {text} is not right. Write {option} {form}.")
        found[name] = value
    return found
