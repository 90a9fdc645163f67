"""A run tried out: what it tells is what the run does, it fails as the run fails, and it leaves nothing behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import picture
from training_cases import CASES, make_data, train

import ganzoo
from ganzoo.cli.run_options import describe
from ganzoo.errors import GanzooError
from ganzoo.recipes.distributed import ALONE
from ganzoo.training import dry_run as dry_run_module
from ganzoo.training import step_estimate
from ganzoo.training.dry_run import DryRun, dry_run
from ganzoo.training.setup import set_up
from ganzoo.training.train import new_settings
from tests.cli.test_main import call

Capture = pytest.CaptureFixture[str]


def tried(case: str, folder: Path, **more: Any) -> DryRun:
    kind, values = CASES[case]
    recipe = more.pop("recipe", case)
    return dry_run(recipe, make_data(folder, kind), **{"steps": 6, "device": "cpu", **values, **more})


def everything_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Return each path below a folder, with its size and when it was changed."""
    found = {path: path.stat() for path in folder.rglob("*")}
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


@pytest.mark.parametrize(
    ("case", "shapes"),
    [
        ("dcgan", {"image": (3, 3, 16, 16)}),
        ("pix2pix", {"input": (1, 3, 32, 32), "target": (1, 3, 32, 32)}),
        ("cyclegan", {"a": (1, 3, 16, 16), "b": (1, 3, 16, 16)}),
    ],
)
def test_it_shows_what_is_read_and_built(tmp_path: Path, case: str, shapes: dict[str, tuple[int, ...]]) -> None:
    found = tried(case, tmp_path)
    assert found.batch == shapes
    assert sum(found.counts.values()) == 7 * (2 if case == "cyclegan" else 1)
    model = ganzoo.load(f"dir:{train(case, tmp_path, steps=1)}", device="cpu")
    generator = "a2b" if case == "cyclegan" else "generator"
    assert found.parameters[generator] == sum(p.numel() for p in model.generator.parameters()) > 100
    assert len(found.parameters) == (4 if case == "cyclegan" else 2)
    assert found.settings.steps == 6
    assert (found.held_out, found.classes) == (0, [])
    assert found.notes, "what became of the pictures is told, as in a run"


def test_held_out_images_and_classes_are_reported(tmp_path: Path) -> None:
    for first, label in ((0, "boot"), (12, "shoe")):
        (tmp_path / "things" / label).mkdir(parents=True)
        for seed in range(first, first + 12):
            picture(16, 16, seed=seed).save(tmp_path / "things" / label / f"{seed}.png")
    found = dry_run(
        "dcgan", tmp_path / "things", device="cpu", validation=0.3, part_options=CASES["dcgan"][1]["part_options"]
    )
    assert found.classes == ["boot", "shoe"]
    assert found.held_out > 0
    assert sum(found.counts.values()) + found.held_out == 24


def test_time_is_the_median_step_s_times_all_steps_without_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 50.0, 100.0, 103.0, 200.0, 201.0, 300.0, 302.0])  # steps of 50, 3, 1 and 2 seconds
    monkeypatch.setattr(dry_run_module.time, "monotonic", lambda: next(clock))
    found = tried("dcgan", tmp_path, steps=1000)
    assert (found.step_seconds, found.total_seconds) == (2.0, 2000.0)


def test_the_memory_counts_what_the_networks_take(tmp_path: Path) -> None:
    found = tried("dcgan", tmp_path)
    assert found.memory > 50 * 2**20  # Python and torch alone
    assert found.memory < 64 * 2**30


def test_the_batch_is_a_part_of_it_where_it_is_worked_through_in_parts(tmp_path: Path) -> None:
    assert tried("dcgan", tmp_path, batch_size=6, accumulate=3).batch == {"image": (2, 3, 16, 16)}


def test_nothing_is_written_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    make_data(tmp_path, "paired")
    before = everything_in(tmp_path)
    tried("pix2pix", tmp_path, validation=0.3, ema_decay=0.9, tensorboard=True)
    assert everything_in(tmp_path) == before


def test_a_run_afterwards_is_the_same_as_without(tmp_path: Path) -> None:
    alone = train("dcgan", tmp_path, "alone", steps=2)
    tried("dcgan", tmp_path)
    after = train("dcgan", tmp_path, "after", steps=2)
    assert (alone / "model.safetensors").read_bytes() == (after / "model.safetensors").read_bytes()


def test_a_batch_that_cannot_fit_is_refused_before_it_takes_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_estimate, "free_memory", lambda device: 2**30)
    expected = (
        r"^A step on 1,000,000,000,000 images would take at least [\d,.]+ GiB, and cpu has 1\.0 GiB free\. Set a "
    )
    with pytest.raises(GanzooError, match=expected + r"smaller batch_size, such as \d+, or a larger --accumulate"):
        tried("dcgan", tmp_path, batch_size=10**12)
    with pytest.raises(GanzooError, match=r"A step on 1,000,000,000 images"):
        tried("dcgan", tmp_path, batch_size=10**12, accumulate=1000)


def test_steps_that_would_take_too_long_are_estimated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run_module, "LONGEST", 0.0)
    monkeypatch.setattr(step_estimate, "free_memory", lambda device: 0)  # which the system does not tell
    found, few = tried("dcgan", tmp_path, batch_size=10**9), tried("dcgan", tmp_path)
    assert found.batch == {"image": (10**9, 3, 16, 16)}
    assert found.estimated and not few.estimated
    assert found.memory > 10**12 > few.memory and found.step_seconds > 10**4
    assert "estimated from a few images" in "".join(describe(found))
    assert "GiB at most" in "".join(describe(few))


def test_bytes_kept_for_the_backward_pass_count_each_storage_once(tmp_path: Path) -> None:
    setup = set_up(new_settings("dcgan", make_data(tmp_path, "images"), device="cpu", **CASES["dcgan"][1]), ALONE)
    kept = step_estimate.KeptBytes(setup)
    weight = next(p for p in setup.recipe.networks["generator"].parameters() if p.ndim == 1)
    with kept.counting():
        value = torch.ones(250, requires_grad=True)  # 1,000 bytes
        product = (value * value) * weight[0]
        assert kept.kept == kept.peak == 2000  # the values, once, and their product, but no weight
        product.sum().backward()
        del product
        assert (kept.kept, kept.peak) == (0, 2000)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("dcgan", {"recipe": "dcgna"}),
    ("dcgan", {"stpes": 3}),
    ("dcgan", {"options": {"augment": "blur"}}),
    ("dcgan", {"parts": {"loss": "hing"}}),
    ("dcgan", {"part_options": {"generator": {"wdth": 3}}}),
    ("dcgan", {"device": "tpu"}),
    ("dcgan", {"batch_size": 3, "accumulate": 2}),
    ("dcgan", {"best": "distance", "validation": 0.0}),
    ("cyclegan", {"options": {"image_size": 18}}),
    ("dcgan", {"start_from": {"": "dir:nowhere"}}),
    ("dcgan", {"start_from": {"nobody": "vanilla/fashion-mnist"}}),
    ("dcgan", {"part_options": {"discriminator": {"image_size": 32}}}),  # which the first step finds out
]


@pytest.mark.parametrize(("case", "values"), WRONG, ids=str)
def test_it_raises_what_training_would_raise(tmp_path: Path, case: str, values: dict[str, Any]) -> None:
    said = []
    tries: tuple[Callable[..., Any], ...] = (tried, train)
    for attempt in tries:
        with pytest.raises(GanzooError) as caught:
            attempt(case, tmp_path, **values)
        said.append((caught.type, str(caught.value)))
    assert said[0] == said[1]


def cpu_error(text: str) -> RuntimeError:
    """Return the error that torch raises where main memory runs out."""
    return RuntimeError(f"[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: {text}")


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, MemoryError, cpu_error])
def test_a_step_that_does_not_fit_is_reported_as_training_shows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Callable[[str], Exception]
) -> None:
    def greedy(self: Any, batch: Any) -> Any:
        raise error("tried to allocate 2 TiB")

    monkeypatch.setattr(ganzoo.LatentRecipe, "step", greedy)
    with pytest.raises(GanzooError, match=r"Step 1 does not fit in the memory of cpu\. Set a larger --accumulate"):
        tried("dcgan", tmp_path)


# ---- the command -----------------------------------------------------------------------------------------------------

TINY = ["--set", "generator.width=4", "--set", "discriminator.width=4", "--batch-size", "2", "--device", "cpu"]


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_data(tmp_path, "images")


def test_the_command_prints_it_all_needs_no_output_and_writes_nothing(capsys: Capture, photos: Path) -> None:
    before = everything_in(photos.parent)
    options = ["--steps", "5000", "--validation", "0.3", "--dry-run", *TINY]
    code, out, err = call(capsys, "train", "dcgan", str(photos), *options)
    assert (code, err) == (0, "Reading the data, then timing 4 steps ...\n")
    logged: dict[str, list[str]] = {}
    for line in out.splitlines():
        if line[:12].strip():
            logged.setdefault(line[:12].strip(), []).append(line[12:])
    assert logged["recipe"] == [f"dcgan on {photos}"]
    assert logged["data"] == ["4 images, and 3 held out"]
    assert logged["batch"] == ["image 2x3x16x16"]
    counts = dict(re.fullmatch(r"(\w+): ([\d,]+) parameters", each).groups() for each in logged["network"])  # type: ignore[union-attr]
    assert counts.keys() == {"generator", "discriminator"}
    assert logged["machine"][0].endswith(", fp32")
    assert re.fullmatch(r"[\d.e-]+ s per step; .+ for 5,000 steps", logged["time"][0])
    assert re.fullmatch(r"\d+\.\d\d GiB at most", logged["memory"][0])
    assert everything_in(photos.parent) == before


def test_the_command_leaves_an_output_that_was_named_alone(capsys: Capture, photos: Path) -> None:
    assert call(capsys, "train", "dcgan", str(photos), "-o", "run", "--dry-run", *TINY)[0] == 0
    assert not Path("run").exists()


def test_the_command_s_errors_are_those_of_training(capsys: Capture, photos: Path) -> None:
    said = []
    for more in (["--dry-run"], ["-o", "run"]):
        code, out, err = call(capsys, "train", "dcgan", str(photos), "--set", "r1=-1", *TINY, *more)
        assert (code, out) == (1, "")
        said.append(err.splitlines()[-1])
    assert said[0] == said[1] and "r1=-1.0 should be" in said[0]
    assert call(capsys, "train", "dcgan", "--dry-run")[0] == 2


def test_what_the_command_counts_is_what_the_run_s_card_says(capsys: Capture, photos: Path) -> None:
    _, out, _ = call(capsys, "train", "dcgan", str(photos), "--dry-run", *TINY)
    assert call(capsys, "train", "dcgan", str(photos), "-o", "run", "--steps", "1", *TINY)[0] == 0
    parameters = ganzoo.info("dir:run").parameters
    assert f"generator: {parameters:,} parameters" in out
