"""Progress of commands other than train: a bar with the time left on a terminal, plain lines in a pipe or a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Protocol

from ganzoo.cli.echo import echo
from ganzoo.cli.training_progress import duration

LINE_INTERVAL = 10.0  # seconds between lines of a log


class ProgressDisplay(Protocol):
    """Shows how far the work is."""

    def stage(self, text: str) -> None:
        """Name the part of the work that begins; until its share is known, the time so far is shown."""

    def share(self, share: float, text: str = "") -> None:
        """Show the share of the current item or stage that is done, 0 to 1; ``text``: what is shown in its place."""

    def done(self, text: str) -> None:
        """Show that one item is done."""

    def skipped(self, text: str) -> None:
        """Show that one item has no result, and why."""

    def note(self, text: str) -> None:
        """Show a line of text."""


@contextmanager
def progress_display(total: int = 1) -> Iterator[ProgressDisplay]:
    """Yield the display for ``total`` items. In a pipe, results go to stdout and everything else to stderr."""
    display = ProgressBar(total) if sys.stderr.isatty() else ProgressLines(total)
    try:
        yield display
    finally:
        display.stop()


@contextmanager
def transfer(text: str) -> Iterator[None]:
    """Say that an upload or download begins and goes on; on a terminal the Hub's client shows bars of its own."""
    if sys.stderr.isatty():
        echo(f"{text} ...", err=True)
        yield
        return
    with progress_display() as display:
        display.stage(text)
        yield


class ProgressLines:
    """A line for each item, and one every ten seconds about what takes longer."""

    def __init__(self, total: int = 1) -> None:
        self.total, self.finished = total, 0
        self.began = self.started = self.printed_at = time.monotonic()
        self.last, self.text, self.staged = 0.0, "", ""
        self._ended, self._watch = Event(), Thread(target=self._repeat, daemon=True)

    def stage(self, text: str) -> None:
        self.staged, self.text, self.last, self.started = text, "", 0.0, time.monotonic()
        if not self._watch.ident:
            self._watch.start()

    def share(self, share: float, text: str = "") -> None:
        if share < self.last and not self.staged:  # the next item
            self.started = time.monotonic()
        self.last, self.text = share, text
        self._tell()

    def done(self, text: str) -> None:
        echo(text)
        self._count()

    def skipped(self, text: str) -> None:
        echo(text, err=True)
        self._count()

    def note(self, text: str) -> None:
        self.printed_at = time.monotonic()
        echo(text, err=True)

    def stop(self) -> None:
        self._ended.set()
        if self._watch.ident:
            self._watch.join()

    def _count(self) -> None:
        self.finished += 1
        if self._is_due() and self.finished < self.total:
            left = _time_left(time.monotonic() - self.began, self.finished / self.total)
            self.note(f"{self.finished} of {self.total}{left}")

    def _tell(self) -> None:
        if not self._is_due() or (self.last >= 1 and not self.staged):
            return
        elapsed = time.monotonic() - self.started
        share = f"{self.last:.0%}" if self.last or not self.staged else ""
        text = ": ".join(part for part in (self.staged, self.text or share) if part)
        left = _time_left(elapsed, self.last) or (f", {duration(elapsed)} so far" if self.staged else "")
        self.note(f"{text}{left}")

    def _is_due(self) -> bool:
        return time.monotonic() - self.printed_at >= LINE_INTERVAL

    def _repeat(self) -> None:
        """Say every now and then that a stage still goes on, whatever it reports."""
        while not self._ended.wait(LINE_INTERVAL):
            self._tell()


class ProgressBar:
    """A rich progress bar over all items; it appears at the first report."""

    def __init__(self, total: int = 1) -> None:
        self.total, self.finished, self.current = total, 0, 0.0
        self.started = time.monotonic()
        self.progress: Any = None
        self.staged, self.text = "", ""

    def stage(self, text: str) -> None:
        self.staged, self.text, self.current, self.started = text, "", 0.0, time.monotonic()
        self._show()

    def share(self, share: float, text: str = "") -> None:
        self.current, self.text = share, text
        self._show()

    def done(self, text: str) -> None:
        self._count()
        if self.total == 1:
            self.stop()
            echo(text)

    def skipped(self, text: str) -> None:
        self.note(text)
        self._count()

    def note(self, text: str) -> None:
        echo(text, err=True)

    def stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()

    def _count(self) -> None:
        self.finished, self.current = self.finished + 1, 0.0
        if self.total > 1:
            self._show()

    def _show(self) -> None:
        share = (self.finished + self.current) / self.total
        if self.progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

            words = TextColumn("{task.description}", markup=False)
            columns = (BarColumn(bar_width=24), TaskProgressColumn(), TimeElapsedColumn(), words)
            self.progress = Progress(*columns, console=Console(stderr=True), transient=bool(self.staged))
            self.progress.start()
            self.task = self.progress.add_task("", total=None)
        count = f"{self.finished} of {self.total}" if self.total > 1 else ""
        shown = ": ".join(part for part in (self.staged, self.text or count) if part)
        text = f"{shown}{_time_left(time.monotonic() - self.started, share)}"
        self.progress.update(self.task, total=1.0 if share else None, completed=share, description=text)


class ImageCount:
    """Shows how many of the images of an evaluation are done; how many there are is an estimate at first."""

    def __init__(self, display: ProgressDisplay) -> None:
        self.display, self.done, self.total = display, 0, 0

    def add(self, count: int) -> None:
        """Count images that are processed."""
        self.done += count
        self.total = max(self.total, self.done)
        self.display.share(self.done / self.total, f"{self.done:,} of {self.total:,} images")

    def expect(self, count: int) -> None:
        """Note how many are still expected."""
        self.total = self.done + count


def _time_left(elapsed: float, share: float) -> str:
    """Return ", 2 min left", or "" while it is too early to estimate."""
    return f", {duration(elapsed / share - elapsed)} left" if 0.02 < share < 1 and elapsed > 1 else ""
