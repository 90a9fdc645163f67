"""`ganzoo new-plugin`: a package to start from."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.echo import echo


@click.command("new-plugin", short_help="Create a plugin package of your own.")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder for the package. [default: ganzoo-NAME]")
def command(name: str, output: Path | None) -> None:
    """Create the package ganzoo-NAME: a small generator called NAME with its test, ready to install.

    ganzoo new-plugin blue-moon && pip install -e ganzoo-blue-moon
    """
    from ganzoo.scaffold import new_plugin

    for path in new_plugin.create(name, output):
        echo(path)
