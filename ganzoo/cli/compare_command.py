"""`ganzoo compare`: scores of several models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ganzoo.cli import options, output
from ganzoo.cli.echo import echo

if TYPE_CHECKING:
    from ganzoo.evaluation.compare import Row, Table


@click.command("compare", short_help="Show the scores of several models side by side.")
@click.argument("sources", nargs=-1, required=True, metavar="MODEL MODEL...")
@click.option("--metrics", default="", help="Only these, comma separated; fd includes fd-efficientnet-lite0.")
@options.as_json
@options.token
def command(sources: tuple[str, ...], metrics: str, as_json: bool, token: str | None) -> None:
    """Show the scores of each MODEL: a reference, whose card has scores, or a JSON file that `ganzoo eval -o` wrote.

    A star marks the best value of a row. Last come what needs no model, such as the untouched INPUT or a BICUBIC
    enlargement, and REAL IMAGES, some of them measured against the others. Scores that were measured under different
    protocols are refused, and the message names what differs.
    """
    from ganzoo.evaluation.compare_models import compare

    if len(sources) < 2 or len(set(sources)) < len(sources):
        raise click.UsageError(
            "Give two models or more, each once, e.g. `ganzoo compare dcgan/fashion-mnist mine.json`."
        )
    names = [name.strip() for name in metrics.split(",") if name.strip()]
    table = compare(*sources, metrics=names, token=token)
    if as_json:
        output.print_json(table.to_dict())
    else:
        _show(table)


def _show(table: Table) -> None:
    """Print the table, what its marks mean, and how each metric was measured."""
    named = list(dict.fromkeys(name for row in table.rows for name in row.baselines))
    rows = []
    for row in table.rows:
        values = (f"{row.baselines[name]:.4g}" if name in row.baselines else "" for name in named)
        cells = (_cell(row, model) for model in table.models)
        rows.append((row.metric + output.direction_arrow(row.metric), *cells, *values))
    output.print_table(("METRIC", *table.models, *(name.upper() for name in named)), rows)
    if marks := _marks(table.rows):
        echo(f"\n{marks}")
    output.print_protocols(row.protocol for row in table.rows)


def _cell(row: Row, model: str) -> str:
    score = row.scores.get(model)
    if score is None:
        return ""
    bounds = "" if score.bounds is None else " [{:.4g}, {:.4g}]".format(*score.bounds)
    mark = "" if model not in row.best else " *" if row.sure else " ~"
    return f"{score.value:.4g}{bounds}{mark}"


def _marks(rows: Sequence[Row]) -> str:
    meanings = {True: "* best", False: "~ best, but intervals overlap"}
    return "; ".join(meanings[sure] for sure in meanings if any(row.best and row.sure is sure for row in rows))
