"""`ganzoo card`: a model put into a plugin package."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import completion
from ganzoo.cli.echo import echo


@click.command("card", short_help="Put a model's weights and card into your plugin package.")
@click.argument("ref", shell_complete=completion.model)
@click.option(
    "--into", "package", required=True, type=click.Path(path_type=Path), help="Folder of the plugin or its project."
)
@click.option("--as", "name", default="", metavar="FAMILY/VARIANT", help="Name of the model. [default: its card's]")
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16"]),
    default="float32",
    show_default=True,
    help="Number type of the weights.",
)
@click.option("--license", default="", help="License of the weights, such as cc-by-4.0.")
@click.option("--summary", default="", help="What the model does, in one line.")
@click.option("--limits", default="", help="What it cannot do, in a sentence.")
def command(ref: str, package: Path, name: str, dtype: str, license: str, summary: str, limits: str) -> None:
    """Write the weights of the model REF, and its card, into a plugin package.

    ganzoo card dir:runs/mine --into ganzoo-mine --as mine/faces --license mit --summary "Faces, 64x64"
    """
    from ganzoo.loading import load
    from ganzoo.publishing.bundle import bundle

    model = load.load(ref, device="cpu", engine="torch")
    done = bundle(model, package, name, dtype, license=license, summary=summary, limits=limits)
    echo(f"{done.weights}\n{done.registry}")
    if done.hook:
        echo(f"Add this to the package's __init__.py, so that ganzoo finds the card:\n{done.hook}", err=True)
