"""The watch in real runs: a provoked collapse is named wherever a person looks, and stops the run on request."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import picture
from training_cases import Watcher, add_recipe, lines, train

import ganzoo
from ganzoo import LatentRecipe
from ganzoo.errors import TrainingError

pytestmark = pytest.mark.usefixtures("one_thread")  # the same numbers, hence the same warnings, every time

# Two perceptrons at 2,500 times the usual rate: the generator's pictures saturate, and all become the same one.
COLLAPSING: dict[str, Any] = {
    "steps": 60,
    "batch_size": 16,
    "log_every": 2,
    "sample_every": 20,
    "checkpoint_every": 10,
    "device": "cpu",
    "options": {"learning_rate": 0.5},
    "part_options": {"generator": {"width": 16, "latent_dim": 8}, "discriminator": {"width": 16}},
}


def collapse(folder: Path, name: str = "run", **more: Any) -> Path:
    data = folder / "pictures"
    if not data.exists():
        data.mkdir()
        for seed in range(16):
            picture(8, 8, seed=seed).convert("L").save(data / f"{seed}.png")
    return ganzoo.train("vanilla", data, folder / name, **{**COLLAPSING, **more})


def warnings_of(run: Path) -> list[dict[str, Any]]:
    return lines(run, "warnings.jsonl")


def page_of(run: Path) -> str:
    return html.unescape((run / "report.html").read_text(encoding="utf-8"))


# ---- a collapse ------------------------------------------------------------------------------------------------------


def test_a_collapsed_run_is_named_as_such_in_notes_log_and_report(tmp_path: Path) -> None:
    watcher = Watcher()
    run = collapse(tmp_path, reporter=watcher)
    found = warnings_of(run)
    assert {"vanished", "collapse"} <= {warning["kind"] for warning in found}
    (collapsed, *_) = (warning for warning in found if warning["kind"] == "collapse")
    assert "The images from 'generator' all look alike" in collapsed["text"]
    assert "The generator has collapsed." in collapsed["text"]
    page = page_of(run)
    for warning in found:
        assert f"Warning, step {warning['step']}: {warning['text']}" in watcher.notes
        assert warning["text"] in page
    assert len(found) == sum(note.startswith("Warning, ") for note in watcher.notes)


def test_the_images_of_the_collapsed_run_are_indeed_alike(tmp_path: Path) -> None:
    healthy, collapsed = collapse(tmp_path, "healthy", options={}), collapse(tmp_path, "collapsed")
    assert warnings_of(healthy) == []
    assert "The generator has collapsed." not in page_of(healthy)
    spreads = []
    for run in (healthy, collapsed):
        model = ganzoo.load(f"dir:{run}", device="cpu")
        made = model(torch.randn(64, 8, generator=torch.Generator().manual_seed(1)))
        spreads.append(made.std(0).mean().item())
    assert spreads[1] < spreads[0] / 2


def test_a_warning_is_given_once_and_not_at_every_look(tmp_path: Path) -> None:
    found = warnings_of(collapse(tmp_path))
    assert len({(warning["kind"], warning["step"]) for warning in found}) == len(found)
    assert len(found) < 10  # of 30 logged steps and four sheets


# ---- stopping --------------------------------------------------------------------------------------------------------


def test_a_run_stops_on_a_warning_where_that_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        collapse(tmp_path, stop_on_warning=True)
    run = tmp_path / "run"
    (warning,) = warnings_of(run)
    text, step = str(caught.value), warning["step"]
    assert text.startswith(f"Stopped after step {step}, as requested: {warning['text']} The checkpoint is saved.")
    assert text.endswith(f"Resume with: ganzoo train --resume {run}")
    assert step < COLLAPSING["steps"]
    assert (run / "checkpoints" / f"step-{step:08d}.pt").is_file()
    assert ganzoo.info(f"dir:{run}").training.steps == step  # type: ignore[union-attr]
    assert warning["text"] in page_of(run)


def test_a_run_that_stopped_on_a_warning_goes_on_when_reported_to(tmp_path: Path) -> None:
    """It stops again at the next warning, but not at the one that is known already."""
    with pytest.raises(TrainingError, match="as requested"):
        collapse(tmp_path, stop_on_warning=True)
    run = tmp_path / "run"
    for _ in range(9):
        before = warnings_of(run)
        try:
            ganzoo.resume(run)
            break
        except TrainingError as error:
            assert "as requested" in str(error)
            assert len(warnings_of(run)) == len(before) + 1
    assert ganzoo.info(f"dir:{run}").training.steps == COLLAPSING["steps"]  # type: ignore[union-attr]
    assert warnings_of(run) == warnings_of(collapse(tmp_path, "straight"))


def test_a_healthy_run_does_not_stop(tmp_path: Path) -> None:
    run = collapse(tmp_path, stop_on_warning=True, options={})
    assert ganzoo.info(f"dir:{run}").training.steps == COLLAPSING["steps"]  # type: ignore[union-attr]


# ---- resumed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stop_at", [7, 25, 35])  # before a warning; one look before one; between two
def test_a_resumed_run_warns_as_one_that_was_never_stopped(tmp_path: Path, stop_at: int) -> None:
    straight = collapse(tmp_path, "straight")
    with pytest.raises(TrainingError, match="Stopped by SIGTERM"):
        collapse(tmp_path, "stopped", reporter=Watcher(stop_at))
    ganzoo.resume(tmp_path / "stopped")
    assert warnings_of(tmp_path / "stopped") == warnings_of(straight) != []
    assert lines(tmp_path / "stopped") == lines(straight)


def test_a_run_killed_after_a_warning_repeats_it_and_logs_it_once(tmp_path: Path) -> None:
    class Killed(BaseException):
        """Not caught by anything, like a kill."""

    class Killer(Watcher):
        def step(self, step: int, losses: Any) -> None:
            if step == 29:
                raise Killed

    straight = collapse(tmp_path, "straight")
    with pytest.raises(Killed):
        collapse(tmp_path, "killed", reporter=Killer())
    run = tmp_path / "killed"
    assert warnings_of(run) and max(warning["step"] for warning in warnings_of(run)) > 20  # after the last checkpoint
    ganzoo.resume(run)
    assert warnings_of(run) == warnings_of(straight)


# ---- what is no number -----------------------------------------------------------------------------------------------


class BrokenWeights(LatentRecipe):
    """Has weights that are no numbers after step 4."""

    def step(self, batch: Any) -> Any:
        losses = super().step(batch)
        if self.step_state.step == 3:
            with torch.no_grad():
                next(self.generator.parameters()).fill_(float("nan"))
        return losses


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(
    ("log_every", "text"), [(1, r"The loss '\w+' is nan at step 5\."), (99, "is no longer finite after step 4")]
)
def test_nan_is_in_the_log_of_warnings_and_in_the_report(tmp_path: Path, log_every: int, text: str) -> None:
    add_recipe(BrokenWeights)
    watcher = Watcher()
    every = {"log_every": log_every, "checkpoint_every": 3 if log_every == 1 else 2, "sample_every": 99}
    with pytest.raises(TrainingError, match=text):
        train("dcgan", tmp_path, recipe="brokenweights", reporter=watcher, **every)
    run = tmp_path / "run"
    (warning,) = warnings_of(run)
    assert warning["kind"] == "nan"
    assert f"Warning, step {warning['step']}: {warning['text']}" in watcher.notes
    assert warning["text"] in page_of(run)
    for line in (run / "metrics.jsonl").read_text().splitlines():
        assert "NaN" not in line and json.loads(line)["step"] < 5
