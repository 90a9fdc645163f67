"""`ganzoo list`: the registry's models, or the catalog's entries."""

from __future__ import annotations

import dataclasses

import click

from ganzoo import catalog, registry, weights
from ganzoo.cli import options, output


@click.command("list")
@click.argument("pattern", default="*")
@click.option("--task", help="Only models of this task, as image-to-image.")
@click.option(
    "--entries",
    is_flag=True,
    help="List generators, discriminators, losses and recipes instead; PATTERN may be a kind, as 'loss:*'.",
)
@options.as_json
def command(pattern: str, task: str | None, entries: bool, as_json: bool) -> None:
    """List the models whose name matches PATTERN, as "cyclegan/*".

    HERE tells whether the weights are on this machine already.
    """
    if entries and task is not None:
        raise click.UsageError("--task is for models: leave it out with --entries.")
    if entries:
        _entries(pattern, as_json)
        return
    cards = registry.cards(pattern, task)
    if as_json:
        output.as_json([{**registry.card_to_dict(card), "here": weights.is_here(card)} for card in cards])
        return
    if not cards:
        hint = "" if set(pattern) & set("*?[/") else f" For a whole family write '{pattern}/*'."
        click.echo(f"No model matches '{pattern}'{f' with task {task}' if task else ''}.{hint}", err=True)
        return
    output.table(
        ("NAME", "TASK", "SIZE", "PARAMS", "DATA SET", "SCORE", "LICENCE", "HERE"),
        [
            (
                card.name,
                card.task,
                card.size,
                output.count(card.parameters),
                card.dataset.name if card.dataset else "",
                f"{card.scores[0].metric} {card.scores[0].value:.4g}" if card.scores else "-",
                card.license,
                "yes" if weights.is_here(card) else "no",
            )
            for card in cards
        ],
    )


def _entries(pattern: str, as_json: bool) -> None:
    import fnmatch

    found = [
        entry
        for entry in catalog.entries()
        if pattern in (entry.name, entry.kind) or fnmatch.fnmatchcase(entry.spec, pattern)
    ]
    if as_json:
        output.as_json(
            [
                {
                    "entry": entry.spec,
                    "summary": entry.summary,
                    "paper": entry.paper,
                    "task": entry.task,
                    "data": entry.data,
                    "parts": dict(entry.parts),
                    "options": {option.name: _default(option) for option in dataclasses.fields(entry.config)},
                    "plugin": catalog.origin(entry.spec),
                }
                for entry in found
            ]
        )
        return
    if not found:
        click.echo(f"No entry matches '{pattern}'. Patterns are like 'loss:*' or 'dcgan'.", err=True)
        return
    output.table(
        ("ENTRY", "SUMMARY", "PAPER", "PLUGIN"),
        [(entry.spec, entry.summary, entry.paper, catalog.origin(entry.spec)) for entry in found],
    )


def _default(option: dataclasses.Field[object]) -> object:
    """Return an option's default; every option has one."""
    return option.default if option.default_factory is dataclasses.MISSING else option.default_factory()
