"""Progress of translations: a bar with the time left on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from ganzoo.cli.echo import echo
from ganzoo.cli.training_progress import duration

LINE_INTERVAL = 10.0  # seconds between lines about one large image


class ProgressDisplay(Protocol):
    """Shows how far the work is."""

    def share(self, share: float) -> None:
        """Show the share of the current image that is done, 0 to 1."""

    def done(self, text: str) -> None:
        """Show that one image is done."""

    def note(self, text: str) -> None:
        """Show a line of text."""


@contextmanager
def progress_display(total: int) -> Iterator[ProgressDisplay]:
    """Yield the display for ``total`` images. In a pipe, results go to stdout and everything else to stderr."""
    if not sys.stderr.isatty():
        yield ProgressLines()
        return
    bar = ProgressBar(total)
    try:
        yield bar
    finally:
        bar.stop()


class ProgressLines:
    """One line per image, and a line now and then about a large one."""

    def __init__(self) -> None:
        self.started = self.printed_at = time.monotonic()
        self.last = 0.0

    def share(self, share: float) -> None:
        now = time.monotonic()
        if share < self.last:  # the next image
            self.started = now
        self.last = share
        if now - self.printed_at >= LINE_INTERVAL and share < 1:
            self.printed_at = now
            echo(f"{share:.0%}{_time_left(now - self.started, share)}", err=True)

    def done(self, text: str) -> None:
        echo(text)

    def note(self, text: str) -> None:
        echo(text, err=True)


class ProgressBar:
    """A rich progress bar over all images; it appears at the first report."""

    def __init__(self, total: int) -> None:
        self.total, self.finished, self.current = total, 0, 0.0
        self.started = time.monotonic()
        self.progress: Any = None

    def share(self, share: float) -> None:
        self.current = share
        self._show()

    def done(self, text: str) -> None:
        self.finished, self.current = self.finished + 1, 0.0
        if self.total == 1:
            self.stop()
            echo(text)
        else:
            self._show()

    def note(self, text: str) -> None:
        echo(text, err=True)

    def stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()

    def _show(self) -> None:
        share = (self.finished + self.current) / self.total
        if self.progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            columns = (BarColumn(bar_width=24), TaskProgressColumn(), TextColumn("{task.description}", markup=False))
            self.progress = Progress(*columns, console=Console(stderr=True))
            self.progress.start()
            self.task = self.progress.add_task("", total=1.0)
        count = f"{self.finished} of {self.total}" if self.total > 1 else ""
        text = f"{count}{_time_left(time.monotonic() - self.started, share)}"
        self.progress.update(self.task, completed=share, description=text)


def _time_left(elapsed: float, share: float) -> str:
    """Return ", 2 min left", or "" while it is too early to estimate."""
    return f", {duration(elapsed / share - elapsed)} left" if 0.02 < share < 1 and elapsed > 1 else ""
