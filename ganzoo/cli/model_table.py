"""The table of `ganzoo list`: as many columns as the terminal has room for, all of them for another program."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from ganzoo.cards.card import Card
from ganzoo.cards.grades import GRADES
from ganzoo.cli import output
from ganzoo.cli.echo import echo
from ganzoo.weights import weights_file

SPACE = 2  # between columns
WHAT = 12  # characters at least


def show(cards: Sequence[Card], long: bool) -> None:
    """Print the models: by grade on a terminal, as one tab-separated table elsewhere."""
    if output.is_piped():
        columns = ALL if long else SHORT
        output.print_tab_separated(columns, [_cells(card, columns) for card in cards])
        return
    columns = ALL if long else _fitting(cards, output.terminal_width())
    columns = tuple(name for name in columns if name != "GRADE")
    rows = {card.name: _cells(card, columns) for card in cards}
    widths = [max(map(len, column)) for column in zip(columns, *rows.values(), strict=True)]
    if not long:
        missing = sum(widths) + SPACE * (len(columns) - 1) - output.terminal_width()
        what = columns.index("WHAT")
        widths[what] = max(WHAT, widths[what] - max(0, missing))
    echo(click.style(_line(columns, widths), bold=True))
    for grade, promise in (*GRADES.items(), ("", "not graded")):
        graded = [card for card in cards if card.grade == grade]
        if graded:
            echo(click.style(f"{grade}: {promise}" if grade else promise, dim=True))
        for card in graded:
            echo(_line(rows[card.name], widths))


def _fitting(cards: Sequence[Card], width: int) -> tuple[str, ...]:
    """Return the short columns, and as many of the others as fit beside them uncut."""
    taken = list(SHORT)
    for name in (column for column in ALL if column not in SHORT):
        wider = [column for column in ALL if column in (*taken, name) and column != "GRADE"]
        cells = [_cells(card, wider) for card in cards]
        needed = sum(max(map(len, column)) + SPACE for column in zip(wider, *cells, strict=True)) - SPACE
        if needed <= width:
            taken.append(name)
    return tuple(column for column in ALL if column in taken)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    fitted = [output.shorten(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return (" " * SPACE).join(fitted).rstrip()


def _cells(card: Card, columns: Sequence[str]) -> list[str]:
    return [_COLUMNS[name](card) for name in columns]


def _score(card: Card) -> str:
    if not card.scores:
        return "-"
    score = card.scores[0]
    return f"{score.metric} {score.value:.4g}{output.direction_arrow(score.metric)}"


_COLUMNS: dict[str, Callable[[Card], str]] = {
    "NAME": lambda card: card.name,
    "WHAT": lambda card: card.summary,
    "TASK": lambda card: card.task,
    "IMAGES": lambda card: card.size,
    "PARAMS": lambda card: output.short_count(card.parameters),
    "DATASET": lambda card: card.dataset.name if card.dataset else "",
    "SCORE": _score,
    "SIZE": lambda card: card.weights.size if card.weights else "-",
    "LICENSE": lambda card: card.license,
    "GRADE": lambda card: card.grade,
    "HERE": lambda card: "yes" if weights_file.is_here(card) else "no",
}
ALL = tuple(_COLUMNS)
SHORT = ("NAME", "WHAT", "SIZE", "LICENSE", "GRADE")
