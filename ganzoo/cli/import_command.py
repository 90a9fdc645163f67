"""`ganzoo import`: a checkpoint of another code base as a model."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import output


@click.command("import", short_help="Bring in a checkpoint of another code base.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "name", required=True, metavar="FAMILY/NAME", help="What the model is to be called.")
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), help="The model's folder.")
@click.option("--key", default="", help="Which generator, where the file has several.")
@click.option("--discriminator", type=click.Path(path_type=Path), help="A file to take the discriminator from.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="What the file does not show.")
@click.option("--license", default="unknown", show_default=True, help="Of the weights, as their owner says.")
@click.option("--summary", default="", help="What the model does, on one line.")
def command(
    file: Path,
    name: str,
    folder: Path,
    key: str,
    discriminator: Path | None,
    assignments: tuple[str, ...],
    license: str,
    summary: str,
) -> None:
    """Turn FILE, a checkpoint of another code base, into the model folder OUTPUT.

    Architecture, widths and norms are read off the names and shapes of its tensors. Which code bases are known, shows
    `ganzoo list 'importer:*' --entries`. Only tensors and plain values are read: a file with code in it is refused.

    \b
    ganzoo import latest_net_G_A.pth --as cyclegan/maps -o maps/
    ganzoo translate dir:maps photo.jpg -o out.png
    """
    from ganzoo.checkpoints.importing import import_checkpoint

    values = dict(output.pairs(assignments, "--set", "NAME=VALUE"))
    made = import_checkpoint(
        file, name, folder, key=key, discriminator=discriminator, values=values, license=license, summary=summary
    )
    for line in made.said:
        click.echo(line, err=True)
    click.echo(f"dir:{folder}")
