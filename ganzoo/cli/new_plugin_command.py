"""`ganzoo new-plugin`: a package to start from."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.echo import echo


@click.command("new-plugin", short_help="Create a plugin package of your own.")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the package. [default: ganzoo-NAME]")
@click.option(
    "--kind",
    type=click.Choice(["generator", "loss", "recipe", "metric", "reader", "family"]),
    default="generator",
    show_default=True,
    help="What the package adds; a family is a generator, a discriminator and their recipe.",
)
def command(name: str, output: Path | None, kind: str) -> None:
    """Create the package ganzoo-NAME: a small example called NAME with its test, ready to install.

    ganzoo new-plugin blue-moon --kind metric && pip install -e ganzoo-blue-moon
    """
    from ganzoo.scaffold import new_plugin

    for path in new_plugin.create(name, output, kind):
        echo(path)
