"""Plugins that watch a run: called in order, with the documented arguments, and never able to spoil it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from training_cases import Watcher, checkpoint, differences, lines, train

import ganzoo
from ganzoo.catalog import discovery
from ganzoo.errors import TrainingError
from ganzoo.training.events import Events


@pytest.fixture(autouse=True)
def one_thread(fresh: None) -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Logger:
    """Remembers every call."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    @ganzoo.hookimpl
    def ganzoo_train_start(self, run, settings):
        self.calls.append(("start", {"run": run, "settings": settings}))

    @ganzoo.hookimpl
    def ganzoo_train_step(self, run, step, losses):
        self.calls.append(("step", {"run": run, "step": step, "losses": losses}))

    @ganzoo.hookimpl
    def ganzoo_train_sample(self, run, step, sheet, measures):
        assert sheet.exists() and isinstance(measures, dict)
        self.calls.append(("sample", {"run": run, "step": step, "sheet": sheet, "measures": measures}))

    @ganzoo.hookimpl
    def ganzoo_train_checkpoint(self, run, step, checkpoint):
        assert torch.load(checkpoint, weights_only=True)["step"] == step
        self.calls.append(("checkpoint", {"run": run, "step": step, "checkpoint": checkpoint}))

    @ganzoo.hookimpl
    def ganzoo_train_end(self, run, step, reason):
        self.calls.append(("end", {"run": run, "step": step, "reason": reason}))


class Trouble:
    """Raises in every hook, after having spoilt all it can reach."""

    @ganzoo.hookimpl
    def ganzoo_train_start(self, settings):
        settings["steps"] = 99
        raise SystemExit(3)

    @ganzoo.hookimpl
    def ganzoo_train_step(self, losses):
        losses.clear()
        random.seed(1)
        torch.manual_seed(1)
        raise ValueError("no network")

    @ganzoo.hookimpl
    def ganzoo_train_checkpoint(self, step):
        raise KeyError(step)

    @ganzoo.hookimpl
    def ganzoo_train_end(self):
        raise OSError("disk")


def add(plugin: object, name: str) -> Any:
    discovery.manager().register(plugin, name)
    return plugin


def test_events_come_in_order_with_their_arguments(tmp_path: Path) -> None:
    logger = add(Logger(), "logger")
    run = train("dcgan", tmp_path, steps=4, checkpoint_every=3, validation=0.0)
    called = ["start", "step", "sample", "step", "sample", "checkpoint", "step", "sample", "checkpoint", "end"]
    assert [name for name, _ in logger.calls] == called
    assert all(arguments["run"] == run for _, arguments in logger.calls)
    start, end = logger.calls[0][1], logger.calls[-1][1]
    assert start["settings"]["recipe"] == "dcgan" and start["settings"]["steps"] == 4
    assert (end["step"], end["reason"]) == (4, "finished")
    steps = [arguments for name, arguments in logger.calls if name == "step"]
    assert [{"step": one["step"], **one["losses"]} for one in steps] == lines(run)
    sheets = [arguments["sheet"] for name, arguments in logger.calls if name == "sample"]
    assert sheets == [run / "samples" / f"step-{step:08d}.png" for step in (1, 2, 4)]
    saved = [arguments["checkpoint"] for name, arguments in logger.calls if name == "checkpoint"]
    assert saved == [run / "checkpoints" / f"step-{step:08d}.pt" for step in (3, 4)]


def test_a_stopped_run_says_interrupted_and_its_resumption_starts_anew(tmp_path: Path) -> None:
    logger = add(Logger(), "logger")
    with pytest.raises(TrainingError):
        train("dcgan", tmp_path, validation=0.0, reporter=Watcher(stop_at=2))
    assert logger.calls[-1] == ("end", {"run": tmp_path / "run", "step": 2, "reason": "interrupted"})
    assert [name for name, _ in logger.calls].count("checkpoint") == 1
    logger.calls.clear()
    ganzoo.resume(tmp_path / "run")
    assert [name for name, _ in logger.calls] == ["start", "step", "sample", "step", "sample", "checkpoint", "end"]


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    logger = add(Logger(), "logger")
    with pytest.raises(TrainingError):
        train("dcgan", tmp_path, options={"learning_rate": 1e30})
    assert logger.calls[-1][1]["reason"].startswith("failed: TrainingError: ")


def test_a_failing_plugin_is_named_once_and_changes_nothing(tmp_path: Path) -> None:
    straight = train("dcgan", tmp_path, "straight")
    add(Trouble(), "trouble")
    logger = add(Logger(), "logger")
    watcher = Watcher()
    run = train("dcgan", tmp_path, reporter=watcher)
    assert [note for note in watcher.notes if "trouble" in note] == [
        "The plugin 'trouble' failed in ganzoo_train_start: SystemExit: 3. Training goes on; further failures of "
        "this plugin are not shown. Fix or uninstall it."
    ]
    assert differences(checkpoint(run, 6), checkpoint(straight, 6)) == []
    assert lines(run) == lines(straight)
    seen = [arguments["losses"] for name, arguments in logger.calls if name == "step"]
    assert len(seen) == 4 and all(losses.keys() == {"generator", "discriminator"} for losses in seen)


def test_each_failing_plugin_is_named_and_goes_on_being_called() -> None:
    calls: list[str] = []

    class Failing:
        def __init__(self, name: str) -> None:
            self.name = name

        @ganzoo.hookimpl
        def ganzoo_train_end(self, step):
            calls.append(f"{self.name} {step}")
            raise RuntimeError(self.name)

    for name in ("one", "two"):
        add(Failing(name), name)
    notes: list[str] = []
    events = Events(notes.append)
    for step in (1, 2):
        events.send("ganzoo_train_end", run=Path("x"), step=step, reason="finished")
    assert calls == ["two 1", "one 1", "two 2", "one 2"]  # the last one registered comes first
    assert [note.split("'")[1] for note in notes] == ["two", "one"]


def test_ctrl_c_within_a_hook_is_no_failure_of_the_plugin() -> None:
    class Slow:
        @ganzoo.hookimpl
        def ganzoo_train_end(self):
            raise KeyboardInterrupt

    add(Slow(), "slow")
    with pytest.raises(KeyboardInterrupt):
        Events(lambda note: None).send("ganzoo_train_end", run=Path("x"), step=1, reason="finished")
