"""`ganzoo plugins`: plugins that were loaded, skipped or rejected."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Mapping

import click

from ganzoo import catalog
from ganzoo.catalog import discovery
from ganzoo.cli import options, output
from ganzoo.cli.echo import echo
from ganzoo.contracts.entry import Entry
from ganzoo.errors import GanzooError, UnknownName, suggest


@click.command("plugins", short_help="List plugins, what they add, and why any were skipped.")
@click.argument("name", required=False)
@options.as_json
def command(name: str | None, as_json: bool) -> None:
    """List installed plugins, what each adds, and why one was skipped.

    With NAME, a plugin or a package, list its entries and where it is installed.
    """
    refused = {**catalog.refusals(), **discovery.misuses()}
    found = [_with_refusal(plugin, refused) for plugin in discovery.plugins()]
    if name is not None:
        found = [plugin for plugin in found if name in (plugin.name, plugin.distribution)]
        if not found:
            known = [plugin.name for plugin in discovery.plugins()]
            raise UnknownName(f"No plugin is called '{name}'.{suggest(name, known)} `ganzoo plugins` shows all.")
    added = catalog.by_plugin()
    if as_json:
        output.print_json(
            [
                {
                    **dataclasses.asdict(p),
                    "path": _path(p.name),
                    "entries": [one.spec for one in added.get(p.name, [])],
                }
                for p in found
            ]
        )
    elif name is None:
        output.print_table(
            ("PLUGIN", "PACKAGE", "VERSION", "ADDS", "STATE"),
            [(p.name, p.distribution, p.version, _counts(added.get(p.name, [])), p.error or "loaded") for p in found],
        )
    else:
        for p in found:
            echo(
                f"{p.name} from {p.distribution} {p.version}, {p.error or 'loaded'}: {_path(p.name) or 'not imported'}"
            )
            output.print_table(("ENTRY", "SUMMARY"), [(one.spec, one.summary) for one in added.get(p.name, [])])


def _counts(entries: list[Entry]) -> str:
    """Return "2 generators, 1 recipe"."""
    counts = Counter(entry.kind for entry in entries)
    return ", ".join(f"{n} {kind}{'s' if n > 1 and not kind.endswith('s') else ''}" for kind, n in counts.items())


def _path(name: str) -> str:
    """Return the file that a plugin was imported from; "" if it was not."""
    return str(getattr(sys.modules.get(name.partition(":")[0]), "__file__", None) or "")


def _with_refusal(plugin: discovery.Plugin, refused: Mapping[str, GanzooError]) -> discovery.Plugin:
    if plugin.error or plugin.name not in refused:
        return plugin
    return dataclasses.replace(plugin, error=f"refused: {' '.join(str(refused[plugin.name]).split())}")
