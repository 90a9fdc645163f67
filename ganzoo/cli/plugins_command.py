"""`ganzoo plugins`: what was found, and what could not be loaded."""

from __future__ import annotations

import dataclasses

import click

from ganzoo import plugins
from ganzoo.cli import options, output


@click.command("plugins")
@options.as_json
def command(as_json: bool) -> None:
    """List the plugins, with the reason for each that was skipped."""
    found = plugins.plugins()
    if as_json:
        output.as_json([dataclasses.asdict(plugin) for plugin in found])
        return
    output.table(
        ("PLUGIN", "PACKAGE", "VERSION", "STATE"),
        [(p.name, p.distribution, p.version, p.error or "loaded") for p in found],
    )
