"""`ganzoo list`: the registry's models, or the catalog's entries."""

from __future__ import annotations

import click

from ganzoo import catalog, registry, tasks, weights
from ganzoo.cli import entries, options, output
from ganzoo.errors import suggest


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
@options.as_json
@options.token
def command(pattern: str, task: str | None, of_code: bool, on_hub: bool, as_json: bool, token: str | None) -> None:
    """List the models whose name matches PATTERN, as "cyclegan/*".

    HERE tells whether the weights are on this machine already. Beside a score, an arrow up means that higher
    is better, one down that lower is; `ganzoo info NAME` tells how it was measured.
    """
    if of_code and task is not None:
        raise click.UsageError("--task is for models: leave it out with --entries.")
    if of_code and on_hub:
        raise click.UsageError("--hub lists models, --entries code: give one of the two.")
    if of_code:
        _entries(pattern, as_json)
        return
    if on_hub:
        _on_hub(pattern, task, as_json, token)
        return
    cards = registry.cards(pattern, task)
    if as_json:
        output.as_json([{**registry.card_to_dict(card), "here": weights.is_here(card)} for card in cards])
        return
    if not cards:
        click.echo(_explain_none(pattern, task), err=True)
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
                _score(card),
                card.license,
                "yes" if weights.is_here(card) else "no",
            )
            for card in cards
        ],
    )


def _on_hub(pattern: str, task: str | None, as_json: bool, token: str | None) -> None:
    import dataclasses
    import fnmatch

    from ganzoo import hub

    plain = "" if set(pattern) & set("*?[") else pattern
    tag = task and tasks.find(task).tag
    found = [
        one
        for one in hub.search(plain, token=token)
        if (plain or fnmatch.fnmatchcase(one.repo_id, pattern)) and tag in (None, one.task)
    ]
    if as_json:
        output.as_json([dataclasses.asdict(one) for one in found])
        return
    if not found:
        click.echo(f"The Hub has no model of ganzoo's that matches '{pattern}'.", err=True)
        return
    rows = [(f"hf-hub:{one.repo_id}", one.task, one.license, str(one.downloads), one.changed) for one in found]
    output.table(("REFERENCE", "TASK", "LICENCE", "DOWNLOADS", "CHANGED"), rows)


def _score(card: registry.Card) -> str:
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
        output.as_json([{**entries.summary(entry), "options": entries.defaults(entry)} for entry in found])
        return
    if not found:
        click.echo(f"No entry matches '{pattern}'. Patterns are like 'loss:*' or 'dcgan'.", err=True)
        return
    output.table(
        ("ENTRY", "SUMMARY", "PAPER", "PLUGIN"),
        [(entry.spec, entry.summary, entry.paper, catalog.origin(entry.spec)) for entry in found],
    )
