"""ganzoo train, from the line typed to a run that loads."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import picture

import ganzoo
from ganzoo.errors import TrainingError
from tests.cli.test_main import call

Run = Callable[..., subprocess.CompletedProcess[str]]
Capture = pytest.CaptureFixture[str]
TINY = ["--set", "generator.width=4", "--set", "discriminator.width=4", "--batch-size", "2", "--device", "cpu"]


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with six pictures of 16x16 in photos/."""
    (tmp_path / "photos").mkdir()
    for seed in range(6):
        picture(16, 16, seed).save(tmp_path / "photos" / f"{seed}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_trains_loads_and_goes_on(capsys: Capture) -> None:
    options = ["--steps", "3", "--seed", "5", "--log-every", "1", "--part", "loss=hinge", *TINY]
    code, out, err = call(capsys, "train", "dcgan", "photos", "-o", "runs/a", "--set", "learning_rate=0.001", *options)
    assert (code, out) == (0, "dir:runs/a\n"), err
    assert [line.split()[:2] for line in err.splitlines() if line.startswith("step ")] == [
        ["step", f"{n}/3"] for n in (1, 2, 3)
    ]
    asked = json.loads(Path("runs/a/run.json").read_text())
    assert (asked["seed"], asked["steps"], asked["batch_size"], asked["device"]) == (5, 3, 2, "cpu")
    assert (asked["options"]["learning_rate"], asked["parts"]["loss"]) == (0.001, "loss:hinge")
    assert (asked["options"]["image_size"], asked["parts"]["generator"]) == (16, "generator:dcgan")  # nobody set these
    assert {role: asked["part_options"][role]["width"] for role in ("generator", "discriminator")} == {
        "generator": 4,
        "discriminator": 4,
    }
    model = ganzoo.load("dir:runs/a", device="cpu")
    assert model.generate(1)[0].size == (16, 16)
    assert model.card.options["width"] == 4
    code, out, err = call(capsys, "train", "--resume", "runs/a", "--steps", "5")
    assert (code, out) == (0, "dir:runs/a\n"), err
    assert ganzoo.info("dir:runs/a").training.steps == 5  # type: ignore[union-attr]


def test_minutes_become_steps(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    found = dataclasses.make_dataclass("Found", ["step_seconds"])(step_seconds=20.0)
    monkeypatch.setattr("ganzoo.training.dry_run.dry_run", lambda *arguments, **settings: found)
    code, _, err = call(capsys, "train", "dcgan", "photos", "-o", "runs/m", "--minutes", "1", *TINY)
    assert code == 0 and err.splitlines()[0] == "3 steps of 20 s fit in 60 s.", err
    assert json.loads(Path("runs/m/run.json").read_text())["steps"] == 3
    code, _, err = call(capsys, "train", "--resume", "runs/m", "--steps", "4")
    assert code == 0 and "runs/m continues after step 3 of 4." in err.splitlines()
    code, _, err = call(capsys, "train", "dcgan", "photos", "-o", "x", "--minutes", "1", "--steps", "3")
    assert code == 2 and "Give one of them" in err


def test_a_dry_run_notes_a_large_batch_and_a_long_run(capsys: Capture) -> None:
    arguments = ["train", "dcgan", "photos", "--dry-run", *TINY]
    out = call(capsys, *arguments, "--batch-size", "6", "--steps", "1000000000")[1]
    assert "a batch of 6 is much of 6 images; try --batch-size 1" in out and "longer than a day; --steps " in out
    out = call(capsys, *arguments, "--batch-size", "1", "--steps", "1")[1]
    assert "note " not in out


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["dcgna", "photos"], 1, "Did you mean 'dcgan'?"),
        (["dcgan", "nowhere"], 1, "There is no"),
        (["dcgan", "photos/0.png"], 1, "neither a folder nor a .zip"),
        (["dcgan", "photos", "--set", "learning_rte=1"], 1, "Did you mean 'learning_rate'?"),
        (["dcgan", "photos", "--set", "learning_rate=fast"], 1, "learning_rate='fast' should be a number, above 0"),
        (["dcgan", "photos", "--set", "generator.wdth=4"], 1, "Did you mean 'width'?"),
        (["dcgan", "photos", "--set", "genrator.width=4"], 1, "Did you mean 'generator'?"),
        (["dcgan", "photos", "--part", "loss=hingee"], 1, "Did you mean 'hinge'?"),
        (["dcgan", "photos", "--part", "lss=hinge"], 1, "Did you mean 'loss'?"),
        (["dcgan", "photos", "--part", "loss=generator:dcgan"], 1, "takes a loss"),
        (["dcgan", "photos", "--device", "gpu"], 1, "'gpu' is not a device"),
        (["dcgan", "photos", "--ema", "1.5"], 1, "ema_decay"),
        (["dcgan", "photos", "--set", "learning_rate"], 2, "Write --set KEY=VALUE"),
        (["dcgan", "photos", "--part", "=x"], 2, "Write --part ROLE=ENTRY"),
        (["dcgan", "photos", "--steps", "0"], 2, "--steps"),
        (["dcgan", "photos", "--precision", "fp8"], 2, "--precision"),
        (["dcgan", "photos", "--memory-format", "last"], 2, "--memory-format"),
        (["dcgan", "photos", "--accumulate", "0"], 2, "--accumulate"),
        (["dcgan", "photos", "--keep", "0"], 2, "--keep"),
        (["dcgan", "photos", "--workers", "0"], 2, "--workers"),
        (["dcgan", "photos", "--batch-size", "3", "--accumulate", "2"], 1, "batch_size=3 cannot be split evenly"),
        (["dcgan", "photos", "--from", "dir:nowhere"], 1, "nowhere"),
        (["dcgan", "photos", "--from", "b2a=vanilla/fashion-mnist"], 1, "no network 'b2a' to start from"),
        (["dcgan", "photos", "--from", "vanilla/fashion-mnist"], 1, "--part generator=vanilla"),
        (["dcgan", "photos", "--set", "augment=blur"], 1, "'blur' is not an augmentation"),
        (
            ["dcgan", "photos", "--set", "schedule=step"],
            1,
            "schedule='step' should be 'constant', 'linear' or 'cosine'",
        ),
        (["dcgan", "photos", "--best", "distance"], 1, "best='distance' needs held-out images"),
        (["dcgan", "photos", "--set", "r1=-1"], 1, "r1=-1.0 should be"),
        (["dcgan"], 2, "Missing: DATA"),
        ([], 2, "Missing: RECIPE, DATA"),
    ],
)
def test_mistakes_are_reported_before_the_run_folder_is_made(
    capsys: Capture, arguments: list[str], code: int, text: str
) -> None:
    ended, out, err = call(capsys, "train", *arguments, "-o", "runs/a")
    assert (ended, out, text in err) == (code, "", True), err
    assert not Path("runs").exists()


# What is typed, and what the run's settings have of it.
SETTINGS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "nothing": (
        [],
        {"accumulate": 1, "precision": "fp32", "memory_format": "auto", "compile": False, "start_from": {}},
    ),
    "nothing either": ([], {"best": "", "keep": 2, "stop_on_warning": False, "tensorboard": False, "workers": 0}),
    "accumulate": (["--accumulate", "2"], {"accumulate": 2}),
    "precision": (["--precision", "fp16"], {"precision": "fp16"}),
    "memory format": (["--memory-format", "channels_last"], {"memory_format": "channels_last"}),
    "compile": (["--compile"], {"compile": True}),
    "from": (["--from", "dir:runs/x"], {"start_from": {"": "dir:runs/x"}}),
    "from, by network": (
        ["--from", "a2b=cyclegan/horse2zebra", "--from", "b2a=hf-hub:you/zebras@v1.0"],
        {"start_from": {"a2b": "cyclegan/horse2zebra", "b2a": "hf-hub:you/zebras@v1.0"}},
    ),
    "from, a folder with =": (["--from", "dir:runs/lr=3"], {"start_from": {"": "dir:runs/lr=3"}}),
    "best": (["--best", "distance", "--validation", "0.25"], {"best": "distance", "validation": 0.25}),
    "keep": (["--keep", "5"], {"keep": 5}),
    "stop": (["--stop-on-warning"], {"stop_on_warning": True}),
    "tensorboard": (["--tensorboard"], {"tensorboard": True}),
    "workers": (["--workers", "3"], {"workers": 3}),
    "two sets": (["more"], {"data": ["photos", "more"]}),
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What training is asked for, in the order in which it is: settings, after they were checked."""
    from ganzoo.training import dry_run as dry_run_module
    from ganzoo.training import settings
    from ganzoo.training import train as train_module

    found: list[dict[str, Any]] = []

    def note(kind: str, recipe: str, data: Any, **values: Any) -> None:
        paths = [str(path) for path in data]
        checked = settings.parse_settings({**values, "recipe": recipe, "data": paths[0] if len(paths) == 1 else paths})
        found.append({"kind": kind, **dataclasses.asdict(checked)})

    def train(recipe: str, data: Any, output: Path, *, reporter: Any, **values: Any) -> Path:
        note("train", recipe, data, **values)
        return output

    def dry_run(recipe: str, data: Any, **values: Any) -> None:
        values.pop("on_progress")
        note("dry_run", recipe, data, **values)
        raise TrainingError("Enough.")

    monkeypatch.setattr(train_module, "train", train)
    monkeypatch.setattr(dry_run_module, "dry_run", dry_run)
    return found


@pytest.mark.parametrize("case", SETTINGS)
def test_what_is_typed_is_what_training_is_asked_for(capsys: Capture, asked: list[dict[str, Any]], case: str) -> None:
    typed, expected = SETTINGS[case]
    data, options = (typed, []) if case == "two sets" else ([], typed)
    assert call(capsys, "train", "dcgan", "photos", *data, "-o", "run", *options)[0] == 0
    assert call(capsys, "train", "dcgan", "photos", *data, "--dry-run", *options)[0] == 1
    assert [each["kind"] for each in asked] == ["train", "dry_run"]
    for each in asked:
        assert {name: each[name] for name in expected} == expected


@pytest.mark.parametrize("where", [["--dry-run"], ["-o", "run"]])
def test_tensorboard_without_its_library_is_refused_with_how_to_get_it(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, where: list[str]
) -> None:
    find = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> Any:
        return None if name.partition(".")[0] == "tensorboard" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    code, out, err = call(capsys, "train", "dcgan", "photos", "--tensorboard", *where, *TINY)
    assert (code, out) == (1, "")
    assert err.endswith("pip install 'ganzoo-core[tensorboard]'\n")
    assert not Path("run").exists()
    assert call(capsys, "train", "dcgan", "photos", "--dry-run", *TINY)[0] == 0


def test_two_paths_are_the_two_sets_of_an_unpaired_recipe(capsys: Capture) -> None:
    Path("others").mkdir()
    for seed in range(4):
        picture(16, 16, seed + 50).save(f"others/{seed}.png")
    small = ["--set", "generator.width=4", "--set", "generator.blocks=1", "--set", "discriminator.width=4"]
    small += ["--set", "image_size=16", "--set", "discriminator.receptive_field=16", "--device", "cpu", "--steps", "1"]
    code, _, err = call(capsys, "train", "cyclegan", "photos", "others", "-o", "run", *small)
    assert code == 0, err
    assert json.loads(Path("run/run.json").read_text())["data"] == [
        str(Path(x).resolve()) for x in ("photos", "others")
    ]
    assert ganzoo.info("dir:run").dataset.count == 10  # type: ignore[union-attr]
    assert call(capsys, "train", "--resume", "run", "--steps", "2")[0] == 0
    code, _, err = call(capsys, "train", "dcgan", "photos", "others", "-o", "other", *small[-4:])
    assert (code, Path("other").exists()) == (1, False), err


def test_a_run_from_another_s_weights_with_all_that_steadies_it(capsys: Capture) -> None:
    assert call(capsys, "train", "dcgan", "photos", "-o", "first", "--steps", "1", *TINY)[0] == 0
    steady = ["augment=color,translation", "r1=1", "r1_every=2", "discriminator_steps=2", "clip_norm=1"]
    steady += ["schedule=cosine", "warmup=0.1", "discriminator_learning_rate=4e-4"]
    options = [part for option in steady for part in ("--set", option)]
    more = ["--from", "dir:first", "--steps", "4", "--validation", "0.4", "--best", "distance", "--sample-every", "2"]
    code, out, err = call(capsys, "train", "dcgan", "photos", "-o", "second", *more, *options, *TINY)
    assert (code, out) == (0, "dir:second\n"), err
    training = ganzoo.info("dir:second").training  # type: ignore[union-attr]
    assert training is not None and training.start_from == {"": "dir:first"}
    assert training.options["augment"] == "color,translation" and training.options["r1_every"] == 2
    best = json.loads(Path("second/best.json").read_text())
    assert ganzoo.info("dir:second/best").training.steps == best["step"]  # type: ignore[union-attr]


def test_the_output_is_asked_for(capsys: Capture) -> None:
    code, _, err = call(capsys, "train", "dcgan", "photos")
    assert (code, "Missing: -o RUN" in err) == (2, True)


def test_an_output_that_is_taken_is_left_as_it_is(capsys: Capture) -> None:
    Path("file").write_text("mine")
    assert "is a file" in call(capsys, "train", "dcgan", "photos", "-o", "file", *TINY)[2]
    assert call(capsys, "train", "dcgan", "photos", "-o", "file/run", *TINY)[0] == 1
    assert Path("file").read_text() == "mine"
    Path("run").mkdir()
    Path("run/run.json").write_text("{}")
    code, _, err = call(capsys, "train", "dcgan", "photos", "-o", "run", *TINY)
    assert (code, "--resume run" in err) == (1, True)
    assert [path.name for path in Path("run").iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        (["dcgan", "photos"], "RECIPE, DATA"),
        (["-o", "x"], "--output"),
        (["--seed", "0"], "--seed"),
        (["--device", "auto"], "--device"),
        (["--set", "a=b", "--part", "loss=hinge"], "--set, --part"),
        (["--steps", "9", "--batch-size", "4"], "--batch-size"),
        (["--dry-run"], "--dry-run"),
        (["--stop-on-warning", "--tensorboard", "--compile"], "--compile, --stop-on-warning, --tensorboard"),
        (["--from", "dir:x"], "--from"),
    ],
)
def test_resuming_takes_nothing_but_steps(capsys: Capture, extra: list[str], named: str) -> None:
    code, _, err = call(capsys, "train", "--resume", "run", *extra)
    assert (code, f"from the run: omit {named}." in err) == (2, True), err
    assert err.endswith("Run: ganzoo train --resume run\n")


def test_resume_without_a_run_takes_that_of_the_output_or_says_what_to_give(capsys: Capture) -> None:
    code, _, err = call(capsys, "train", "--resume", "-o", "photos")
    assert (code, "photos is not a training run" in err) == (1, True)
    code, _, err = call(capsys, "train", "dcgan", "photos", "-o", "runs/my run", "--resume")
    assert (code, err.splitlines()[-1]) == (2, "Run: ganzoo train --resume 'runs/my run'"), err
    code, _, err = call(capsys, "train", "--resume")
    assert (code, "needs the folder of a run: ganzoo train --resume RUN" in err) == (2, True)


def test_resuming_what_is_no_run(capsys: Capture) -> None:
    code, _, err = call(capsys, "train", "--resume", "photos")
    assert (code, "photos is not a training run" in err) == (1, True)


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_and_says_how_to_go_on(capsys: Capture) -> None:
    command = [sys.executable, "-m", "ganzoo", "train", "dcgan", "photos", "-o", "run", "--steps", "100000"]
    with subprocess.Popen([*command, "--log-every", "1", *TINY], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if line.startswith("step 3/"):
                    break
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
            deadline = time.monotonic() + 240
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            process.kill()
    assert process.returncode == 1
    stopped = re.search(r"^Error: Stopped by SIGINT after step (\d+); nothing is lost. Resume with: (.*)$", rest, re.M)
    assert stopped and stopped[2] == "ganzoo train --resume run"
    assert "Traceback" not in rest
    step = int(stopped[1])
    assert ganzoo.info("dir:run").training.steps == step  # type: ignore[union-attr]
    assert call(capsys, "train", "--resume", "run", "--steps", str(step + 1))[0] == 0
