"""`ganzoo info`: a model's card, or a catalog entry."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from ganzoo import catalog
from ganzoo.cards.card import card_to_dict
from ganzoo.cli import card_summary, completion, entry_descriptions, options, output
from ganzoo.cli.echo import echo
from ganzoo.contracts.entry import KINDS
from ganzoo.loading import load
from ganzoo.weights import readme
from ganzoo.weights.readme import facts

if TYPE_CHECKING:
    from ganzoo.loading.engine_survey import Row


@click.command("info", short_help="Show a model's card, or a catalog entry.")
@click.argument("ref", shell_complete=completion.model_or_entry)
@click.option("--verbose", is_flag=True, help="Show the whole card: protocols, limits, other trainings.")
@click.option("--engines", is_flag=True, help="Show which engines run it, which one auto picks and why.")
@options.as_json
@options.token
def command(ref: str, verbose: bool, engines: bool, as_json: bool, token: str | None) -> None:
    """Show the card of the model REF: its task, origin, licenses, training and scores, and a command that uses it.

    REF can also be a catalog entry, such as recipe:dcgan; its parts and options are shown.
    """
    if engines:
        _show_engines(ref, as_json, token)
        return
    if ref.partition(":")[0] in KINDS:
        _show_entry(ref, as_json)
        return
    card, exact = load.look_up(ref, token)
    if as_json:
        output.print_json(card_to_dict(card))
        return
    place = [("reference", exact)] if exact != card.name else []
    if verbose:
        limits = [("limits", card.limits)] if card.limits else []
        tried = [("tried", each) for each in card.tried]
        _show(card.name, card.summary, [*place, *facts(card), *limits, *tried])
        return
    _show(card.name, card.summary, [*place, *card_summary.rows(card)], wrapped=True)
    echo(f"\n{readme.command(card, '' if exact == card.name else exact)}")


def _show_entry(spec: str, as_json: bool) -> None:
    entry = catalog.find(spec)
    description, entry_options = entry_descriptions.describe(entry), entry_descriptions.describe_options(entry)
    if as_json:
        output.print_json({**description, "options": entry_options})
        return
    if entry.kind == "recipe":
        description["images per step"] = str(entry.batch_size)
    parts = [(f"part {role}", part) for role, part in description.pop("parts").items()]
    rows = [(name, value) for name, value in description.items() if name not in ("entry", "summary") and value]
    _show(entry.spec, entry.summary, [*rows, *parts])
    echo()
    _show_options(entry_options)
    if entry_options and (notes := entry_descriptions.notes(entry)):
        echo(f"\n{notes}")


def _show_options(entry_options: Sequence[Mapping[str, Any]]) -> None:
    if not entry_options:
        echo("It has no options.")
        return
    rows = [
        (
            each["name"],
            each["type"],
            _text(each["default"]),
            ", ".join(map(_text, each["choices"] or ())) or each["limits"],
        )
        for each in entry_options
    ]
    output.print_table(("OPTION", "TYPE", "DEFAULT", "ALLOWED"), rows)


def _allowed(option: Mapping[str, Any]) -> str:
    return option["limits"] or ", ".join(map(_text, option["choices"] or ()))


def _show_engines(ref: str, as_json: bool, token: str | None) -> None:
    from ganzoo.loading.engine_survey import survey

    found = survey(ref, token=token, log=lambda text: echo(text, err=True))
    if as_json:
        output.print_json([dataclasses.asdict(row) for row in found])
        return
    head = ("ENGINE", "DTYPE", "START", "IMAGE", "DIFFERENCE", "PSNR", "NOTE")
    rows = [(row.engine, row.dtype, *_times(row), *_accuracy(row), row.note) for row in found]
    output.print_table(head, rows)
    echo(
        "\nSTART is what an engine needs to start in a new process, IMAGE what it needs for an image at the training\n"
        "size, measured once on this machine. auto takes what finishes first: one image, a folder of 100, a video of\n"
        "2,000 frames. DIFFERENCE is the largest difference from torch in float32, for values in [-1, 1]; PSNR is the\n"
        "mean. Both were measured on four photographs when the model was converted."
    )


def _times(row: Row) -> tuple[str, str]:
    return (f"{row.start:.2f} s", f"{row.seconds * 1000:.0f} ms") if row.seconds else ("", "")


def _accuracy(row: Row) -> tuple[str, str]:
    return (f"{row.difference:.1e}", f"{row.psnr:.1f} dB") if row.psnr else ("", "")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _show(title: str, summary: str, rows: Sequence[tuple[str, str]], wrapped: bool = False) -> None:
    """Print a title and aligned (name, value) rows, wrapped at the terminal's width if asked."""
    indent = max(len(name) for name, _ in rows) + 4
    text = f"{title}: {summary}" if summary else title
    text = _wrap("", text, 2) if wrapped else text
    echo(click.style(title, bold=True) + text.removeprefix(title))
    for name, value in rows:
        head = f"  {name}".ljust(indent)
        echo(_wrap(head, value, indent) if wrapped and name != "reference" else head + value)


def _wrap(head: str, text: str, indent: int) -> str:
    width = max(output.terminal_width(), indent + 20)
    lines = textwrap.wrap(text, width - indent, break_long_words=False, break_on_hyphens=False)
    return head + ("\n" + " " * indent).join(lines)
