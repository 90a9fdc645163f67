"""Training's progress: a bar on a terminal, plain lines when piped."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ganzoo.training.loop import Reporter

RECENT = 60.0  # seconds over which the speed is measured: sample sheets and checkpoints are in it, an hour ago is not
FEWEST = 10  # steps over which it is measured where they are slower than that


@contextmanager
def reporter() -> Iterator[Reporter]:
    """Yield what shows progress on stderr."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    # Losses and names are not markup: "[a]" is to be read as it is.
    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bar(progress)


class Pace:
    """How fast steps were done of late."""

    def __init__(self, first: int, steps: int, batch_size: int) -> None:
        self.first, self.steps, self.batch_size = first, steps, batch_size
        self.past = deque([(time.monotonic(), first)])  # when how many steps were done

    def add(self, step: int) -> None:
        """Note that ``step`` is done now."""
        now = time.monotonic()
        self.past.append((now, step))
        if len(self.past) == 3 and self.past[0][1] == self.first:
            self.past.popleft()  # the first step warms up, and says nothing of the others
        while len(self.past) > FEWEST + 1 and self.past[0][0] < now - RECENT:
            self.past.popleft()

    @property
    def steps_per_second(self) -> float:
        (began, first), (ended, last) = self.past[0], self.past[-1]
        return (last - first) / max(ended - began, 1e-9)

    def __str__(self) -> str:
        """Return "3.1 steps/s  397 pictures/s  51 min left", without the last at the end."""
        rate, to_do = self.steps_per_second, self.steps - self.past[-1][1]
        shown = [f"{number(rate)} steps/s", f"{number(rate * self.batch_size)} pictures/s"]
        if to_do > 0 and rate > 0:
            shown.append(f"{duration(to_do / rate)} left")
        return "  ".join(shown)


class Lines:
    """One line for each logged step."""

    def start(self, first: int, steps: int, batch_size: int) -> None:
        self.steps, self.pace = steps, Pace(first, steps, batch_size)

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        self.pace.add(step)
        if losses is not None:
            click.echo("  ".join([f"step {step}/{self.steps}", *describe(losses), str(self.pace)]), err=True)

    def note(self, text: str) -> None:
        click.echo(text, err=True)


class Bar:
    """A rich progress bar with the last losses, the speed and the time left beside it."""

    def __init__(self, progress) -> None:  # type: ignore[no-untyped-def]
        self.progress = progress

    def start(self, first: int, steps: int, batch_size: int) -> None:
        self.pace, self.losses = Pace(first, steps, batch_size), list[str]()
        self.task = self.progress.add_task("", total=steps, completed=first)

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        self.pace.add(step)
        if losses is not None:
            self.losses = describe(losses)
        self.progress.update(self.task, completed=step, description="  ".join([*self.losses, str(self.pace)]))

    def note(self, text: str) -> None:
        self.progress.console.print(text, highlight=False, markup=False)


def describe(losses: Mapping[str, float]) -> list[str]:
    """Return ["generator 0.812", "discriminator 1.234"]."""
    return [f"{name} {value:.4g}" for name, value in losses.items()]


def number(value: float) -> str:
    """Return a speed in two digits or whole: "0.31", "3.1", "397"."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """Return "40 s", "51 min", "2 h 5 min" or "3 d 4 h"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 24 else f"{hours // 24} d {hours % 24} h"
