"""`ganzoo list`: the models of the registry, or the entries of the catalog."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ganzoo import catalog
from ganzoo.cards import registry
from ganzoo.cards.card import Card, card_to_dict
from ganzoo.cards.grades import EXPERIMENTAL
from ganzoo.catalog import tasks
from ganzoo.cli import entry_descriptions, model_table, options, output
from ganzoo.cli.echo import echo
from ganzoo.errors import suggest
from ganzoo.weights import weights_file


@click.command("list", short_help="List models, or the code they are built from.")
@click.argument("pattern", default="*")
@click.option("--task", help="List only models for this task, such as image-to-image.")
@click.option(
    "--grade",
    help="List only models of this grade: recommended, baseline, teaching or experimental.",
)
@click.option("--all", "list_all", is_flag=True, help="List experimental models too, which are hidden otherwise.")
@click.option("--long", "long", is_flag=True, help="Show all columns, uncut.")
@click.option(
    "--entries",
    "list_entries",
    is_flag=True,
    help="List generators, discriminators, losses, recipes, ... instead; PATTERN can be a kind, such as 'loss:*'.",
)
@click.option("--hub", "on_hub", is_flag=True, help="List ganzoo models on the Hugging Face Hub instead.")
@click.option("--scores", "list_scores", is_flag=True, help="List all scores instead, and how they were measured.")
@options.as_json
@options.token
def command(
    pattern: str,
    task: str | None,
    grade: str | None,
    list_all: bool,
    long: bool,
    list_entries: bool,
    on_hub: bool,
    list_scores: bool,
    as_json: bool,
    token: str | None,
) -> None:
    """List the models whose name matches PATTERN, such as "cyclegan/*".

    A wide terminal shows more columns, --long all of them. Output to a file or another program is separated by tabs
    and uncut. --scores shows how each score was measured.
    """
    if list_entries and (task is not None or grade is not None):
        raise click.UsageError("--task and --grade apply to models. Omit them with --entries.")
    if list_entries + on_hub + list_scores > 1:
        raise click.UsageError("--hub, --entries and --scores list different things. Use one of them.")
    if list_entries:
        _list_entries(pattern, as_json)
        return
    if on_hub:
        _list_hub(pattern, task, as_json, token)
        return
    cards = registry.cards(pattern, task, grade)
    if list_scores and (cards or as_json):
        _list_scores(cards, as_json)
        return
    shown = [card for card in cards if list_all or grade or pattern != "*" or card.grade != EXPERIMENTAL]
    if as_json:
        output.print_json([{**card_to_dict(card), "here": weights_file.is_here(card)} for card in shown])
        return
    if not cards:
        echo(_explain_no_match(pattern, task), err=True)
        return
    model_table.show(shown, long)
    if len(shown) < len(cards):
        echo(f"{len(cards) - len(shown)} experimental models are hidden. --all shows them.", err=True)


def _list_scores(cards: Sequence[Card], as_json: bool) -> None:
    scores = [(card.name, score) for card in cards for score in card.scores]
    if as_json:
        output.print_json([{"name": name, **score.to_dict()} for name, score in scores])
        return
    if not scores:
        echo("None of these models has scores. Measure some with `ganzoo eval`.", err=True)
        return
    protocols = [*dict.fromkeys(score.protocol.conditions for _, score in scores)]
    output.print_table(
        ("NAME", "METRIC", "VALUE", "INTERVAL", "PROTOCOL"),
        [
            (
                name,
                f"{score.metric}{output.direction_arrow(score.metric)}",
                f"{score.value:.4g}",
                "" if score.bounds is None else "{:.4g} - {:.4g}".format(*score.bounds),
                str(protocols.index(score.protocol.conditions) + 1),
            )
            for name, score in scores
        ],
    )
    echo()
    for number, conditions in enumerate(protocols, 1):
        echo(f"{number}  {conditions}")


def _list_hub(pattern: str, task: str | None, as_json: bool, token: str | None) -> None:
    import dataclasses
    import fnmatch

    from ganzoo.hub import client

    query = "" if set(pattern) & set("*?[") else pattern
    tag = task and tasks.find(task).tag
    found = [
        one
        for one in client.search(query, token=token)
        if (query or fnmatch.fnmatchcase(one.repo_id, pattern)) and tag in (None, one.task)
    ]
    if as_json:
        output.print_json([dataclasses.asdict(one) for one in found])
        return
    if not found:
        echo(f"No ganzoo model on the Hub matches '{pattern}'.", err=True)
        return
    rows = [(f"hf-hub:{one.repo_id}", one.task, one.license, str(one.downloads), one.changed) for one in found]
    output.print_table(("REFERENCE", "TASK", "LICENSE", "DOWNLOADS", "CHANGED"), rows)


def _explain_no_match(pattern: str, task: str | None) -> str:
    """Return why no model is listed, and what would list some."""
    known = registry.list_models()
    if not known:
        return "The registry holds no models. Install a plugin that brings some, or train your own with `ganzoo train`."
    families = {name.partition("/")[0] for name in known}
    if pattern in families:
        hint = f" For a whole family, write '{pattern}/*'."
    else:
        hint = suggest(pattern, [*known, *families]) + f" `ganzoo list` shows all {len(known)}."
    return f"No model matches '{pattern}'{f' with task {task}' if task else ''}.{hint}"


def _list_entries(pattern: str, as_json: bool) -> None:
    import fnmatch

    found = [
        entry
        for entry in catalog.entries()
        if pattern in (entry.name, entry.kind) or fnmatch.fnmatchcase(entry.spec, pattern)
    ]
    if as_json:
        output.print_json(
            [
                {**entry_descriptions.describe(entry), "options": entry_descriptions.default_options(entry)}
                for entry in found
            ]
        )
        return
    if not found:
        echo(f"No entry matches '{pattern}'. Write a pattern such as 'loss:*' or 'dcgan'.", err=True)
        return
    output.print_table(
        ("ENTRY", "SUMMARY", "PAPER", "PLUGIN"),
        [(entry.spec, entry.summary, entry.paper, catalog.origin(entry.spec)) for entry in found],
    )
