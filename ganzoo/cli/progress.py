"""Training's progress: a bar on a terminal, plain lines when piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import click

from ganzoo.training.loop import Reporter


@contextmanager
def reporter() -> Iterator[Reporter]:
    """Yield what shows progress on stderr."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bar(progress)


class Lines:
    """One line for each logged step."""

    def start(self, first: int, steps: int) -> None:
        self.first, self.steps, self.began = first, steps, time.monotonic()

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        if losses is not None:
            rate = (step - self.first) / max(time.monotonic() - self.began, 1e-9)
            click.echo(f"step {step}/{self.steps}  {describe(losses)}  {rate:.2f} steps/s", err=True)

    def note(self, text: str) -> None:
        click.echo(text, err=True)


class Bar:
    """A rich progress bar with the last losses beside it."""

    def __init__(self, progress) -> None:  # type: ignore[no-untyped-def]
        self.progress = progress

    def start(self, first: int, steps: int) -> None:
        self.task = self.progress.add_task("", total=steps, completed=first)

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        self.progress.update(self.task, completed=step)
        if losses is not None:
            self.progress.update(self.task, description=describe(losses))

    def note(self, text: str) -> None:
        self.progress.console.print(text, highlight=False)


def describe(losses: Mapping[str, float]) -> str:
    """Return "generator 0.812  discriminator 1.234"."""
    return "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
