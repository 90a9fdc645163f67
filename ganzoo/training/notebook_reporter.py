"""Shows the progress of training in a notebook: one output with a bar, the time left and live curves."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Mapping
from html import escape
from typing import Any

from ganzoo.reports import curves
from ganzoo.training.reporter import Reporter, SilentReporter

REFRESH = 1.0  # seconds between two drawings

_STYLE = """
.ganzoo-run { max-width: 46rem; font: 13px/1.5 system-ui, sans-serif; --line: #d0d5dd; --dim: #667085; --paper: #fff;
  --alarm: #b42318; --c0: #2563eb; --c1: #e0682b; --c2: #16936a; --c3: #9b3fc4; --c4: #b58900; --c5: #0e8fa8; }
.ganzoo-run progress { width: 100%; height: 6px; } .ganzoo-run figure { margin: .5rem 0; }
.ganzoo-run svg { width: 100%; height: auto; } .ganzoo-run svg path { fill: none; }
.ganzoo-run svg text { fill: var(--dim); font: 12px system-ui, sans-serif; }
.ganzoo-run .grid { stroke: var(--line); } .ganzoo-run .axis { stroke: var(--dim); } .ganzoo-run .raw { opacity: .28; }
.ganzoo-run .line { stroke-width: 2; } .ganzoo-run .dot { fill: var(--paper); stroke-width: 2; }
.ganzoo-run .broken { stroke: var(--alarm); } .ganzoo-run .legend span { margin-right: 1.25rem; }
.ganzoo-run .legend i { display: inline-block; width: .9rem; height: .2rem; margin-right: .4rem; }
"""


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
        notes = "".join(f"<div>{escape(text)}</div>" for text in self.notes)
        charts = "".join(curves.chart(group, "loss") for group in curves.group_by_size(self.losses))
        bar = f'<progress max="{self.steps}" value="{self.done}"></progress>'
        return f'<style>{_STYLE}</style><div class="ganzoo-run">{head}{bar}{notes}{charts}</div>'
