"""Whose a run's folder is: failed runs give way, two processes never share one, changed data are noticed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import picture
from needs import needs
from training_cases import Watcher, add_recipe, checkpoint, differences, lines, make_data, train

import ganzoo
from ganzoo import LatentRecipe
from ganzoo.errors import OptionError, TrainingError
from ganzoo.training import run_lock


@pytest.fixture
def failed(tmp_path: Path) -> Iterator[Path]:
    """A run that broke at its third step, before any checkpoint, with logs and samples."""

    class Broken(Watcher):
        def step(self, step, losses) -> None:
            if step == 3:
                raise KeyError("a reporter's mistake")

    with pytest.raises(KeyError):
        train("dcgan", tmp_path, validation=0.0, log_every=1, sample_every=1, reporter=Broken())
    run = tmp_path / "run"
    assert (run / "run.json").exists() and len(lines(run)) == 3 and len(list((run / "samples").iterdir())) == 2
    return run


def test_a_run_that_failed_before_its_first_checkpoint_gives_way_to_a_new_one(failed: Path, tmp_path: Path) -> None:
    watcher = Watcher()
    train("dcgan", tmp_path, steps=2, seed=9, reporter=watcher)
    assert watcher.notes[:1] == [f"{failed} held a run without a checkpoint, which this one replaces."]
    assert json.loads((failed / "run.json").read_text())["seed"] == 9
    assert [line["step"] for line in lines(failed)] == [1, 2]
    assert [path.name for path in sorted((failed / "samples").iterdir())] == ["step-00000001.png", "step-00000002.png"]
    straight = train("dcgan", tmp_path, "straight", steps=2, seed=9)
    assert differences(checkpoint(failed, 2), checkpoint(straight, 2)) == []


def test_an_unfinished_checkpoint_is_nothing_to_keep_and_a_damaged_one_is(failed: Path, tmp_path: Path) -> None:
    folder = failed / "checkpoints"
    folder.mkdir()
    (folder / ".step-00000002.pt.77.tmp").write_bytes(b"cut off")
    damaged = folder / "step-00000002.pt.damaged"
    damaged.write_bytes(b"PK")
    with pytest.raises(TrainingError, match="already holds a run"):
        train("dcgan", tmp_path, steps=2)
    damaged.unlink()
    train("dcgan", tmp_path, steps=2, validation=0.0)
    assert [path.name for path in folder.iterdir()] == ["step-00000002.pt"]


def test_what_others_put_into_the_folder_stays(failed: Path, tmp_path: Path) -> None:
    (failed / "notes.txt").write_text("mine")
    train("dcgan", tmp_path, steps=1)
    assert (failed / "notes.txt").read_text() == "mine"


def test_a_run_json_that_is_no_run_s_stays(failed: Path, tmp_path: Path) -> None:
    (failed / "run.json").write_text('{"distance": "10 km"}')
    with pytest.raises(TrainingError, match="already holds a run"):
        train("dcgan", tmp_path, steps=1)
    assert (failed / "run.json").read_text() == '{"distance": "10 km"}'


def test_a_wrong_option_is_reported_before_a_folder_that_is_taken(tmp_path: Path) -> None:
    train("dcgan", tmp_path, steps=1)
    for wrong in ({"options": {"learning_rate": -1}}, {"parts": {"los": "hinge"}}, {"validation": 2}):
        with pytest.raises(OptionError):
            train("dcgan", tmp_path, **wrong)


# Says when it holds the folder, then waits to be killed.
HOLDER = """
import sys, time
from pathlib import Path
from ganzoo.training.run_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(300)
"""


@needs(run_lock.fcntl, "this platform has no file locks")
@pytest.mark.slow
def test_one_process_at_a_time_trains_a_run_and_a_kill_frees_it(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=1)
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(run)], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None and other.stdout.readline() == "held\n"
            with pytest.raises(TrainingError, match=rf"run is being trained by process {other.pid} on .*\. Wait until"):
                ganzoo.resume(run, steps=2)
        finally:
            os.kill(other.pid, signal.SIGKILL)
    assert (run / ".lock").exists()  # left behind, and in nobody's way
    ganzoo.resume(run, steps=2)
    assert ganzoo.info(f"dir:{run}").training.steps == 2
    assert not (run / ".lock").exists()


@needs(run_lock.fcntl, "this platform has no file locks")
def test_a_new_run_is_refused_where_another_has_just_begun(tmp_path: Path) -> None:
    class Second(Watcher):
        def step(self, step, losses) -> None:
            if step == 1:
                with pytest.raises(TrainingError, match=f"is being trained by process {os.getpid()} on"):
                    train("dcgan", tmp_path, steps=1, seed=5)
                self.notes.append("refused")

    watcher = Second()
    run = train("dcgan", tmp_path, steps=2, reporter=watcher)
    assert "refused" in watcher.notes
    assert json.loads((run / "run.json").read_text())["seed"] == 0


def test_without_file_locks_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "fcntl", None)
    run = train("dcgan", tmp_path, steps=1)
    with run_lock.locked(run), run_lock.locked(run):
        ganzoo.resume(run, steps=2)
    assert ganzoo.info(f"dir:{run}").training.steps == 2


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ganzoo.GanzooError, match=r"Cannot write .*file/run: .*Choose a folder that is writable"):
        train("dcgan", tmp_path, "file/run", steps=1)


@pytest.mark.parametrize(("kind", "recipe", "count"), [("images", "dcgan", 7), ("unpaired", "cyclegan", 14)])
def test_data_that_changed_are_refused_and_the_old_ones_go_on(
    tmp_path: Path, kind: str, recipe: str, count: int
) -> None:
    run = train(recipe, tmp_path, steps=1)
    data = make_data(tmp_path, kind)
    (data / "README.txt").write_text("no picture: it does not count")
    more = next(data.rglob("0.png")).with_name("more.png")
    picture(16, 16, 99).save(more)
    with pytest.raises(TrainingError, match=rf"changed: {count} images then, {count + 1} now\. Put the data back, or"):
        ganzoo.resume(run, steps=2)
    more.unlink()
    ganzoo.resume(run, steps=2)
    first = next(data.rglob("0.png"))
    first.rename(first.with_name("renamed.png"))
    with pytest.raises(TrainingError, match=f"{count} images then and now, but their names or sizes differ"):
        ganzoo.resume(run, steps=3)


@pytest.mark.usefixtures("fresh")
def test_a_first_step_that_fails_does_not_block_the_next_try(tmp_path: Path) -> None:
    class Picky(LatentRecipe):
        def step(self, batch):
            raise RuntimeError("Kernel size can't be greater than actual input size\nmore")

    add_recipe(Picky)
    with pytest.raises(TrainingError):
        train("dcgan", tmp_path, recipe="picky")
    run = train("dcgan", tmp_path, steps=1)
    assert ganzoo.info(f"dir:{run}").training.recipe == "dcgan"


def test_a_folder_with_other_files_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "README.md").write_text("precious")
    with pytest.raises(
        TrainingError, match=r"notes holds files that do not belong to a run\. Name a new or empty folder"
    ):
        train("dcgan", tmp_path, "notes", steps=1)
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["README.md"]
    assert (tmp_path / "notes" / "README.md").read_text() == "precious"


def test_a_run_within_its_own_data_is_refused(tmp_path: Path) -> None:
    data = make_data(tmp_path, "images")
    with pytest.raises(OptionError, match=r"lies within the data, .*data-images\. Name one outside"):
        train("dcgan", tmp_path, f"{data.name}/run", steps=1)
    assert not (data / "run").exists()
