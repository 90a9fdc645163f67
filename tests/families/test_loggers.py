"""Runs logged to Weights & Biases, MLflow and trackio, each in its own offline mode, where it is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import picture

import ganzoo
from ganzoo.errors import MissingPackage, UnknownName
from ganzoo.training import loggers

TRAIN = """
import sys, ganzoo
small = {"image_size": 16, "generator.width": 4, "discriminator.width": 4}
run = ganzoo.train("dcgan", sys.argv[1], sys.argv[2], steps=2, batch_size=2, device="cpu", log_every=1,
                   options=small, loggers=[sys.argv[3]])
ganzoo.resume(run, steps=3)
"""
READ = {
    "wandb": "print(len(list(__import__('pathlib').Path(sys.argv[1]).rglob('*.wandb'))))",
    "mlflow": """
from mlflow import MlflowClient
history = MlflowClient().get_metric_history(open(sys.argv[1] + "/mlflow.txt").read(), "loss/generator")
print([one.step for one in history])
""",
    "trackio": """
import os, sqlite3, pathlib
(path,) = [one for one in pathlib.Path(os.environ["TRACKIO_DIR"]).rglob("*.db") if one.name.startswith("ganzoo")]
rows = sqlite3.connect(path).execute("select step, metrics from metrics").fetchall()
print(sorted({step for step, metrics in rows if "loss/generator" in str(metrics)}))
""",
}
FOUND = {"wandb": 2, "mlflow": [1, 2, 3], "trackio": [1, 2, 3]}


@pytest.mark.parametrize("name", READ)
def test_a_run_and_its_continuation_are_logged_offline(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed here")
    (tmp_path / "images").mkdir()
    for number in range(4):
        picture(16, 16, seed=number).save(tmp_path / "images" / f"{number}.png")
    environment = {
        **os.environ,
        "WANDB_MODE": "offline",
        "WANDB_SILENT": "true",
        "MLFLOW_TRACKING_URI": (tmp_path / "mlruns").as_uri(),
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "TRACKIO_DIR": str(tmp_path / "trackio"),
    }
    run = tmp_path / "run"

    def python(code: str, *arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, "-c", f"import sys\n{code}", *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    python(TRAIN, tmp_path / "images", run, name)
    assert json.loads(python(READ[name], run).splitlines()[-1]) == FOUND[name]
    assert json.loads((run / "run.json").read_text())["loggers"] == [name]


def test_an_unknown_logger_and_a_missing_package_are_said_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set(READ) <= set(loggers.known())
    with pytest.raises(UnknownName, match=r"No logger is called 'wandbb'\. Did you mean 'wandb'"):
        ganzoo.train("dcgan", "nowhere", "out", loggers=["wandbb"])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingPackage, match=r"pip install 'ganzoo-core\[trackio\]'"):
        loggers.check(["trackio"])
