"""Logs of a run for TensorBoard, in RUN/tensorboard: losses, measures, speed and sample sheets.

Runs with the setting ``tensorboard`` have them; ``tensorboard --logdir RUNS`` shows all runs below a folder.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ganzoo import hookimpl

FOLDER = "tensorboard"


class Log:
    """One run's event file, opened with the first thing written.

    What an earlier process logged from that step on is purged: it was killed after its last checkpoint, and the steps
    since are being done again.
    """

    def __init__(self, folder: Path, batch_size: int) -> None:
        self.folder, self.batch_size = folder, batch_size
        self.writer: Any = None
        self.before: tuple[int, float] | None = None  # the last logged step, and when it was done

    def scalars(self, group: str, step: int, values) -> None:
        """Write each value as ``group/name``."""
        for name, value in values.items():
            self._writer(step).add_scalar(f"{group}/{name}", value, step)

    def sheet(self, step: int, path: Path) -> None:
        """Write a sample sheet."""
        import numpy as np
        from PIL import Image

        with Image.open(path) as sheet:
            self._writer(step).add_image("samples", np.asarray(sheet.convert("RGB")), step, dataformats="HWC")

    def speed(self, step: int) -> None:
        """Write the images a second since the last logged step, with sheets and checkpoints in it."""
        now = time.monotonic()
        if self.before is not None and now > self.before[1]:
            pace = (step - self.before[0]) * self.batch_size / (now - self.before[1])
            self.scalars("speed", step, {"pictures_per_second": pace})
        self.before = step, now

    def _writer(self, step: int):
        if self.writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(self.folder), purge_step=step)
        return self.writer

    def flush(self) -> None:
        if self.writer is not None:
            self.writer.flush()

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


_LOGS: dict[Path, Log] = {}  # by the run's folder: a process may train several runs


@hookimpl
def ganzoo_train_start(run, settings):
    if settings.get("tensorboard"):
        _LOGS[run] = Log(run / FOLDER, settings["batch_size"])


@hookimpl
def ganzoo_train_step(run, step, losses):
    if run in _LOGS:
        _LOGS[run].scalars("loss", step, losses)
        _LOGS[run].speed(step)


@hookimpl
def ganzoo_train_sample(run, step, sheet, measures):
    if run in _LOGS:
        _LOGS[run].scalars("validation", step, measures)
        _LOGS[run].sheet(step, sheet)


@hookimpl
def ganzoo_train_checkpoint(run):
    """Put on disk what a resumed run will not log again."""
    if run in _LOGS:
        _LOGS[run].flush()


@hookimpl
def ganzoo_train_end(run):
    if run in _LOGS:
        _LOGS.pop(run).close()
