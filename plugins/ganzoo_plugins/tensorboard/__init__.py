"""TensorBoard logs of a run, in RUN/tensorboard: losses, validation metrics, speed and sample sheets.

Runs with the setting ``tensorboard`` write them; ``tensorboard --logdir RUNS`` shows all runs in a folder.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ganzoo import hookimpl

FOLDER = "tensorboard"


class Log:
    """The event file of one run, opened by the first write.

    Entries of an earlier process from that step on are purged: it was killed after its last checkpoint, and these steps
    are repeated.
    """

    def __init__(self, folder: Path, batch_size: int) -> None:
        self.folder, self.batch_size = folder, batch_size
        self.writer: Any = None
        self.last: tuple[int, float] | None = None  # the last logged step and its time

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
        """Write the images per second since the last logged step, including time for sheets and checkpoints."""
        now = time.monotonic()
        if self.last is not None and now > self.last[1]:
            pace = (step - self.last[0]) * self.batch_size / (now - self.last[1])
            self.scalars("speed", step, {"pictures_per_second": pace})
        self.last = step, now

    def _writer(self, step: int):
        if self.writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(self.folder), purge_step=step)
        return self.writer

    def flush(self) -> None:
        """Write what is buffered."""
        if self.writer is not None:
            self.writer.flush()

    def close(self) -> None:
        """Write what is buffered, and end the log."""
        if self.writer is not None:
            self.writer.close()


_LOGS: dict[Path, Log] = {}  # by the run's folder: a process can train several runs


@hookimpl
def ganzoo_train_start(run, settings):
    """Open a log for a run that asks for one."""
    if settings.get("tensorboard"):
        _LOGS[run] = Log(run / FOLDER, settings["batch_size"])


@hookimpl
def ganzoo_train_step(run, step, losses):
    """Log the losses and images per second of a step."""
    if run in _LOGS:
        _LOGS[run].scalars("loss", step, losses)
        _LOGS[run].speed(step)


@hookimpl
def ganzoo_train_sample(run, step, sheet, measures):
    """Log a sample sheet and the validation measures."""
    if run in _LOGS:
        _LOGS[run].scalars("validation", step, measures)
        _LOGS[run].sheet(step, sheet)


@hookimpl
def ganzoo_train_checkpoint(run):
    """Write to disk what a resumed run does not log again."""
    if run in _LOGS:
        _LOGS[run].flush()


@hookimpl
def ganzoo_train_end(run):
    """End the run's log."""
    if run in _LOGS:
        _LOGS.pop(run).close()
