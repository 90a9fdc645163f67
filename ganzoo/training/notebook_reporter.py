"""Shows the progress of training in a notebook: one output with a bar, the time left and live curves."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from ganzoo.pages.rendering import render
from ganzoo.reports import curves
from ganzoo.training.reporter import Reporter, SilentReporter

REFRESH = 1.0  # seconds between two drawings


def default_reporter() -> Reporter:
    """Return what shows a run that was started from Python: live curves in a notebook, nothing elsewhere."""
    return NotebookReporter() if in_notebook() else SilentReporter()


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython: Any = sys.modules.get("IPython")
    return type(ipython.get_ipython()).__name__ == "ZMQInteractiveShell" if ipython else False


class NotebookReporter:
    """Draws one output, again at most every second: a bar, the time left, notes, and the curves of the losses."""

    def start(self, first: int, steps: int, batch_size: int) -> None:
        """Show the output for the first time."""
        ipython: Any = importlib.import_module("IPython.display")

        self.first, self.steps, self.began = first, steps, time.monotonic()
        self.losses: dict[str, list[tuple[float, float]]] = {}
        self.notes: list[str] = getattr(self, "notes", [])
        self.html, self.drawn, self.done = ipython.HTML, self.began, first
        self.handle: Any = ipython.display(ipython.HTML(self.draw()), display_id=True)

    def step(self, step: int, losses: Mapping[str, float] | None) -> None:
        """Record a step; draw it if a second has passed, or if it is the last."""
        self.done = step
        for name, value in (losses or {}).items():
            self.losses.setdefault(name, []).append((step, value))
        if time.monotonic() - self.drawn >= REFRESH or step == self.steps:
            self.handle.update(self.html(self.draw()))
            self.drawn = time.monotonic()

    def note(self, text: str) -> None:
        """Show a message from now on."""
        self.notes = [*getattr(self, "notes", []), text]
        if hasattr(self, "handle"):
            self.handle.update(self.html(self.draw()))

    def draw(self) -> str:
        """Return the output as HTML."""
        seconds, done = time.monotonic() - self.began, self.done - self.first
        left = seconds / done * (self.steps - self.done) if done else 0.0
        time_left = f", {left:.0f} s left" if done and self.done < self.steps else ""
        head = f"step {self.done:,} of {self.steps:,}, {seconds:.0f} s{time_left}"
        charts = [Markup(curves.chart(group, "loss")) for group in curves.group_by_size(self.losses)]
        return render("notebook_run.html", head=head, steps=self.steps, done=self.done, notes=self.notes, charts=charts)
