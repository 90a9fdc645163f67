"""Shows the progress of training: a bar on a terminal, plain lines when piped."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ganzoo.cli.echo import echo
from ganzoo.files.terminal import clean

if TYPE_CHECKING:
    from ganzoo.training.reporter import Reporter

RECENT = 60.0  # seconds over which speed is measured, sample sheets and checkpoints included
MIN_STEPS = 10  # over which speed is measured if steps are slow


@contextmanager
def reporter() -> Iterator[Reporter]:
    """Yield a reporter that shows progress on stderr."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    # Losses and names are not markup: "[a]" must be shown as it is.
    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bar(progress)


class Pace:
    """The recent speed of training."""

    def __init__(self, first: int, steps: int, batch_size: int) -> None:
        self.first, self.steps, self.batch_size = first, steps, batch_size
        self.history = deque([(time.monotonic(), first)])  # (time, steps done)

    def add(self, step: int) -> None:
        """Record that ``step`` is done."""
        now = time.monotonic()
        self.history.append((now, step))
        if len(self.history) == 3 and self.history[0][1] == self.first:
            self.history.popleft()  # the first step warms up and is not typical
        while len(self.history) > MIN_STEPS + 1 and self.history[0][0] < now - RECENT:
            self.history.popleft()

    @property
    def steps_per_second(self) -> float:
        (began, first), (ended, last) = self.history[0], self.history[-1]
        return (last - first) / max(ended - began, 1e-9)

    def __str__(self) -> str:
        """Return "3.1 steps/s  397 images/s  51 min left", without the time at the end."""
        rate, remaining = self.steps_per_second, self.steps - self.history[-1][1]
        facts = [f"{number(rate)} steps/s", f"{number(rate * self.batch_size)} images/s"]
        if remaining > 0 and rate > 0:
            facts.append(f"{duration(remaining / rate)} left")
        return "  ".join(facts)


class Lines:
    """One line for each logged step."""

    def start(self, first: int, steps: int, batch_size: int) -> None:
        self.steps, self.pace = steps, Pace(first, steps, batch_size)

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        self.pace.add(step)
        if losses is not None:
            echo("  ".join([f"step {step}/{self.steps}", *describe(losses), str(self.pace)]), err=True)

    def note(self, text: str) -> None:
        echo(text, err=True)


class Bar:
    """A rich progress bar, followed by the last losses, the speed and the time left."""

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
        self.progress.console.print(clean(text), highlight=False, markup=False)


def describe(losses: Mapping[str, float]) -> list[str]:
    """Return ["generator 0.812", "discriminator 1.234"]."""
    return [f"{name} {value:.4g}" for name, value in losses.items()]


def number(value: float) -> str:
    """Return a speed with two digits, or as a whole number from 10 on: "0.31", "3.1", "397"."""
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
