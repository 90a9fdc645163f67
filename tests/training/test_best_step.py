"""The best checkpoint: chosen by held-out pictures, kept beside the newest, loadable by itself."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from training_cases import Watcher, add_recipe, checkpoint, differences, lines, train

import ganzoo
from ganzoo import LatentRecipe
from ganzoo.errors import OptionError, TrainingError
from ganzoo.training.best_step import Best
from ganzoo.training.checkpoint_writer import CheckpointWriter

# Step -> what the recipe below measures after it; the sheet of step 1 would be the best, if it counted.
DISTANCES = {1: 0.0, 2: 3.0, 4: 1.0, 6: 2.0, 8: 1.5}


class Measured(LatentRecipe):
    """Learns as DCGAN does, and measures what the test says."""

    def validate(self, networks: Any, batch: Any) -> dict[str, float]:
        distance = DISTANCES[self.step_state.step + 1]
        return {"distance": distance, "opposite": -distance}


@pytest.fixture(autouse=True)
def measured(fresh: None, one_thread: None) -> None:
    add_recipe(Measured)


def run_measured(folder: Path, name: str = "run", **values: Any) -> Path:
    return train("dcgan", folder, name, **{"recipe": "measured", "keep": 1, "checkpoint_every": 99, **values})


def kept(run: Path) -> list[int]:
    return sorted(int(path.stem.removeprefix("step-")) for path in (run / "checkpoints").glob("*.pt"))


def best_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "best.json").read_text())
    return found


# ---- in a run --------------------------------------------------------------------------------------------------------


def test_the_best_step_is_kept_next_to_the_newest_and_loads(tmp_path: Path) -> None:
    run = run_measured(tmp_path)
    assert best_of(run) == {"measure": "distance", "step": 4, "value": 1.0}
    assert kept(run) == [4, 6]
    best, last = (ganzoo.load(f"dir:{where}", device="cpu") for where in (run / "best", run))
    assert (best.card.training.steps, last.card.training.steps) == (4, 6)
    for model, step in ((best, 4), (last, 6)):
        averaged = checkpoint(run, step)["averages"]["generator"]
        expected = {name.removeprefix("module."): weights for name, weights in averaged.items()}
        assert differences(dict(model.generator.state_dict()), expected) == []
    assert best.generate(1)[0].size == (16, 16)


def test_the_first_sheet_never_counts(tmp_path: Path) -> None:
    run = run_measured(tmp_path, steps=1)
    assert not (run / "best.json").exists() and not (run / "best").exists()
    assert lines(run, "validation.jsonl") == [{"step": 1, "distance": 0.0, "opposite": -0.0}]


def test_without_averages_the_best_is_the_generator_itself(tmp_path: Path) -> None:
    run = run_measured(tmp_path, ema_decay=0.0)
    model = ganzoo.load(f"dir:{run}/best", device="cpu")
    assert differences(dict(model.generator.state_dict()), dict(checkpoint(run, 4)["networks"]["generator"])) == []


def test_every_export_of_the_best_step_is_there(tmp_path: Path) -> None:
    run = train("cyclegan", tmp_path, keep=1, checkpoint_every=99)
    step = best_of(run)["step"]
    for place, network in (("best", "a2b"), ("best/b2a", "b2a")):
        model = ganzoo.load(f"dir:{run}/{place}", device="cpu")
        assert model.card.training.steps == step
        averaged = checkpoint(run, step)["averages"][network]
        expected = {name.removeprefix("module."): weights for name, weights in averaged.items()}
        assert differences(dict(model.generator.state_dict()), expected) == []


@pytest.mark.parametrize("recipe", ["dcgan", "lsgan", "pix2pix", "cyclegan"])
def test_the_built_in_recipes_choose_by_their_first_measure_s_lowest_value(tmp_path: Path, recipe: str) -> None:
    run = train(recipe, tmp_path)
    measured = lines(run, "validation.jsonl")
    name = next(key for key in measured[0] if key != "step")
    assert name == ("l1" if recipe == "pix2pix" else "distance")
    lowest = min((line for line in measured if line["step"] > 1), key=lambda line: line[name])
    assert best_of(run) == {"measure": name, "step": lowest["step"], "value": lowest[name]}


def test_another_measure_can_be_asked_for(tmp_path: Path) -> None:
    run = run_measured(tmp_path, best="opposite")
    assert best_of(run) == {"measure": "opposite", "step": 2, "value": -3.0}
    assert kept(run) == [2, 6]
    assert ganzoo.info(f"dir:{run}/best").training.steps == 2


def test_a_measure_that_is_none_is_refused_at_the_first_sheet_with_those_there_are(tmp_path: Path) -> None:
    watcher = Watcher()
    with pytest.raises(OptionError, match=r"best='far' is not measured\. This recipe measures: distance, opposite\."):
        run_measured(tmp_path, best="far", reporter=watcher)
    assert [step for step, _ in watcher.steps] == [1]


def test_a_measure_without_held_out_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="best='distance' needs held-out images"):
        run_measured(tmp_path, best="distance", validation=0.0)
    assert not (tmp_path / "run").exists()


def test_without_held_out_images_there_is_no_best(tmp_path: Path) -> None:
    run = run_measured(tmp_path, validation=0.0)
    assert not (run / "best.json").exists() and not (run / "best").exists()
    assert kept(run) == [6]


def test_a_measure_that_is_no_number_is_never_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DISTANCES, 4, math.nan)
    assert best_of(run_measured(tmp_path))["step"] == 6


# ---- resumed ---------------------------------------------------------------------------------------------------------


def test_a_resumed_run_keeps_its_best(tmp_path: Path) -> None:
    run = run_measured(tmp_path)
    before = (run / "best" / "model.safetensors").read_bytes()
    ganzoo.resume(run, steps=8)
    assert best_of(run) == {"measure": "distance", "step": 4, "value": 1.0}
    assert kept(run) == [4, 8]
    assert (run / "best" / "model.safetensors").read_bytes() == before
    assert ganzoo.info(f"dir:{run}").training.steps == 8


def test_a_run_resumed_with_another_measure_in_run_json_begins_its_best_anew(tmp_path: Path) -> None:
    run = run_measured(tmp_path)
    requested = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**requested, "best": "opposite"}))
    ganzoo.resume(run, steps=8)
    assert best_of(run) == {"measure": "opposite", "step": 8, "value": -1.5}


@pytest.mark.parametrize("stop_at", [3, 5])  # before the best step, and after it
def test_a_run_stopped_and_resumed_has_the_best_of_one_that_was_not(tmp_path: Path, stop_at: int) -> None:
    straight = run_measured(tmp_path, "straight")
    with pytest.raises(TrainingError, match="Stopped by SIGTERM"):
        run_measured(tmp_path, "stopped", reporter=Watcher(stop_at))
    stopped = ganzoo.resume(tmp_path / "stopped")
    assert best_of(stopped) == best_of(straight)
    assert kept(stopped) == kept(straight)
    for file in ("model.safetensors", "best/model.safetensors"):
        assert (stopped / file).read_bytes() == (straight / file).read_bytes()


def test_a_run_killed_between_the_best_checkpoint_and_its_models_has_them_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: Any) -> None:
        raise KeyboardInterrupt

    straight = run_measured(tmp_path, "straight", sample_every=4)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(CheckpointWriter, "export", kill)
        run_measured(tmp_path, "killed", sample_every=4)
    assert kept(tmp_path / "killed") == [4] and not (tmp_path / "killed" / "best").exists()
    killed = ganzoo.resume(tmp_path / "killed")
    for file in ("model.safetensors", "best/model.safetensors", "best.json"):
        assert (killed / file).read_bytes() == (straight / file).read_bytes(), file


def test_what_was_best_after_the_last_readable_checkpoint_is_forgotten(tmp_path: Path) -> None:
    run = run_measured(tmp_path, steps=4, keep=9)
    assert (best_of(run)["step"], kept(run)) == (4, [2, 4])
    newest = run / "checkpoints" / "step-00000004.pt"
    newest.write_bytes(newest.read_bytes()[:1000])
    ganzoo.resume(run, steps=6)
    assert best_of(run) == {"measure": "distance", "step": 4, "value": 1.0}, "step 4 was done, and was best, again"
    assert torch.load(newest, weights_only=True)["step"] == 4


# ---- the record itself -----------------------------------------------------------------------------------------------


def test_lower_is_better_and_the_first_of_equals_stays() -> None:
    best = Best().after(2, {"l1": 0.5, "other": 0.1})
    assert best == Best("l1", 2, 0.5)
    assert best.after(3, {"l1": 0.5}) is best
    assert best.after(4, {"l1": 0.4}) == Best("l1", 4, 0.4)
    assert Best("other").after(5, {"l1": 0.5, "other": 0.1}) == Best("other", 5, 0.1)


def test_nothing_measured_leaves_no_file(tmp_path: Path) -> None:
    Best("l1", 3, 0.25).write(tmp_path)
    assert json.loads((tmp_path / "best.json").read_text()) == {"measure": "l1", "step": 3, "value": 0.25}
    Best().write(tmp_path)
    Best().write(tmp_path)
    assert list(tmp_path.iterdir()) == []
