"""A metric on held-out pictures chooses the best step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from evaluation_cases import add_extractor, grid_features
from training_cases import Watcher, checkpoint, differences, lines, make_data, train

import ganzoo
from ganzoo.data.preprocessing import cover, to_bytes
from ganzoo.errors import OptionError, UnknownName
from ganzoo.evaluation.metrics.frechet import frechet_distance
from ganzoo.evaluation.statistics import moments
from ganzoo.image_io import tensors
from ganzoo.training.validation_metric import split


@pytest.fixture(autouse=True)
def grid(fresh: None, one_thread: None) -> None:
    add_extractor()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("fd-grid", ("fd", "grid")), ("kid", ("kd", "inception")), ("fid", ("fd", "inception")), ("l1", None), ("", None)],
)
def test_names(name: str, expected: Any) -> None:
    assert split(name) == expected


@pytest.mark.parametrize("recipe", ["dcgan", "pix2pix", "cyclegan"])
def test_the_best_step_is_the_one_of_the_lowest_distance(tmp_path: Path, recipe: str) -> None:
    run = train(recipe, tmp_path, best="fd-grid", validation=0.4)
    measured = {line["step"]: line["fd-grid"] for line in lines(run, "validation.jsonl")}
    best = json.loads((run / "best.json").read_text())
    later = {step: value for step, value in measured.items() if step > 1}
    assert best["measure"] == "fd-grid" and best["value"] == min(later.values())
    assert ganzoo.info(f"dir:{run}/best").training.steps == best["step"]


def test_the_distance_is_that_of_as_many_images_from_the_same_latents(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, best="fd-grid", validation=0.4, ema_decay=0.0)
    held = (run / "validation.txt").read_text().split()
    folder = make_data(tmp_path, "images")
    model = ganzoo.load(f"dir:{run}", device="cpu")
    size, channels = model.card.image_size, model.card.out_channels
    covered = [cover(tensors.to_tensor(folder / name, channels=channels), size, size) for name in held]
    real = torch.stack(covered).float().mean(1).numpy()
    random = torch.Generator().manual_seed(0)
    made = to_bytes(model(torch.randn(len(held), model.card.latent_dim, generator=random))).float().mean(1).numpy()
    last = lines(run, "validation.jsonl")[-1]
    assert real.shape == made.shape
    expected = frechet_distance(*(moments.compute(grid_features(each)) for each in (made, real)))
    assert last["fd-grid"] == pytest.approx(expected, rel=1e-3)


def test_the_discriminator_leaves_no_trace_in_the_training(tmp_path: Path) -> None:
    evaluated, plain = (
        train("dcgan", tmp_path, name, best=best) for name, best in (("judged", "kd-grid"), ("plain", ""))
    )
    states = [checkpoint(run, 6) for run in (evaluated, plain)]
    for state in states:
        state.pop("loop")
    assert differences(*states) == []


def test_a_wrong_extractor_is_reported_before_the_data_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"No extractor is called 'gird'. Did you mean 'grid'"):
        ganzoo.train("dcgan", tmp_path / "nowhere", tmp_path / "run", best="fd-gird", validation=0.1)


def test_a_measure_that_is_none_names_the_metrics(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"best='fdd' is not measured.*fd-EXTRACTOR or kd-EXTRACTOR"):
        train("dcgan", tmp_path, best="fdd", reporter=Watcher())
