"""A run on clips, whole: sheets, measures, the watch's numbers, the card, and a resume that is exact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from training_cases import Watcher

import ganzoo
from ganzoo.errors import OptionError
from ganzoo.training.collapse_detector import variety
from ganzoo.training.validation import shares
from tests.data.test_open_clips import gif
from tests.evaluation.samples.test_clips import lay_idx

SMALL = {"generator": {"width": 4, "latent_dim": 4}, "spatial": {"width": 4}, "temporal": {"width": 4}}
MOVED = {"image_size": 16, "motion": "bounce", "item_size": 9, "frames": 3}


@pytest.mark.slow
def test_a_run_on_images_that_move_resumes_exactly(tmp_path: Path, one_thread: None) -> None:
    data = lay_idx(tmp_path / "set", 20)
    requested = {
        "options": {**MOVED, "augment": "color,translation", "r1": 1.0}, "part_options": SMALL, "batch_size": 4,
        "accumulate": 2, "ema_decay": 0.9, "validation": 0.3, "sample_every": 2, "classes": ["shoe", "bag"],
    }  # fmt: skip
    whole = ganzoo.train("dvdgan", data, tmp_path / "whole", steps=4, **requested)
    ganzoo.train("dvdgan", data, tmp_path / "parts", steps=2, **requested)
    parts = ganzoo.resume(tmp_path / "parts", steps=4)
    one, other = (load_file(run / "model.safetensors") for run in (whole, parts))
    assert all(torch.equal(one[name], other[name]) for name in one)

    held = len((whole / "validation.txt").read_text().split())
    with Image.open(whole / "samples" / "step-00000004.png") as sheet:
        assert sheet.size == (3 * 18 + 2, held * 18 + 2)  # a row for each held-out clip
    lines = [json.loads(line) for line in (whole / "validation.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 4] and set(lines[0]) == {"step", "distance", "frames", "motion"}
    model = ganzoo.load(f"dir:{whole}")
    assert (model.card.frames, model.card.classes, model.card.out_channels) == (3, ("shoe", "bag"), 1)
    (clip,) = model.generate(1, label="bag")
    assert len(clip) == 3 and clip[0].size == (16, 16)
    assert "each a list of images" in (whole / "README.md").read_text()


def test_a_run_on_videos_without_classes(tmp_path: Path) -> None:
    for index in range(6):
        gif(tmp_path / "set" / f"{index}.gif", 8, first=20 * index, size=(18, 16))
    requested = {"part_options": SMALL, "batch_size": 2, "steps": 2, "validation": 0.3}
    with pytest.raises(OptionError, match="the recipe dvdgan-unconditional needs no classes"):
        ganzoo.train("dvdgan", tmp_path / "set", tmp_path / "no", **requested)
    watcher = Watcher()
    run = ganzoo.train("dvdgan-unconditional", tmp_path / "set", tmp_path / "run", reporter=watcher, **requested)
    held = len((run / "validation.txt").read_text().split())
    assert f"Trained on: {6 - held} clips. Held out: {held} clips." in watcher.notes
    card = ganzoo.load(f"dir:{run}").card
    assert (card.frames, card.image_size, card.task) == (8, 16, "unconditional-video-generation")


def test_a_discriminator_of_images_is_refused(tmp_path: Path) -> None:
    requested = {
        "options": MOVED,
        "part_options": SMALL,
        "steps": 1,
        "validation": 0.3,
        "best": "fd-efficientnet-lite0",
    }
    with pytest.raises(OptionError, match="compares images; the recipe 'dvdgan' generates clips"):
        ganzoo.train("dvdgan", lay_idx(tmp_path / "set"), tmp_path / "run", **requested)


def test_variety_is_that_of_whole_clips() -> None:
    random = torch.Generator().manual_seed(0)
    real, made = (torch.rand(4, 1, 3, 8, 8, generator=random) * 2 - 1 for _ in range(2))
    sheet = made.transpose(1, 2).flatten(0, 1)
    found = shares(["generator"], sheet, {"clip": real, "label": torch.arange(4)})
    assert found == {"generator": pytest.approx(variety(made.flatten(1, 2)) / variety(real.flatten(1, 2)))}
    alike = made[:1].expand(4, -1, -1, -1, -1).transpose(1, 2).flatten(0, 1)
    assert shares(["generator"], alike, {"clip": real})["generator"] < 1e-6
