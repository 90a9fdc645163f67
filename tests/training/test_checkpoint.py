"""Checkpoints: kept, damaged, written to a full disk."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_cases import Watcher, add_recipe, checkpoint, differences, lines
from training_cases import train as train_and_validate

import ganzoo
from ganzoo import LatentRecipe
from ganzoo.errors import OutputError, PluginError, TrainingError
from ganzoo.training import checkpoint as checkpoints

pytestmark = pytest.mark.usefixtures("one_thread")  # bits are compared


def train(*case: object, **more: object) -> Path:
    """Train without held-out pictures: no best checkpoint is kept beside the newest."""
    return train_and_validate(*case, **{"validation": 0.0, **more})  # type: ignore[arg-type]


def names(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


@contextlib.contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size`` bytes: writing fails as it does on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scratch(path: Path) -> None:
    """Change bytes in the middle, where the weights are."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(byte ^ 0x55 for byte in content[middle : middle + 64])
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    torch.save({"state_dict": torch.zeros(3)}, path)


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_the_newest_are_kept(tmp_path: Path, keep: int) -> None:
    run = train("dcgan", tmp_path, checkpoint_every=1, steps=4, keep=keep, sample_every=9)
    assert names(run) == [f"step-{step:08d}.pt" for step in range(5 - keep, 5)]


def test_a_short_run_has_a_checkpoint_at_its_end(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, checkpoint_every=500, steps=2)
    assert names(run) == ["step-00000002.pt"]
    assert ganzoo.info(f"dir:{run}").training.steps == 2


@pytest.mark.parametrize("damage", [cut, scratch, empty, foreign])
def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before_and_says_so(tmp_path: Path, damage) -> None:
    straight = train("dcgan", tmp_path, "straight", steps=6, checkpoint_every=2, keep=9)
    run = train("dcgan", tmp_path, steps=4, checkpoint_every=2)
    damage(run / "checkpoints" / "step-00000004.pt")
    watcher = Watcher()
    ganzoo.resume(run, steps=6, reporter=watcher)
    assert watcher.started == [(2, 6)]
    assert watcher.notes[0] == (
        "step-00000004.pt is damaged and now called step-00000004.pt.damaged; going back to the one before."
    )
    assert differences(checkpoint(run, 6), checkpoint(straight, 6)) == []
    assert [line["step"] for line in lines(run)] == [1, 2, 4, 6]


def test_going_back_with_one_to_keep_never_leaves_only_the_damaged(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=4, checkpoint_every=2, keep=2)
    values = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**values, "keep": 1, "checkpoint_every": 1, "steps": 9}))
    cut(run / "checkpoints" / "step-00000004.pt")
    with pytest.raises(TrainingError, match="Stopped by SIGTERM after step 3"):
        ganzoo.resume(run, reporter=Watcher(stop_at=3))
    assert names(run) == ["step-00000003.pt", "step-00000004.pt.damaged"]


def test_when_all_are_damaged_nothing_is_touched_and_all_are_named(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=4, checkpoint_every=2)
    for path in (run / "checkpoints").iterdir():
        cut(path)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(TrainingError, match=r"No checkpoint in .*: step-0{7}4\.pt, step-0{7}2\.pt are damaged"):
        ganzoo.resume(run, steps=6)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_checkpoints_that_are_gone_are_no_reason_to_start_again_over_a_model(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=2)
    (run / "checkpoints" / "step-00000002.pt").unlink()
    with pytest.raises(TrainingError, match=r"has no checkpoint\. Start the run again in another folder"):
        ganzoo.resume(run)


def test_a_checkpoint_that_does_not_fit_run_json_is_refused(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=2)
    values = json.loads((run / "run.json").read_text())
    values["part_options"]["generator"]["width"] = 8
    (run / "run.json").write_text(json.dumps(values))
    with pytest.raises(
        TrainingError, match=r"checkpoint of step 2 does not fit what run\.json describes .*size mismatch"
    ):
        ganzoo.resume(run, steps=3)


def test_a_full_disk_while_saving_leaves_the_checkpoint_before_intact(tmp_path: Path) -> None:
    straight = train("dcgan", tmp_path, "straight", steps=4)
    run = train("dcgan", tmp_path, steps=2)
    size = (run / "checkpoints" / "step-00000002.pt").stat().st_size
    before = (run / "model.safetensors").read_bytes()
    with files_up_to(size // 2), pytest.raises(OutputError, match=r"Cannot write .*step-0{7}4\.pt: .*has space"):
        ganzoo.resume(run, steps=4)
    assert names(run) == ["step-00000002.pt"] and (run / "model.safetensors").read_bytes() == before
    ganzoo.resume(run)
    assert differences(checkpoint(run, 4), checkpoint(straight, 4)) == []


def test_a_full_disk_while_exporting_leaves_a_model_that_loads_and_a_run_that_resumes(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=2, ema_decay=0.0)
    before = (run / "model.safetensors").read_bytes()
    config = json.loads((run / "config.json").read_text())
    with files_up_to(len(before) // 2), pytest.raises(OutputError, match=r"Cannot write .* Choose a folder"):
        ganzoo.resume(run, steps=4)
    assert (run / "model.safetensors").read_bytes() == before
    assert json.loads((run / "config.json").read_text()) == config
    ganzoo.load(f"dir:{run}", device="cpu")
    ganzoo.resume(run, steps=4)
    assert ganzoo.info(f"dir:{run}").training.steps == 4


def test_logs_that_cannot_be_written_are_reported_of_once_and_stop_nothing(tmp_path: Path, monkeypatch) -> None:
    def full(path: Path, line: object) -> None:
        raise OutputError(f"Cannot write {path}: No space left on device.")

    straight = train("dcgan", tmp_path, "straight", steps=12)
    run = train("dcgan", tmp_path, steps=2)
    (run / "report.html").unlink()
    (run / "report.html").mkdir()
    (run / "samples").rename(run / "elsewhere")
    (run / "samples").write_text("no folder")
    monkeypatch.setattr("ganzoo.training.logs.append", full)
    watcher = Watcher()
    ganzoo.resume(run, steps=12, reporter=watcher)
    logged = [note.rpartition(" Training goes on without ")[2] for note in watcher.notes if "Training goes on" in note]
    assert sorted(logged) == ["metrics.jsonl.", "report.html.", "samples."]
    assert differences(checkpoint(run, 12)["networks"], checkpoint(straight, 12)["networks"]) == []


def test_what_a_killed_process_left_is_ignored_and_removed(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=2)
    left = [".step-00000009.pt.4711.tmp", "../.model.safetensors.4711.tmp", "../samples/.step-00000009.png.1.tmp"]
    for name in left:
        (run / "checkpoints" / name).write_bytes(b"half")
    mine = run / ".notes.tmp"
    mine.write_text("not ours")
    ganzoo.resume(run, steps=3)
    assert [path.name for path in run.rglob(".*.tmp")] == [mine.name]
    assert names(run) == ["step-00000002.pt", "step-00000003.pt"]


@pytest.mark.usefixtures("fresh")
def test_a_recipe_s_state_that_could_not_be_read_back_is_refused_while_there_is_time(tmp_path: Path) -> None:
    class Forgetful(LatentRecipe):
        def state(self):
            return {"history": [1, "text", torch.zeros(2), {"means": np.zeros(2)}]}

    add_recipe(Forgetful)
    with pytest.raises(PluginError, match=r"Forgetful\.state\(\) returns a ndarray, which a checkpoint cannot"):
        train("dcgan", tmp_path, steps=2, recipe="forgetful")


def test_a_checkpoint_of_the_first_version_is_read(tmp_path: Path) -> None:
    """What version 0.1.0's first runs wrote had random numbers of one process, and no more."""
    run = train("dcgan", tmp_path, steps=2)
    path = run / "checkpoints" / "step-00000002.pt"
    state = torch.load(path, weights_only=True)
    for later in ("data", "loop", "scalers", "regularizers"):
        del state[later]
    assert set(state) == {"step", "seconds", "networks", "averages", "optimizers", "recipe", "random"}
    state["random"] = state["random"][0]
    for later in ("mps", "python_gauss"):
        del state["random"][later]
    assert set(state["random"]) == {"python", "numpy", "torch", "cuda"}
    torch.save(state, path)
    straight = train("dcgan", tmp_path, "straight", steps=3)
    ganzoo.resume(run, steps=3)
    assert differences(checkpoint(run, 3)["networks"], checkpoint(straight, 3)["networks"]) == []


def test_found_are_sorted_and_whole_files_only(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name in ("step-00000010.pt", "step-00000009.pt", ".step-00000011.pt.1.tmp", "step-00000012.pt.damaged"):
        (folder / name).write_bytes(b"")
    assert [path.name for path in checkpoints.find_checkpoints(tmp_path)] == ["step-00000009.pt", "step-00000010.pt"]


# ---- edited checkpoints

WRONG: list[object] = [7, "text", {"a": 1}, [[1, 2]]]
EDITED = [
    *(("step",), ("seconds",), ("random",), ("loop",), ("data",), ("networks",), ("optimizers",)),
    *(("random", "python"), ("random", "numpy"), ("random", "torch"), ("loop", "watch"), ("loop", "best")),
    *(("networks", "generator"), ("optimizers", "generator"), ("data", "pictures")),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train("dcgan", tmp_path_factory.mktemp("edited"), steps=2, sample_every=9, ema_decay=0.0)


@pytest.mark.parametrize("place", EDITED, ids=".".join)
def test_other_types_in_a_checkpoint_are_refused_in_words(
    finished: Path, tmp_path: Path, place: tuple[str, ...]
) -> None:
    (path,) = (finished / "checkpoints").iterdir()
    for number, value in enumerate(WRONG):
        state = torch.load(path, weights_only=True)
        target = state["random"][0] if place[0] == "random" and len(place) > 1 else state
        for name in place[:-1]:
            target = target if name == "random" else target[name]
        if type(target[place[-1]]) is type(value) or (place == ("seconds",) and value == 7):
            continue
        target[place[-1]] = value
        run = tmp_path / f"{number}"
        shutil.copytree(finished, run)
        torch.save(state, run / "checkpoints" / path.name)
        with pytest.raises(TrainingError, match=r"does not fit|can be read|of .* changed"):
            ganzoo.resume(run, steps=3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("lr", "text"), ("lr", True), ("lr", float("nan")), ("lr", -1.0), ("betas", [0.5]), ("betas", ("a", "b"))),
        *(
            ("eps", None),
            ("weight_decay", {"a": 1}),
            ("amsgrad", 7),
            ("foreach", "yes"),
            ("params", [0]),
            ("params", 3),
        ),
    ],
)
def test_other_settings_of_an_optimizer_are_refused_in_words(
    finished: Path, tmp_path: Path, name: str, value: object
) -> None:
    def change(state: dict[str, Any]) -> None:
        state["param_groups"][0][name] = value

    with pytest.raises(TrainingError, match=r"^The checkpoint of step 2 does not fit what run\.json describes"):
        ganzoo.resume(with_optimizer(finished, tmp_path, change), steps=3)


@pytest.mark.parametrize(
    ("name", "value"), [("exp_avg", torch.zeros(3)), ("exp_avg_sq", 1.0), ("step", torch.zeros(2))]
)
def test_other_moments_of_an_optimizer_are_refused_in_words(
    finished: Path, tmp_path: Path, name: str, value: object
) -> None:
    def change(state: dict[str, Any]) -> None:
        state["state"][0][name] = value

    with pytest.raises(TrainingError, match=rf"^The checkpoint of step 2 does not fit.*the optimizer's {name} is"):
        ganzoo.resume(with_optimizer(finished, tmp_path, change), steps=3)


def test_a_setting_that_an_older_optimizer_lacks_has_its_default(finished: Path, tmp_path: Path) -> None:
    run = with_optimizer(finished, tmp_path, lambda state: state["param_groups"][0].pop("maximize"))
    assert ganzoo.resume(run, steps=3) == run


def with_optimizer(finished: Path, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Return a copy of a run in whose checkpoint the generator's optimizer was changed."""
    run = folder / "run"
    shutil.copytree(finished, run)
    (path,) = (run / "checkpoints").iterdir()
    state = torch.load(path, weights_only=True)
    change(state["optimizers"]["generator"])
    torch.save(state, path)
    return run
