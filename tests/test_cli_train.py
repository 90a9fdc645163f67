"""ganzoo train, from the line typed to a run that loads."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import picture
from test_cli_main import call

import ganzoo

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
    assert (asked["options"], asked["parts"]) == ({"learning_rate": "0.001"}, {"loss": "hinge"})
    assert asked["part_options"] == {"generator": {"width": "4"}, "discriminator": {"width": "4"}}
    model = ganzoo.load("dir:runs/a", device="cpu")
    assert model.generate(1)[0].size == (16, 16)
    assert model.card.options["width"] == 4
    code, out, err = call(capsys, "train", "--resume", "runs/a", "--steps", "5")
    assert (code, out) == (0, "dir:runs/a\n"), err
    assert ganzoo.info("dir:runs/a").training.steps == 5  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["dcgna", "photos"], 1, "Did you mean 'dcgan'?"),
        (["dcgan", "nowhere"], 1, "There is no"),
        (["dcgan", "photos/0.png"], 1, "neither a folder nor a .zip"),
        (["dcgan", "photos", "--set", "learning_rte=1"], 1, "Did you mean 'learning_rate'?"),
        (["dcgan", "photos", "--set", "learning_rate=fast"], 1, "learning_rate='fast' is not right"),
        (["dcgan", "photos", "--set", "generator.wdth=4"], 1, "Did you mean 'width'?"),
        (["dcgan", "photos", "--set", "genrator.width=4"], 1, "Did you mean 'generator'?"),
        (["dcgan", "photos", "--part", "loss=hingee"], 1, "Did you mean 'hinge'?"),
        (["dcgan", "photos", "--part", "lss=hinge"], 1, "Did you mean 'loss'?"),
        (["dcgan", "photos", "--part", "loss=generator:dcgan"], 1, "takes a loss"),
        (["dcgan", "photos", "--device", "gpu"], 1, "'gpu' is no device"),
        (["dcgan", "photos", "--ema", "1.5"], 1, "ema_decay"),
        (["dcgan", "photos", "--set", "learning_rate"], 2, "Write --set KEY=VALUE"),
        (["dcgan", "photos", "--part", "=x"], 2, "Write --part ROLE=ENTRY"),
        (["dcgan", "photos", "--steps", "0"], 2, "--steps"),
        (["dcgan", "photos", "--precision", "fp8"], 2, "--precision"),
        (["dcgan"], 2, "Missing: DATA"),
        ([], 2, "Missing: RECIPE, DATA"),
    ],
)
def test_mistakes_are_told_before_the_run_folder_is_made(
    capsys: Capture, arguments: list[str], code: int, text: str
) -> None:
    ended, out, err = call(capsys, "train", *arguments, "-o", "runs/a")
    assert (ended, out, text in err) == (code, "", True), err
    assert not Path("runs").exists()


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
    ],
)
def test_resuming_takes_nothing_but_steps(capsys: Capture, extra: list[str], named: str) -> None:
    code, _, err = call(capsys, "train", "--resume", "run", *extra)
    assert (code, f"from the run: leave out {named}." in err) == (2, True), err


def test_resuming_what_is_no_run(capsys: Capture) -> None:
    code, _, err = call(capsys, "train", "--resume", "photos")
    assert (code, "photos is no training run" in err) == (1, True)


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
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            process.kill()
    assert process.returncode == 1
    stopped = re.search(r"^Error: Stopped by SIGINT after step (\d+); nothing is lost. Go on with: (.*)$", rest, re.M)
    assert stopped and stopped[2] == "ganzoo train --resume run"
    assert "Traceback" not in rest
    step = int(stopped[1])
    assert ganzoo.info("dir:run").training.steps == step  # type: ignore[union-attr]
    assert call(capsys, "train", "--resume", "run", "--steps", str(step + 1))[0] == 0
