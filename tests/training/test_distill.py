"""ganzoo.distill: the student that is chosen, the run that is started, and that it resumes to the same bits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from channel_models import bands
from safetensors.torch import load_file
from tiny_models import translator
from training_cases import Watcher, assert_same_run, make_data, train

import ganzoo
from ganzoo import catalog
from ganzoo.errors import GanzooError, OptionError, TrainingError
from ganzoo.layers.multiply_adds import count_multiply_adds
from ganzoo.training import budget, distill
from ganzoo.training.dry_run import dry_run
from ganzoo.training.settings import read_settings
from tests.cli.test_main import call

STUDENT = {"generator": {"widths": "4,4,4,4,4", "inner": "4", "blocks": 1}}
SMALL: dict[str, Any] = {
    "steps": 6,
    "batch_size": 2,
    "device": "cpu",
    "options": {"image_size": 16},
    "part_options": {**STUDENT, "discriminator": {"width": 4, "receptive_field": 16}},
}
HORSES = "cyclegan/horse2zebra"


@pytest.fixture
def teacher(tmp_path: Path) -> str:
    translator(seed=3).save(tmp_path / "teacher")
    return f"dir:{tmp_path / 'teacher'}"


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_multiply_adds_are_those_of_the_layers(device: str) -> None:
    network = ganzoo.build("generator:resnet", width=4, blocks=1).to(device)
    full, half, quarter = 32 * 32, 16 * 16, 8 * 8
    by_hand = full * 49 * 3 * 4 + half * 9 * 4 * 8 + quarter * 9 * 8 * 16  # down
    by_hand += 2 * quarter * 9 * 16 * 16  # a residual block
    by_hand += (
        quarter * 9 * 16 * 8 + half * 9 * 8 * 4 + full * 49 * 4 * 3
    )  # up: transposed ones by their input's pixels
    assert count_multiply_adds(network, torch.zeros(1, 3, 32, 32, device=device)) == by_hand
    assert network.training


def test_separable_convolutions_count_each_channel_once() -> None:
    depthwise = torch.nn.Conv2d(6, 6, 3, padding=1, groups=6)
    assert count_multiply_adds(depthwise, torch.zeros(2, 6, 5, 5)) == 2 * 25 * 9 * 6


@pytest.mark.parametrize("spec", ["generator:mobile-resnet", "generator:resnet", "generator:efficientnet-unet"])
@pytest.mark.parametrize("allowed", [10**9, 6 * 10**8])
def test_widths_fill_a_budget_and_never_exceed_it(spec: str, allowed: int) -> None:
    found = budget.fit(spec, {}, allowed, 256)
    used = budget.multiply_adds(catalog.find(spec), found, 256)
    assert 0.75 * allowed < used <= allowed


def test_given_widths_stay_as_they_are() -> None:
    found = budget.fit("generator:mobile-resnet", {"inner": "40", "blocks": 3}, 10**9, 256)
    assert found["inner"] == "40" and found["blocks"] == 3 and found["widths"] != "16,32,128,32,16"


@pytest.mark.parametrize(("text", "number"), [("1.0G", 10**9), ("350M", 350 * 10**6), ("2e8", 2 * 10**8), ("9k", 9000)])
def test_a_budget_is_read(text: str, number: int) -> None:
    assert budget.parse(text) == number


@pytest.mark.parametrize("text", ["", "G", "0", "-1G", "1T", "nan", "inf"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(OptionError, match=r"Write it like 1\.0G"):
        budget.parse(text)


def test_the_student_has_what_its_teacher_asks_for() -> None:
    plan = distill.plan(HORSES, "mobile-resnet", "1.0G", None, {"steps": 5})
    assert plan.recipe == "distill" and plan.settings["steps"] == 5
    options = plan.settings["part_options"]["generator"]
    assert options["global_skip"] is True and options["norm"] == options["separable_norm"] == "batch"
    assert plan.settings["options"]["teacher"] == HORSES and plan.settings["options"]["image_size"] == 256
    assert 0.75e9 < plan.multiply_adds <= 1e9 < plan.teacher_multiply_adds
    assert distill.plan(HORSES, "mobile-resnet", None, True, {}).recipe == "distill-pairs"


@pytest.mark.parametrize(
    ("ref", "into", "macs", "message"),
    [
        ("dcgan/fashion-mnist", "mobile-resnet", None, "Only models that translate images"),
        (HORSES, "dcgan", None, "generator:dcgan is not a generator for image-to-image"),
        (HORSES, "loss:hinge", None, "is not a generator for image-to-image"),
        (HORSES, "mobile-resnet", "1M", "needs at least .* more than the budget of 0.001 G"),
    ],
)
def test_what_cannot_be_distilled_is_refused(ref: str, into: str, macs: str | None, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        distill.plan(ref, into, macs, None, {})


def test_channels_with_ranges_of_their_own_are_refused(tmp_path: Path) -> None:
    translator(input_channels=bands(3), output_channels=bands(3)).save(tmp_path / "bands")
    with pytest.raises(OptionError, match="channels with ranges of their own"):
        distill.plan(f"dir:{tmp_path / 'bands'}", "mobile-resnet", None, None, {})


@pytest.mark.usefixtures("one_thread")
def test_stopped_and_resumed_equals_straight_on(teacher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data(tmp_path, "unpaired")
    settings = {**SMALL, "validation": 0.3, "sample_every": 2, "ema_decay": 0.9}
    straight = ganzoo.distill(teacher, data, tmp_path / "straight", **settings)
    monkeypatch.chdir(tmp_path)  # a reference by a relative path resumes from anywhere
    with pytest.raises(TrainingError, match="Stopped by SIGTERM after step 3"):
        ganzoo.distill("dir:teacher", data, tmp_path / "stopped", reporter=Watcher(stop_at=3), **settings)
    monkeypatch.chdir("/")
    ganzoo.resume(tmp_path / "stopped")
    assert_same_run(straight, tmp_path / "stopped", 6)
    assert read_settings(straight).options == read_settings(tmp_path / "stopped").options
    model = ganzoo.load(f"dir:{straight}", engine="torch", device="cpu")
    assert model.card.name == "distill/straight" and model.card.training.options["teacher"] == teacher
    assert (straight / "best" / "config.json").exists()


@pytest.mark.usefixtures("one_thread")
def test_a_student_that_is_fitted_starts_close_and_resumes_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_data(tmp_path, "unpaired")
    network = {"width": 4, "levels": 4, "norm": "instance"}
    settings: dict[str, Any] = {
        **SMALL,
        "steps": 2,
        "options": {"image_size": 32, "adversarial_weight": 0.0, "learning_rate": 1e-9, "fit_images": 5},
        "part_options": {"generator": network},
    }
    into = {"into": "efficientnet-unet"}
    straight = ganzoo.distill(HORSES, data, tmp_path / "straight", **into, **settings)
    watcher = Watcher(stop_at=1)
    with pytest.raises(TrainingError, match="Stopped by SIGTERM after step 1"):
        ganzoo.distill(HORSES, data, tmp_path / "stopped", reporter=watcher, **into, **settings)
    assert watcher.notes[0].startswith("Fitting the student to its teacher on 5 images")
    assert re.fullmatch(r"Fitted in \d+ s\.", watcher.notes[1])
    calls: list[object] = []
    monkeypatch.setattr("ganzoo_plugins.efficientnet_unet.layer_fitting.fit", lambda *given: calls.append(given))
    ganzoo.resume(tmp_path / "stopped")
    assert not calls, "a resumed run is not fitted again"
    assert_same_run(straight, tmp_path / "stopped", 2)
    settings["options"] = {**settings["options"], "fit_images": 0}
    random = ganzoo.distill(HORSES, data, tmp_path / "random", **into, **settings)
    assert not calls
    planned = distill.plan(HORSES, "efficientnet-unet", None, False, settings)
    counted = dry_run(planned.recipe, data, **planned.settings).parameters
    assert counted["student"] == ganzoo.info(f"dir:{random}").parameters, "its frozen encoder counts"
    teacher, fitted, unfitted = (
        ganzoo.load(ref, engine="torch", device="cpu").generator for ref in (HORSES, f"dir:{straight}", f"dir:{random}")
    )
    known, own = teacher.encoder.state_dict(), fitted.encoder.state_dict()
    assert all(torch.equal(known[name], own[name]) for name in own)
    assert fitted.last.weight.abs().max() > 1e-3 > unfitted.last.weight.abs().max()


def test_a_student_that_cannot_be_fitted_is_refused_before_anything_is_written(teacher: str, tmp_path: Path) -> None:
    data = make_data(tmp_path, "unpaired")
    settings = {**SMALL, "options": {**SMALL["options"], "fit_images": 2}}
    with pytest.raises(GanzooError, match="generator:mobile-resnet cannot be fitted to a teacher"):
        ganzoo.distill(teacher, data, tmp_path / "run", **settings)
    settings["options"] = {"image_size": 32, "adversarial_weight": 0.0, "fit_images": 100}
    settings["part_options"] = {"generator": {"width": 4, "levels": 4, "norm": "instance"}}
    with pytest.raises(OptionError, match=r"fit_images=100 is not right. There are only \d training images: set"):
        ganzoo.distill(HORSES, data, tmp_path / "run", into="efficientnet-unet", **settings)
    assert not (tmp_path / "run").exists()


def test_the_teachers_discriminator_is_continued_where_it_was_kept(tmp_path: Path) -> None:
    run = train("cyclegan", tmp_path, "teacher", steps=2)
    part_options = {"generator": {**STUDENT["generator"]}}
    settings = {**SMALL, "steps": 1, "part_options": part_options, "options": {"image_size": 16, "learning_rate": 1e-9}}
    student = ganzoo.distill(f"dir:{run}", make_data(tmp_path, "unpaired"), tmp_path / "student", **settings)
    kept, found = (load_file(folder / "discriminator.safetensors") for folder in (run, student))
    assert list(kept) == list(found)
    assert all(torch.allclose(found[name], each, atol=1e-7) for name, each in kept.items())
    fresh = ganzoo.distill(
        f"dir:{run}",
        make_data(tmp_path, "unpaired"),
        tmp_path / "fresh",
        **{**settings, "part_options": {**part_options, "discriminator": {"width": 5}}},
    )
    assert load_file(fresh / "discriminator.safetensors")["layers.0.weight"].shape[0] == 5


def test_pairs_go_on_with_pairs(tmp_path: Path) -> None:
    data = make_data(tmp_path, "paired")
    run = train("pix2pix", tmp_path, "teacher", steps=1)
    settings = {**SMALL, "steps": 1, "validation": 0.3, "options": {}, "part_options": STUDENT}
    student = ganzoo.distill(f"dir:{run}", data, tmp_path / "student", **settings)
    assert read_settings(student).recipe == "distill-pairs"
    assert read_settings(student).part_options["discriminator"]["in_channels"] == 6


def test_the_command_says_what_the_student_takes(
    teacher: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(make_data(tmp_path, "unpaired"))
    common = ["distill", teacher, data, "--into", "pixelwise", "--device", "cpu", "--set", "image_size=16"]
    small = ["--set", "discriminator.width=4", "--set", "discriminator.receptive_field=16", "--batch-size", "2"]
    code, out, err = call(capsys, *common, *small, "--macs", "5M", "--dry-run")
    assert code == 0 and "recipe      distill on" in out and "network     student:" in out
    assert "generator:pixelwise: 0.00" in err and "G multiply-adds for 64x64 pixels, the teacher 0.0" in err
    assert not (tmp_path / "run").exists()
    code, out, err = call(capsys, *common, *small, "-o", str(tmp_path / "run"), "--steps", "1")
    assert code == 0 and out.strip() == f"dir:{tmp_path / 'run'}"
    code, _, err = call(capsys, *common)
    assert code == 2 and "Give -o RUN" in err
