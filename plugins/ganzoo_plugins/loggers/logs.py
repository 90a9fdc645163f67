"""One class for each service, with the same three methods. A resumed run continues its own log."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT = "ganzoo"


def open_log(name: str, run: Path, settings: Mapping[str, Any]) -> WandbLog | MlflowLog | TrackioLog:
    """Open the log ``name`` of a run."""
    return {"wandb": WandbLog, "mlflow": MlflowLog, "trackio": TrackioLog}[name](run, settings)


def identity(run: Path) -> str:
    """Return what names a run's log: the same when it is resumed."""
    return hashlib.sha256(str(run.resolve()).encode()).hexdigest()[:16]


class WandbLog:
    """A run of Weights & Biases, in RUN/wandb while it is offline."""

    def __init__(self, run: Path, settings: Mapping[str, Any]) -> None:
        import wandb

        self.wandb = wandb
        own = {"name": run.name, "id": identity(run), "dir": run, "config": dict(settings)}
        self.run = wandb.init(project=PROJECT, resume="allow", reinit="create_new", **own)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Log values by name."""
        self.run.log(dict(values), step=step)

    def image(self, step: int, name: str, path: Path) -> None:
        """Log an image file."""
        self.run.log({name: self.wandb.Image(str(path))}, step=step)

    def close(self, failed: bool) -> None:
        """End the log."""
        self.run.finish(exit_code=int(failed))


class MlflowLog:
    """A run of MLflow in the experiment "ganzoo"; its number is kept in RUN/mlflow.txt."""

    def __init__(self, run: Path, settings: Mapping[str, Any]) -> None:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param

        self.client, self.metric = MlflowClient(), Metric
        note = run / "mlflow.txt"
        if note.exists():
            self.id = note.read_text().strip()
            self.client.update_run(self.id, status="RUNNING")
            return
        found = self.client.get_experiment_by_name(PROJECT)
        experiment = found.experiment_id if found else self.client.create_experiment(PROJECT)
        self.id = self.client.create_run(experiment, run_name=run.name).info.run_id
        note.write_text(self.id)
        params = [Param(name, str(value)[:500]) for name, value in settings.items()]
        self.client.log_batch(self.id, params=params)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Log values by name."""
        import time

        now = int(time.time() * 1000)
        self.client.log_batch(self.id, metrics=[self.metric(name, value, now, step) for name, value in values.items()])

    def image(self, step: int, name: str, path: Path) -> None:
        """Log an image file."""
        self.client.log_artifact(self.id, str(path), name)

    def close(self, failed: bool) -> None:
        """End the log."""
        self.client.set_terminated(self.id, "FAILED" if failed else "FINISHED")


class TrackioLog:
    """A run of trackio in the project "ganzoo"."""

    def __init__(self, run: Path, settings: Mapping[str, Any]) -> None:
        import trackio

        self.trackio = trackio
        name = f"{run.name}-{identity(run)[:6]}"
        config = {key: str(value) for key, value in settings.items()}
        self.run = trackio.init(project=PROJECT, name=name, config=config, resume="allow")

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Log values by name."""
        if values:
            self.run.log(dict(values), step=step)

    def image(self, step: int, name: str, path: Path) -> None:
        """Log an image file."""
        self.run.log({name: self.trackio.Image(str(path))}, step=step)

    def close(self, failed: bool) -> None:
        """End the log."""
        self.run.finish()
