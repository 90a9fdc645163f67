"""Runs logged to Weights & Biases, MLflow and trackio: ``ganzoo train ... --logger wandb``.

Each is an extra: ``pip install 'ganzoo-core[wandb]'``. Where they write to, and whether to a server, is set as each of
them documents it: WANDB_MODE=offline, MLFLOW_TRACKING_URI=..., TRACKIO_DIR=...
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo import hookimpl

GANZOO_LOGGERS = {"wandb": "wandb", "mlflow": "mlflow", "trackio": "trackio"}  # name -> the package that it needs
_LOGS: dict[Path, list[Any]] = {}  # by the run's folder: a process can train several runs


@hookimpl
def ganzoo_train_start(run, settings):
    """Open the logs that a run asks for."""
    wanted = [name for name in settings.get("loggers", ()) if name in GANZOO_LOGGERS]
    if wanted:
        from .logs import open_log

        _LOGS[run] = [open_log(name, run, settings) for name in wanted]


@hookimpl
def ganzoo_train_step(run, step, losses):
    """Log the losses of a step."""
    for log in _LOGS.get(run, ()):
        log.scalars(step, {f"loss/{name}": value for name, value in losses.items()})


@hookimpl
def ganzoo_train_sample(run, step, sheet, measures):
    """Log a sample sheet and the validation measures."""
    for log in _LOGS.get(run, ()):
        log.scalars(step, {f"validation/{name}": value for name, value in measures.items()})
        log.image(step, "samples", sheet)


@hookimpl
def ganzoo_train_end(run, reason):
    """End the run's logs."""
    for log in _LOGS.pop(run, ()):
        log.close(failed=reason.startswith("failed"))
