"""The logs that TensorBoard reads, as TensorBoard's own reader finds them."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import picture
from needs import require
from PIL import Image

import ganzoo_plugins.tensorboard as plugin

events = require("tensorboard.backend.event_processing.event_accumulator")


@pytest.fixture(autouse=True)
def quiet() -> None:
    """TensorBoard tells of every purge."""
    logging.getLogger("tensorboard").setLevel(logging.ERROR)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "step-00000001.png"
    picture(24, 16).save(path)
    return path


def read(run: Path) -> Any:
    log = events.EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    log.Reload()
    return log


def scalars(run: Path, tag: str) -> list[tuple[int, float]]:
    return [(event.step, pytest.approx(event.value)) for event in read(run).Scalars(tag)]


def start(run: Path, **settings: Any) -> None:
    plugin.ganzoo_train_start(run, {"tensorboard": True, "batch_size": 4, **settings})


def steps(run: Path, numbers: range, factor: float = 1.0) -> None:
    for step in numbers:
        plugin.ganzoo_train_step(run, step, {"generator": factor * step, "discriminator": -factor * step})


def end(run: Path) -> None:
    plugin.ganzoo_train_end(run)
    assert run not in plugin._LOGS


def test_losses_measures_speed_and_sheets_are_there(tmp_path: Path, sheet: Path) -> None:
    start(tmp_path)
    steps(tmp_path, range(1, 4))
    plugin.ganzoo_train_sample(tmp_path, 3, sheet, {"l1": 0.25})
    end(tmp_path)
    assert scalars(tmp_path, "loss/generator") == [(1, 1), (2, 2), (3, 3)]
    assert scalars(tmp_path, "loss/discriminator") == [(1, -1), (2, -2), (3, -3)]
    assert scalars(tmp_path, "validation/l1") == [(3, 0.25)]
    speeds = read(tmp_path).Scalars("speed/pictures_per_second")
    assert [event.step for event in speeds] == [2, 3] and all(event.value > 0 for event in speeds)
    (shown,) = read(tmp_path).Images("samples")
    assert shown.step == 3
    image = Image.open(io.BytesIO(shown.encoded_image_string))
    assert np.array_equal(np.asarray(image), np.asarray(picture(24, 16)))


def test_the_speed_is_pictures_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, times = plugin.Log(tmp_path / "tensorboard", 4), iter([100.0, 105.0])
    monkeypatch.setattr(plugin.time, "monotonic", lambda: next(times))
    log.speed(1)
    monkeypatch.setattr(log, "scalars", lambda *arguments: written.append(arguments))
    written: list[Any] = []
    log.speed(51)
    assert written == [("speed", 51, {"pictures_per_second": 40.0})]


def test_nothing_is_written_unless_asked_for(tmp_path: Path, sheet: Path) -> None:
    for settings in ({"tensorboard": False}, {}):
        plugin.ganzoo_train_start(tmp_path, {"batch_size": 4, **settings})
        steps(tmp_path, range(1, 3))
        plugin.ganzoo_train_sample(tmp_path, 2, sheet, {"l1": 0.25})
        plugin.ganzoo_train_checkpoint(tmp_path)
        plugin.ganzoo_train_end(tmp_path)
    assert list(tmp_path.iterdir()) == [sheet]


def test_a_run_that_ends_before_its_first_step_leaves_nothing(tmp_path: Path) -> None:
    start(tmp_path)
    plugin.ganzoo_train_checkpoint(tmp_path)
    end(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_resumed_run_takes_the_place_of_the_steps_done_again(tmp_path: Path, sheet: Path) -> None:
    start(tmp_path)
    steps(tmp_path, range(1, 11))
    plugin.ganzoo_train_sample(tmp_path, 10, sheet, {"l1": 0.5})
    plugin.ganzoo_train_checkpoint(tmp_path)  # which is when a killed process's events are on disk
    plugin._LOGS.pop(tmp_path).close()
    start(tmp_path)  # from a checkpoint of step 6
    steps(tmp_path, range(7, 13), factor=100)
    plugin.ganzoo_train_sample(tmp_path, 12, sheet, {"l1": 0.25})
    end(tmp_path)
    assert scalars(tmp_path, "loss/generator") == [(k, k if k < 7 else 100 * k) for k in range(1, 13)]
    assert scalars(tmp_path, "validation/l1") == [(12, 0.25)]
    assert [event.step for event in read(tmp_path).Images("samples")] == [12]


def test_a_checkpoint_puts_what_was_logged_on_disk(tmp_path: Path) -> None:
    start(tmp_path)
    steps(tmp_path, range(1, 4))
    plugin.ganzoo_train_checkpoint(tmp_path)
    assert scalars(tmp_path, "loss/generator") == [(1, 1), (2, 2), (3, 3)]
    end(tmp_path)


def test_two_runs_at_once_keep_apart(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    start(one)
    start(two)
    steps(one, range(1, 3))
    steps(two, range(1, 4), factor=10)
    end(one)
    end(two)
    assert scalars(one, "loss/generator") == [(1, 1), (2, 2)]
    assert scalars(two, "loss/generator") == [(1, 10), (2, 20), (3, 30)]


def test_a_training_with_the_setting_logs_what_its_own_files_say(tmp_path: Path, one_thread: None) -> None:
    from training_cases import train

    run = train("pix2pix", tmp_path, steps=4, tensorboard=True)
    metrics = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert scalars(run, "loss/l1") == [(line["step"], line["l1"]) for line in metrics]
    measured = [json.loads(line) for line in (run / "validation.jsonl").read_text().splitlines()]
    assert scalars(run, "validation/l1") == [(line["step"], line["l1"]) for line in measured]
    sheets = [int(path.stem.removeprefix("step-")) for path in sorted((run / "samples").iterdir())]
    assert [event.step for event in read(run).Images("samples")] == sheets
    assert plugin._LOGS == {}
