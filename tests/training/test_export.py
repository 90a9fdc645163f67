"""The folder a run leaves: a model that loads, with a card that tells the truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import picture
from training_cases import CASES, checkpoint, train

import ganzoo
from ganzoo import __version__
from ganzoo.training.export import _variant

pytestmark = pytest.mark.usefixtures("one_thread")  # bits are compared


EXPORTS = {"dcgan": {"": "generator"}, "lsgan": {"": "generator"}, "pix2pix": {"": "generator"}}
EXPORTS["cyclegan"] = {"": "a2b", "b2a": "b2a"}


@pytest.mark.parametrize(
    ("given", "at_the_end"),
    [
        ({"ema_decay": 0.9}, 1 - 4 ** (-2 / 3)),
        ({"ema_decay": 0.5}, 0.5),
        ({"ema_decay": 0.9, "ema_warmup": False}, 0.9),
        ({"ema_decay": 0.0, "ema_half_life": 10.0, "ema_warmup": False}, 0.5 ** (2 / 10)),
    ],
)
def test_the_card_says_the_decay_of_the_last_step(tmp_path: Path, given: dict[str, Any], at_the_end: float) -> None:
    """The last of four updates of an average, against timm's formula and the weights of every step."""
    run = train("dcgan", tmp_path, steps=4, batch_size=2, checkpoint_every=1, keep=9, **given)
    assert f"decay {at_the_end:.4g} at the last step" in ganzoo.load(f"dir:{run}").card.inference
    third, fourth = checkpoint(run, 3), checkpoint(run, 4)
    for name, before in third["averages"]["generator"].items():
        if before.is_floating_point():
            weights = fourth["networks"]["generator"][name.removeprefix("module.")]
            expected = before + (weights - before) * (1 - at_the_end)
            torch.testing.assert_close(fourth["averages"]["generator"][name], expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("recipe", CASES)
@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_the_folder_loads_as_the_weights_of_the_checkpoint(tmp_path: Path, recipe: str, ema_decay: float) -> None:
    run = train(recipe, tmp_path, steps=3, ema_decay=ema_decay)
    state = checkpoint(run, 3)
    for edition, name in EXPORTS[recipe].items():
        model = ganzoo.load(f"dir:{run / edition}", device="cpu")
        raw = state["networks"][name]
        averaged = {key.removeprefix("module."): value for key, value in state["averages"].get(name, {}).items()}
        expected = averaged if ema_decay else raw
        found = model.generator.state_dict()
        assert list(found) == list(expected) and all(torch.equal(found[key], expected[key]) for key in found)
        if ema_decay:
            assert any(not torch.equal(found[key], raw[key]) for key in found)
        assert ("averaged weights (EMA)" in model.card.inference) == bool(ema_decay)


def test_the_exported_models_make_images(tmp_path: Path) -> None:
    made = ganzoo.load(f"dir:{train('dcgan', tmp_path, 'g', steps=1)}", device="cpu").generate(2, seed=1)
    assert [image.size for image in made] == [(16, 16)] * 2
    run = train("cyclegan", tmp_path, "t", steps=1)
    there, back = (ganzoo.load(f"dir:{folder}", device="cpu") for folder in (run, run / "b2a"))
    x = picture(24, 20)
    assert there.translate(x).size == back.translate(x).size == (24, 20)
    assert there.translate(x).tobytes() != back.translate(x).tobytes()


def test_the_card_shows_what_was_done(tmp_path: Path) -> None:
    run = train(
        "pix2pix",
        tmp_path,
        "My Labels",
        steps=2,
        batch_size=2,
        seed=3,
        precision="bf16",
        parts={"loss": "least-squares"},
        part_options={
            "generator": {"width": 4},
            "discriminator": {"width": 4, "receptive_field": 16},
            "loss": {"a": 0.1},
        },
    )
    card = ganzoo.info(f"dir:{run}")
    held_out = len((run / "validation.txt").read_text().splitlines())
    assert card.name == "pix2pix/my-labels" and card.entry == "generator:unet"
    assert (card.task, card.image_size, card.in_channels, card.out_channels) == ("image-to-image", 32, 3, 3)
    assert card.options == {
        "in_channels": 3,
        "out_channels": 3,
        "width": 4,
        "image_size": 32,
        "norm": "batch",
        "dropout": True,
        "test_statistics": "image",
        "test_dropout": False,
    }
    assert card.parameters == sum(p.numel() for p in ganzoo.build("generator:unet", **card.options).parameters())
    averaged = "averaged weights (EMA), decay 0.37 at the last step"
    assert card.inference == f"{averaged}; dropout off (pix2pix's authors leave it on)"
    assert (card.dataset.name, card.dataset.count) == ("data-paired", 7 - held_out)
    assert card.dataset.split == f"train, {held_out} held out"
    done = card.training
    assert (done.recipe, done.steps, done.batch_size, done.seed) == ("pix2pix", 2, 2, 3)
    assert (done.precision, done.ema_decay, done.ganzoo_version) == ("bf16", 0.9, __version__)
    logged = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    assert done.seconds == pytest.approx(logged["seconds"], abs=0.051) and done.hardware.startswith("cpu, ")
    assert done.options["image_size"] == 32 and done.options["l1_weight"] == 100 and done.options["channels"] == 3
    assert {role: part["entry"] for role, part in done.parts.items()} == {
        "generator": "generator:unet",
        "discriminator": "discriminator:patchgan",
        "loss": "loss:least-squares",
    }
    assert done.parts["generator"]["options"]["width"] == 4 and done.parts["generator"]["options"]["image_size"] == 32
    assert done.parts["discriminator"]["options"] == {
        "in_channels": 6,
        "width": 4,
        "receptive_field": 16,
        "norm": "batch",
        "antialias": False,
        "init": "normal",
        "spectral": False,
    }
    assert done.parts["loss"]["options"] == {
        "scales": "sum",
        "a": 0.1,
        "b": 1.0,
        "c": 1.0,
        "factor": 0.5,
    }  # of which one was set


def test_a_resumed_run_s_card_counts_all_its_steps_and_seconds(tmp_path: Path) -> None:
    run = train("dcgan", tmp_path, steps=2)
    first = ganzoo.info(f"dir:{run}").training
    ganzoo.resume(run, steps=5)
    both = ganzoo.info(f"dir:{run}").training
    assert (first.steps, both.steps) == (2, 5) and both.seconds >= first.seconds


@pytest.mark.parametrize(
    ("folder", "edition", "name"),
    [("h2z", "", "h2z"), ("h2z", "b2a", "h2z-b2a"), ("My Run (2)", "", "my-run-2"), ("v1.5_final", "", "v1.5-final")],
)
def test_names_have_a_name_s_letters(tmp_path: Path, folder: str, edition: str, name: str) -> None:
    assert _variant(tmp_path / folder, edition) == name
    assert _variant(Path("日本"), "") == "run"
