"""`ganzoo plugins`: plugins that were loaded, skipped or rejected."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import click

from ganzoo import catalog
from ganzoo.catalog import discovery
from ganzoo.cli import options, output
from ganzoo.errors import GanzooError


@click.command("plugins", short_help="List plugins, and why any were skipped.")
@options.as_json
def command(as_json: bool) -> None:
    """List installed plugins, and the reason why a plugin was skipped or makes other commands fail."""
    refused = {**catalog.refusals(), **discovery.misuses()}
    found = [_with_refusal(plugin, refused) for plugin in discovery.plugins()]
    if as_json:
        output.print_json([dataclasses.asdict(plugin) for plugin in found])
        return
    output.print_table(
        ("PLUGIN", "PACKAGE", "VERSION", "STATE"),
        [(p.name, p.distribution, p.version, p.error or "loaded") for p in found],
    )


def _with_refusal(plugin: discovery.Plugin, refused: Mapping[str, GanzooError]) -> discovery.Plugin:
    if plugin.error or plugin.name not in refused:
        return plugin
    return dataclasses.replace(plugin, error=f"refused: {' '.join(str(refused[plugin.name]).split())}")
