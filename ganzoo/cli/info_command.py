"""`ganzoo info`: a model's card."""

from __future__ import annotations

import click

from ganzoo import loading, registry
from ganzoo.cli import output
from ganzoo.modelcard import facts


@click.command("info")
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(ref: str, as_json: bool) -> None:
    """Show what is known of the model REF: its task, origin, licences, training and scores."""
    card = loading.info(ref)
    if as_json:
        output.as_json(registry.card_to_dict(card))
        return
    click.echo(click.style(card.name, bold=True) + (f": {card.summary}" if card.summary else ""))
    rows = facts(card)
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"  {name.ljust(width)}  {value}")
    if card.limits:
        click.echo(f"  {'limits'.ljust(width)}  {card.limits}")
