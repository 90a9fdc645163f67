"""The hooks a plugin may implement, each with ``@ganzoo.hookimpl``. Entry-point group: ``ganzoo``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from ganzoo.contracts.entry import Entry

if TYPE_CHECKING:
    import click

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")


@hookspec
def ganzoo_entries() -> Iterable[Entry]:
    """Return the entries this plugin adds to the catalog. Called on every start: import no torch here."""
    raise AssertionError("a specification is never called")


@hookspec
def ganzoo_cards() -> Path | Iterable[Path]:
    """Return the absolute path(s) of registry files, whose cards name this plugin's published weights.

    Weights named by ``file`` in a card are looked for beside the registry file.
    """
    raise AssertionError("a specification is never called")


@hookspec
def ganzoo_commands(cli: click.Group) -> None:
    """Add commands to the ``ganzoo`` command line.

    cli  the group of commands: ``cli.add_command(mine)``
    """


@hookspec
def ganzoo_train_start(run: Path, settings: Mapping[str, Any]) -> None:
    """Called once before the first step of a run or of its resumption.

    run       the run's folder
    settings  what run.json holds: recipe, options, data, seed, steps, ...
    """


@hookspec
def ganzoo_train_step(run: Path, step: int, losses: Mapping[str, float]) -> None:
    """Called after every logged step, which is each ``log_every`` steps, the first and the last.

    run     the run's folder
    step    how many steps are done
    losses  the recipe's named losses as numbers
    """


@hookspec
def ganzoo_train_sample(run: Path, step: int, sheet: Path, measures: Mapping[str, float]) -> None:
    """Called after a sample sheet is written, each ``sample_every`` steps.

    run       the run's folder
    step      how many steps are done
    sheet     the sheet, a PNG
    measures  the recipe's measures on held-out pictures, if there are any
    """


@hookspec
def ganzoo_train_checkpoint(run: Path, step: int, checkpoint: Path) -> None:
    """Called after a checkpoint is complete on disk.

    run         the run's folder
    step        how many steps it holds
    checkpoint  what was written, in the run's folder
    """


@hookspec
def ganzoo_train_end(run: Path, step: int, reason: str) -> None:
    """Called once at the end of a run, however it ended.

    run     the run's folder
    step    how many steps are done
    reason  "finished", "interrupted", or "failed" with what failed
    """
