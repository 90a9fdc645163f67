"""`ganzoo info`: a model's card."""

from __future__ import annotations

import click

from ganzoo import loading, registry
from ganzoo.cli import options, output
from ganzoo.modelcard import facts


@click.command("info")
@click.argument("ref")
@options.as_json
@options.token
def command(ref: str, as_json: bool, token: str | None) -> None:
    """Show what is known of the model REF: its task, origin, licences, training and scores."""
    card = loading.info(ref, token)
    if as_json:
        output.as_json(registry.card_to_dict(card))
        return
    click.echo(click.style(card.name, bold=True) + (f": {card.summary}" if card.summary else ""))
    rows = [*facts(card), *([("limits", card.limits)] if card.limits else [])]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"  {name.ljust(width)}  {value}")
