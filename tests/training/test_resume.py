"""A resumed run ends in the very bits of one that was never interrupted."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from training_cases import CASES, Watcher, assert_same_run, checkpoint, differences, lines, make_data, train

import ganzoo
from ganzoo.errors import TrainingError

pytestmark = pytest.mark.usefixtures("one_thread")  # bits are compared


@pytest.mark.parametrize("recipe", CASES)
@pytest.mark.slow
def test_stopped_and_resumed_equals_straight_on(tmp_path: Path, recipe: str) -> None:
    straight = train(recipe, tmp_path, "straight")
    with pytest.raises(TrainingError, match="Stopped by SIGTERM after step 3"):
        train(recipe, tmp_path, "stopped", reporter=Watcher(stop_at=3))
    torch.rand(5)  # a resumed process has another random state
    watcher = Watcher()
    ganzoo.resume(tmp_path / "stopped", reporter=watcher)
    assert watcher.started == [(3, 6)] and [step for step, _ in watcher.steps] == [4, 5, 6]
    assert_same_run(straight, tmp_path / "stopped", 6)
    measured = [line["step"] for line in lines(straight, "validation.jsonl")]
    assert measured == [1, 2, 4, 6]


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(tmp_path: Path) -> None:
    runs = [train("dcgan", tmp_path, f"run{n}", seed=seed, steps=3) for n, seed in enumerate((5, 5, 6))]
    states = [checkpoint(run, 3) for run in runs]
    assert differences(states[0], states[1]) == []
    assert {place.split(".")[1] for place in differences(states[0], states[2])} >= {"networks", "optimizers"}


def test_python_s_and_numpy_s_random_numbers_are_seeded_and_resumed(tmp_path: Path) -> None:
    def drawn() -> list[float]:
        return [random.random(), random.gauss(0, 1), float(np.random.rand()), torch.rand(()).item()]

    def scramble() -> None:
        random.seed(99)
        np.random.seed(99)
        torch.manual_seed(99)

    after = []
    for name in ("straight", "again"):
        scramble()
        train("dcgan", tmp_path, name, steps=2, seed=7)
        after.append(drawn())
    train("dcgan", tmp_path, "resumed", steps=1, seed=7)
    scramble()
    ganzoo.resume(tmp_path / "resumed", steps=2)
    assert after[0] == after[1] == drawn()


def test_samples_validation_and_logs_leave_no_trace_in_the_training(tmp_path: Path) -> None:
    often = train("pix2pix", tmp_path, "often", steps=4, log_every=1, sample_every=1, checkpoint_every=1, keep=9)
    seldom = train("pix2pix", tmp_path, "seldom", steps=4, log_every=99, sample_every=99, checkpoint_every=99)
    states = [checkpoint(run, 4) for run in (often, seldom)]
    assert [state.pop("loop") for state in states]  # what the watch saw
    assert differences(*states) == []
    assert len(list((often / "checkpoints").iterdir())) == 4


def test_more_steps_go_on_from_a_finished_run(tmp_path: Path) -> None:
    straight = train("dcgan", tmp_path, "straight", steps=6)
    run = train("dcgan", tmp_path, "longer", steps=4)
    with pytest.raises(TrainingError, match=r"has done 4 steps of 4\. Set a larger --steps"):
        ganzoo.resume(run)
    with pytest.raises(TrainingError, match=r"has done 4 steps of 2\. Set a larger --steps"):
        ganzoo.resume(run, steps=2)
    ganzoo.resume(run, steps=6)
    assert_same_run(straight, run, 6)


# Kills itself in the middle of writing the checkpoint of step 4, as a power cut would.
KILLED = """
import os, signal, sys, torch
from pathlib import Path
from training_cases import train
torch.set_num_threads(1)
save = torch.save
def cut(state, path):
    if state["step"] == 4:
        save(state, path)
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    save(state, path)
torch.save = cut
train("cyclegan", Path(sys.argv[1]), "killed", checkpoint_every=2, validation=0.0)
"""


@pytest.mark.slow
def test_killed_while_saving_then_resumed_equals_straight_on(tmp_path: Path) -> None:
    straight = train("cyclegan", tmp_path, "straight", checkpoint_every=2, validation=0.0)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    run = tmp_path / "killed"
    left = [path.name for path in (run / "checkpoints").iterdir()]
    assert "step-00000002.pt" in left and "step-00000004.pt" not in left
    assert [name for name in left if re.fullmatch(r"\.step-00000004\.pt\.\d+\.tmp", name)]
    assert [line["step"] for line in lines(run)] == [1, 2, 4]
    ganzoo.resume(run)
    assert_same_run(straight, run, 6)
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step-00000004.pt", "step-00000006.pt"]


def test_killed_before_the_first_checkpoint_starts_again(tmp_path: Path) -> None:
    straight = train("dcgan", tmp_path, "straight", steps=2)
    run = tmp_path / "early"

    class Killed(BaseException):
        """Not caught by anything, like a kill."""

    class Killer(Watcher):
        def step(self, step, losses) -> None:
            raise Killed

    with pytest.raises(Killed):
        train("dcgan", tmp_path, "early", steps=2, reporter=Killer())
    assert (run / "run.json").exists() and not (run / "checkpoints").exists()
    watcher = Watcher()
    ganzoo.resume(run, reporter=watcher)
    assert watcher.started == [(0, 2)] and "starts again" in watcher.notes[0]
    assert_same_run(straight, run, 2)


def test_a_run_moves_with_its_folder(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=2)
    moved = run.rename(tmp_path / "elsewhere")
    ganzoo.resume(moved, steps=3)
    assert ganzoo.info(f"dir:{moved}").training.steps == 3


def test_data_that_is_gone_is_named(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=2)
    make_data(tmp_path, "images").rename(tmp_path / "moved")
    with pytest.raises(ganzoo.GanzooError, match=r"There is no .*data-images"):
        ganzoo.resume(run, steps=3)


def test_a_run_killed_between_its_last_checkpoint_and_its_model_gets_the_model(tmp_path: Path) -> None:
    early, run = train("dcgan", tmp_path, "early", steps=4), train("dcgan", tmp_path, "killed")
    earlier = {name: (early / name).read_bytes() for name in ("model.safetensors", "config.json")}
    whole = (run / "model.safetensors").read_bytes()
    for name, content in earlier.items():
        (run / name).write_bytes(content)  # that of an earlier step
    watcher = Watcher()
    ganzoo.resume(run, reporter=watcher)
    assert (run / "model.safetensors").read_bytes() == whole and watcher.steps == []
    assert any("was done but for its model, which is written now" in note for note in watcher.notes)
    with pytest.raises(TrainingError, match="has done 6 steps of 6"):
        ganzoo.resume(run)
