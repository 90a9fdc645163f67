"""`ganzoo import`: a checkpoint of another code base as a model."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import output
from ganzoo.cli.echo import echo


@click.command("import", short_help="Import a checkpoint from another code base.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "name", required=True, metavar="FAMILY/NAME", help="Name of the new model.")
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path), help="Folder for the model.")
@click.option("--key", default="", help="Which generator to import, if the file holds several.")
@click.option("--discriminator", type=click.Path(path_type=Path), help="File to take the discriminator from.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Option that the file does not show.")
@click.option(
    "--license", default="unknown", show_default=True, help="License of the weights, as stated by their owner."
)
@click.option("--summary", default="", help="What the model does, in one line.")
@click.option(
    "--openmodeldb", type=click.Path(path_type=Path), metavar="ENTRY.json", help="The file's entry in OpenModelDB."
)
@click.option(
    "--no-check", is_flag=True, help="Import an enlarger or restorer even if it changes a photograph too much."
)
def command(
    file: Path,
    name: str,
    folder: Path,
    key: str,
    discriminator: Path | None,
    assignments: tuple[str, ...],
    license: str,
    summary: str,
    openmodeldb: Path | None,
    no_check: bool,
) -> None:
    """Convert FILE, a checkpoint from another code base, into a model folder.

    The architecture and its options are inferred from tensor names and shapes. `ganzoo list 'importer:*' --entries`
    shows the supported code bases. Only tensors and plain values are read; a file that contains code is rejected.

    \b
    ganzoo import latest_net_G_A.pth --as cyclegan/maps -o maps/
    ganzoo translate dir:maps photo.jpg -o out.png
    """
    from ganzoo.checkpoints.import_checkpoint import import_checkpoint

    values = dict(output.parse_assignments(assignments, "--set", "NAME=VALUE"))
    imported = import_checkpoint(
        file,
        name,
        folder,
        key=key,
        discriminator=discriminator,
        values=values,
        license=license,
        summary=summary,
        checked=not no_check,
        openmodeldb=openmodeldb,
    )
    for line in imported.messages:
        echo(line, err=True)
    echo(f"dir:{folder}")
