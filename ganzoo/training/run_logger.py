"""What a run writes and shows besides its checkpoints: logs, warnings, the report, events for plugins."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ganzoo.data.datasets import Data
from ganzoo.errors import OutputError
from ganzoo.training import logs, report
from ganzoo.training.collapse_detector import Diagnosis
from ganzoo.training.events import Events
from ganzoo.training.reporter import Reporter, SilentReporter

T = TypeVar("T")


class RunLogger:
    """Writes a run's logs in the leading process; in the others it does nothing.

    A file that cannot be written is reported once and never stops the training.
    """

    def __init__(self, run: Path, reporter: Reporter, leads: bool) -> None:
        self.run, self.leads = run, leads
        self.reporter = reporter if leads else SilentReporter()
        self.events = Events(self.reporter.note)
        self.failed: set[str] = set()  # files whose failure was reported

    def data(self, data: Data) -> None:
        """Show what the run trains on."""
        for note in data.notes:
            self.reporter.note(note)
        if data.held_out:
            counts = ", ".join(f"{count:,} {what}" for what, count in data.counts.items())
            clips = data.validation if data.frames else None
            held_out = f"{len(data.held_out):,} images" if clips is None else f"{len(clips):,} clips"
            self.reporter.note(f"Trained on: {counts}. Held out: {held_out}.")

    def metrics(self, step: int, seconds: float, images_per_second: float, losses: Mapping[str, float]) -> None:
        """Log a step's losses."""
        self._append(
            logs.METRICS,
            {
                "step": step,
                "seconds": round(seconds, 3),
                "pictures_per_second": round(images_per_second, 1),
                **losses,
            },
        )
        self.send("ganzoo_train_step", step=step, losses=dict(losses))

    def validation(self, step: int, measures: Mapping[str, float]) -> None:
        """Log what was measured on held-out images."""
        self._append(logs.VALIDATION, {"step": step, **measures})
        self.reporter.note(f"step {step}: " + ", ".join(f"{name} {value:.4g}" for name, value in measures.items()))

    def warnings(self, diagnoses: Iterable[Diagnosis]) -> None:
        """Log and show what is wrong with the run."""
        for diagnosis in diagnoses:
            self._append(logs.WARNINGS, dataclasses.asdict(diagnosis))
            self.reporter.note(f"Warning, step {diagnosis.step}: {diagnosis.text}")

    def report(self) -> None:
        """Write report.html."""
        self.attempt(report.FILE, lambda: report.write(self.run))

    def send(self, hook: str, **arguments: Any) -> None:
        """Call a ``ganzoo_train_*`` hook of all plugins."""
        if self.leads:
            self.events.send(hook, run=self.run, **arguments)

    def attempt(self, name: str, write: Callable[[], T]) -> T | None:
        """Write the log ``name``; return None where that fails."""
        if not self.leads:
            return None
        try:
            return write()
        except OutputError as error:
            if name not in self.failed:
                self.failed.add(name)
                self.reporter.note(f"{error} Training goes on without {name}.")
            return None

    def _append(self, name: str, line: Mapping[str, Any]) -> None:
        self.attempt(name, lambda: logs.append(self.run / name, line))
