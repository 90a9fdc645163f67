"""`ganzoo info`: a model's card, or an entry of the catalog."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import click

from ganzoo import catalog
from ganzoo.cards.card import card_to_dict
from ganzoo.cli import entry_descriptions, options, output
from ganzoo.contracts.entry import KINDS
from ganzoo.loading import load
from ganzoo.weights.readme import facts


@click.command("info", short_help="Show what is known of a model, or of KIND:NAME.")
@click.argument("ref")
@click.option("--engines", is_flag=True, help="Show what can run it, what auto takes and why, measured.")
@options.as_json
@options.token
def command(ref: str, engines: bool, as_json: bool, token: str | None) -> None:
    """Show what is known of the model REF: its task, origin, licenses, training and scores.

    REF may also be code of the catalog, as recipe:dcgan: then its parts and options are shown.
    """
    if engines:
        _engines(ref, as_json, token)
        return
    if ref.partition(":")[0] in KINDS:
        _entry(ref, as_json)
        return
    card, exact = load.look_up(ref, token)
    if as_json:
        output.as_json(card_to_dict(card))
        return
    place = [("reference", exact)] if exact != card.name else []
    limits = [("limits", card.limits)] if card.limits else []
    tried = [("tried", each) for each in card.tried]
    _show(card.name, card.summary, [*place, *facts(card), *limits, *tried])


def _entry(spec: str, as_json: bool) -> None:
    entry = catalog.find(spec)
    about, its_options = entry_descriptions.summary(entry), entry_descriptions.options(entry)
    if as_json:
        output.as_json({**about, "options": its_options})
        return
    if entry.kind == "recipe":
        about["pictures a step"] = str(entry.batch_size)
    parts = [(f"part {role}", part) for role, part in about.pop("parts").items()]
    facts_of_it = [(name, about[name]) for name in about if name not in ("entry", "summary") and about[name]]
    _show(entry.spec, entry.summary, [*facts_of_it, *parts])
    click.echo()
    if not its_options:
        click.echo("It has no options.")
        return
    rows = [
        (o["name"], o["type"], _text(o["default"]), ", ".join(map(_text, o["choices"])) if o["choices"] else "")
        for o in its_options
    ]
    output.table(("OPTION", "TYPE", "DEFAULT", "ONE OF"), rows)
    if notes := entry_descriptions.notes(entry):
        click.echo(f"\n{notes}")


def _engines(ref: str, as_json: bool, token: str | None) -> None:
    from ganzoo.loading.engine_survey import survey

    found = survey(ref, token=token, log=lambda text: click.echo(text, err=True))
    if as_json:
        output.as_json([dataclasses.asdict(row) for row in found])
        return
    head = ("ENGINE", "DTYPE", "AUTO", "SPEED", "DIFFERENCE", "PSNR", "NOTE")
    rows = [
        (row.engine, row.dtype, "auto" if row.auto else "", *_measured(row.speed, row.difference, row.psnr), row.note)
        for row in found
    ]
    output.table(head, rows)
    click.echo(
        "\nSPEED: times as fast as torch in float32 on this machine. DIFFERENCE: the greatest from it, in [-1, 1];\n"
        "PSNR: the mean. Both on four photographs, when the model was converted."
    )


def _measured(speed: float, difference: float, psnr: float) -> tuple[str, str, str]:
    return (f"{speed:.2f}x", f"{difference:.1e}", f"{psnr:.1f} dB") if speed else ("", "", "")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _show(title: str, summary: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print a title and aligned (name, value) rows."""
    click.echo(click.style(title, bold=True) + (f": {summary}" if summary else ""))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"  {name.ljust(width)}  {value}")
