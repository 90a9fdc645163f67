"""Progress of translations: a bar with the time left on a terminal, plain lines when piped."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click

from ganzoo.cli.training_progress import duration

EVERY = 10.0  # seconds between lines about one large picture


class Bars(Protocol):
    """What is told how far the work is."""

    def share(self, share: float) -> None:
        """Take the share of one picture that is done."""

    def done(self, text: str) -> None:
        """Take what became of one picture."""

    def note(self, text: str) -> None:
        """Take a line of text."""


@contextmanager
def bars(total: int) -> Iterator[Bars]:
    """Yield what shows progress: results on stdout when piped, all else on stderr."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    bar = Bar(total)
    try:
        yield bar
    finally:
        bar.stop()


class Lines:
    """A line for every picture, and one in a while about a large one."""

    def __init__(self) -> None:
        self.began = self.reported_at = time.monotonic()
        self.last = 0.0

    def share(self, share: float) -> None:
        now = time.monotonic()
        if share < self.last:  # the next picture
            self.began = now
        self.last = share
        if now - self.reported_at >= EVERY and share < 1:
            self.reported_at = now
            click.echo(f"{share:.0%}{_left(now - self.began, share)}", err=True)

    def done(self, text: str) -> None:
        click.echo(text)

    def note(self, text: str) -> None:
        click.echo(text, err=True)


class Bar:
    """A rich bar, which appears with the first thing that takes long: over pictures, or over the parts of one."""

    def __init__(self, total: int) -> None:
        self.total, self.finished, self.part = total, 0, 0.0
        self.began = time.monotonic()
        self.progress: Any = None

    def share(self, share: float) -> None:
        self.part = share
        self._show()

    def done(self, text: str) -> None:
        self.finished, self.part = self.finished + 1, 0.0
        if self.total == 1:
            self.stop()
            click.echo(text)
        else:
            self._show()

    def note(self, text: str) -> None:
        click.echo(text, err=True)

    def stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()

    def _show(self) -> None:
        share = (self.finished + self.part) / self.total
        if self.progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            columns = (BarColumn(bar_width=24), TaskProgressColumn(), TextColumn("{task.description}", markup=False))
            self.progress = Progress(*columns, console=Console(stderr=True))
            self.progress.start()
            self.task = self.progress.add_task("", total=1.0)
        count = f"{self.finished} of {self.total}" if self.total > 1 else ""
        text = f"{count}{_left(time.monotonic() - self.began, share)}"
        self.progress.update(self.task, completed=share, description=text)


def _left(spent: float, share: float) -> str:
    """Return ", 2 min left" once that can be told."""
    return f", {duration(spent / share - spent)} left" if 0.02 < share < 1 and spent > 1 else ""
