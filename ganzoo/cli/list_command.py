"""`ganzoo list`: the registry's models, or the catalog's entries."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ganzoo import catalog
from ganzoo.cards import registry
from ganzoo.cards.card import Card, card_to_dict
from ganzoo.cli import entry_descriptions, options, output
from ganzoo.contracts import tasks
from ganzoo.errors import suggest
from ganzoo.weights import weights_file


@click.command("list", short_help="List the models, or the code they are made of.")
@click.argument("pattern", default="*")
@click.option("--task", help="Only models of this task, as image-to-image.")
@click.option(
    "--entries",
    "of_code",
    is_flag=True,
    help="List generators, discriminators, losses, recipes and more instead; PATTERN may be a kind, as 'loss:*'.",
)
@click.option(
    "--hub", "on_hub", is_flag=True, help="List models of ganzoo's on the Hub instead, of whoever; PATTERN too."
)
@click.option("--scores", "with_scores", is_flag=True, help="List every score instead, and how it was measured.")
@options.as_json
@options.token
def command(
    pattern: str, task: str | None, of_code: bool, on_hub: bool, with_scores: bool, as_json: bool, token: str | None
) -> None:
    """List the models whose name matches PATTERN, as "cyclegan/*".

    HERE tells whether the weights are on this machine already. Conditions a score, an arrow up means that higher
    is better, one down that lower is; --scores tells how each was measured.
    """
    if of_code and task is not None:
        raise click.UsageError("--task is for models: leave it out with --entries.")
    if of_code + on_hub + with_scores > 1:
        raise click.UsageError("--hub, --entries and --scores list different things: give one of them.")
    if of_code:
        _entries(pattern, as_json)
        return
    if on_hub:
        _on_hub(pattern, task, as_json, token)
        return
    cards = registry.cards(pattern, task)
    if with_scores and (cards or as_json):
        _scores(cards, as_json)
        return
    if as_json:
        output.as_json([{**card_to_dict(card), "here": weights_file.is_here(card)} for card in cards])
        return
    if not cards:
        click.echo(_explain_none(pattern, task), err=True)
        return
    output.table(
        ("NAME", "TASK", "SIZE", "PARAMS", "DATA SET", "SCORE", "LICENSE", "HERE"),
        [
            (
                card.name,
                card.task,
                card.size,
                output.count(card.parameters),
                card.dataset.name if card.dataset else "",
                _score(card),
                card.license,
                "yes" if weights_file.is_here(card) else "no",
            )
            for card in cards
        ],
    )


def _scores(cards: Sequence[Card], as_json: bool) -> None:
    scores = [(card.name, score) for card in cards for score in card.scores]
    if as_json:
        output.as_json([{"name": name, **score.to_dict()} for name, score in scores])
        return
    if not scores:
        click.echo("None of these models has scores. `ganzoo eval` measures some.", err=True)
        return
    protocols = [*dict.fromkeys(score.protocol.conditions for _, score in scores)]
    output.table(
        ("NAME", "METRIC", "VALUE", "INTERVAL", "PROTOCOL"),
        [
            (
                name,
                f"{score.metric}{output.direction(score.metric)}",
                f"{score.value:.4g}",
                "" if score.low is None else f"{score.low:.4g} - {score.high:.4g}",
                str(protocols.index(score.protocol.conditions) + 1),
            )
            for name, score in scores
        ],
    )
    click.echo()
    for number, conditions in enumerate(protocols, 1):
        click.echo(f"{number}  {conditions}")


def _on_hub(pattern: str, task: str | None, as_json: bool, token: str | None) -> None:
    import dataclasses
    import fnmatch

    from ganzoo.hub import client

    plain = "" if set(pattern) & set("*?[") else pattern
    tag = task and tasks.find(task).tag
    found = [
        one
        for one in client.search(plain, token=token)
        if (plain or fnmatch.fnmatchcase(one.repo_id, pattern)) and tag in (None, one.task)
    ]
    if as_json:
        output.as_json([dataclasses.asdict(one) for one in found])
        return
    if not found:
        click.echo(f"The Hub has no model of ganzoo's that matches '{pattern}'.", err=True)
        return
    rows = [(f"hf-hub:{one.repo_id}", one.task, one.license, str(one.downloads), one.changed) for one in found]
    output.table(("REFERENCE", "TASK", "LICENSE", "DOWNLOADS", "CHANGED"), rows)


def _score(card: Card) -> str:
    if not card.scores:
        return "-"
    score = card.scores[0]
    return f"{score.metric} {score.value:.4g}{output.direction(score.metric)}"


def _explain_none(pattern: str, task: str | None) -> str:
    """Say why no model is listed, and what would list some."""
    known = registry.list_models()
    if not known:
        return "The registry holds no models. A plugin may bring some; `ganzoo train` makes one of your own."
    families = {name.partition("/")[0] for name in known}
    if pattern in families:
        hint = f" For a whole family write '{pattern}/*'."
    else:
        hint = suggest(pattern, [*known, *families]) + f" `ganzoo list` shows all {len(known)}."
    return f"No model matches '{pattern}'{f' with task {task}' if task else ''}.{hint}"


def _entries(pattern: str, as_json: bool) -> None:
    import fnmatch

    found = [
        entry
        for entry in catalog.entries()
        if pattern in (entry.name, entry.kind) or fnmatch.fnmatchcase(entry.spec, pattern)
    ]
    if as_json:
        output.as_json(
            [{**entry_descriptions.summary(entry), "options": entry_descriptions.defaults(entry)} for entry in found]
        )
        return
    if not found:
        click.echo(f"No entry matches '{pattern}'. Patterns are like 'loss:*' or 'dcgan'.", err=True)
        return
    output.table(
        ("ENTRY", "SUMMARY", "PAPER", "PLUGIN"),
        [(entry.spec, entry.summary, entry.paper, catalog.origin(entry.spec)) for entry in found],
    )
