"""`ganzoo new-plugin`: a package to begin with."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("new-plugin", short_help="Begin a plugin package of your own.")
@click.argument("name")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The folder [default: ganzoo-NAME].")
def command(name: str, output: Path | None) -> None:
    """Write the package ganzoo-NAME: a small generator NAME, ready to be installed, with its test.

    ganzoo new-plugin blue-moon && pip install -e ganzoo-blue-moon
    """
    from ganzoo.scaffold import new_plugin

    for path in new_plugin.create(name, output):
        click.echo(path)
