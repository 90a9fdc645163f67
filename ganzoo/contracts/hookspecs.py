"""The hooks that a plugin can implement, each with ``@ganzoo.hookimpl``. The entry-point group is ``ganzoo``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from ganzoo.contracts.entry import Entry

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")


@hookspec
def ganzoo_entries() -> Iterable[Entry]:
    """Return the entries that this plugin adds to the catalog. Called on every start: import no torch here."""
    raise AssertionError("a specification is never called")


@hookspec
def ganzoo_cards() -> Path | Iterable[Path]:
    """Return the absolute paths of registry files, whose cards describe this plugin's published weights.

    The ``file`` of a card is a path relative to the registry file.
    """
    raise AssertionError("a specification is never called")


@hookspec
def ganzoo_commands(cli: click.Group) -> None:
    """Add commands to the ``ganzoo`` command line.

    Args:
        cli: The group of commands; call ``cli.add_command(command)``.
    """


@hookspec
def ganzoo_train_start(run: Path, settings: Mapping[str, Any]) -> None:
    """Called once before the first step, when a run starts or resumes.

    Args:
        run: The run's folder.
        settings: The content of run.json: recipe, options, data, seed, steps, ...
    """


@hookspec
def ganzoo_train_step(run: Path, step: int, losses: Mapping[str, float]) -> None:
    """Called after every logged step: the first, the last, and every ``log_every``-th.

    Args:
        run: The run's folder.
        step: Number of steps that are done.
        losses: The recipe's named losses.
    """


@hookspec
def ganzoo_train_sample(run: Path, step: int, sheet: Path, measures: Mapping[str, float]) -> None:
    """Called after a sample sheet is written, every ``sample_every`` steps.

    Args:
        run: The run's folder.
        step: Number of steps that are done.
        sheet: Path of the sheet, a PNG.
        measures: The recipe's metrics on held-out images; empty if there are none.
    """


@hookspec
def ganzoo_train_checkpoint(run: Path, step: int, checkpoint: Path) -> None:
    """Called after a checkpoint is complete on disk.

    Args:
        run: The run's folder.
        step: Number of steps that are done at the checkpoint.
        checkpoint: Its path, in the run's folder.
    """


@hookspec
def ganzoo_train_end(run: Path, step: int, reason: str) -> None:
    """Called once at the end of a run, also when it failed.

    Args:
        run: The run's folder.
        step: Number of steps that are done.
        reason: "finished", "interrupted", or "failed" followed by the error.
    """
