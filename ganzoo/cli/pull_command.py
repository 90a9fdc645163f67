"""`ganzoo pull`: a model downloaded to this machine."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from ganzoo.cli import completion, options
from ganzoo.cli.echo import echo
from ganzoo.errors import WeightsError


@click.command("pull", short_help="Download a model.")
@click.argument("ref", shell_complete=completion.model)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Also save it as a folder, to load as dir:FOLDER."
)
@options.token
def command(ref: str, output: Path | None, token: str | None) -> None:
    """Download the model REF and check its hash."""
    from ganzoo.cards import references
    from ganzoo.cli.progress import transfer
    from ganzoo.loading import load
    from ganzoo.weights import model_folder, weights_file

    card = references.parse(ref).card
    with transfer(f"Downloading {ref}") if card is None or not weights_file.is_here(card) else nullcontext():
        located = load.locate(ref, token)
    if located.weights is None:
        raise WeightsError(f"{ref} has no weights, so there is nothing to download. Use it as it is.")
    if output is None:
        echo(located.weights)
        return
    card = located.card
    model_folder.refuse_another(output, card, lambda: card.weights.sha256 if card.weights else "")
    model_folder.copy(output, located.card, located.weights, located.discriminator)
    echo(f"dir:{output}")
