"""Packages of strangers, one for each kind of thing: installed by pip, trained, resumed, evaluated, pushed and loaded.

One environment has all of them, a second only the one that a pushed model needs, a third none.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from conftest import picture
from fresh_environment import Environment
from hub_server import Hub, hub

__all__ = ["hub"]  # the fixture
SMALL = ("--set", "generator.width=4", "--set", "discriminator.width=4", "--device", "cpu")


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    names = ("r3gan", "brightness", "mat", "gradients", "perceptual", "tomorrow")
    packages = [f"ganzoo-{name}" for name in names]
    installed = Environment(tmp_path_factory.mktemp("kinds"), *packages)
    for folder in ("images", "a", "b"):
        (installed.work / folder).mkdir()
        for number in range(4):
            picture(16, 16, number).save(installed.work / folder / f"{number}.png")
    return installed


@pytest.fixture(scope="module")
def run(strangers: Environment) -> Path:
    """A relativistic GAN with two regularizers, trained by the stranger's recipe and resumed."""
    small = ("--set", "image_size=16", "--set", "r1.weight=0.5", *SMALL)
    strangers.ganzoo("train", "r3gan", "images", "-o", "runs/r3gan", "--steps", 1, "--batch-size", 2, *small)
    strangers.ganzoo("train", "--resume", "runs/r3gan", "--steps", 2)
    return strangers.work / "runs" / "r3gan"


@pytest.mark.slow
def test_the_relativistic_gan_records_parts_and_plugin(run: Path) -> None:
    settings = json.loads((run / "run.json").read_text())
    assert settings["plugins"] == {"ganzoo-r3gan": "1.0.0"}
    assert settings["parts"]["r1"] == "regularizer:r1" and settings["part_options"]["r1"]["weight"] == 0.5
    training = json.loads((run / "config.json").read_text())["card"]["training"]
    assert training["steps"] == 2 and training["parts"]["loss"]["entry"] == "loss:relativistic"


def test_a_strangers_metric_evaluates_a_strangers_model(strangers: Environment, run: Path) -> None:
    strangers.ganzoo("eval", f"dir:{run}", "--data", "images", "--metrics", "brightness", "-n", 4, "-o", "scores.json")
    (score,) = json.loads((strangers.work / "scores.json").read_text())["scores"]
    assert score["metric"] == "brightness"
    assert score["protocol"]["library"].endswith("ganzoo-brightness 1.0.0")


def test_a_strangers_reader_opens_its_files(strangers: Environment) -> None:
    from scipy.io import savemat

    values = np.arange(48, dtype=np.uint16).reshape(6, 8)
    savemat(strangers.work / "scan.mat", {"scan": values})
    code = (
        "import numpy as np, ganzoo\n"
        "from ganzoo.image_io.raster_files import open_frames\n"
        "print(np.asarray(open_frames('scan.mat')[0]).tolist())\n"
    )
    assert json.loads(strangers.run(strangers.python, "-c", code)) == [values.tolist()]
    assert "scan.mat" in strangers.ganzoo("inspect", "scan.mat")


@pytest.mark.slow
def test_a_strangers_data_source_trains_and_resumes(strangers: Environment) -> None:
    small = ("--set", "image_size=16", "--set", "generator.width=4", "--set", "discriminator.width=4")
    options = ("-o", "runs/gradients", "--steps", 1, "--batch-size", 2, "--device", "cpu", *small)
    strangers.ganzoo("train", "dcgan", "gradients:16", *options)
    strangers.ganzoo("train", "--resume", "runs/gradients", "--steps", 2)
    settings = json.loads((strangers.work / "runs" / "gradients" / "run.json").read_text())
    assert "gradients:16" in json.dumps(settings["data"])


def test_a_cyclegan_with_one_more_loss_trains(strangers: Environment) -> None:
    small = ("--set", "image_size=32", "--set", "generator.blocks=1", *SMALL)
    strangers.ganzoo("train", "perceptual", "a", "b", "-o", "runs/perceptual", "--steps", 2, *small)
    lines = (strangers.work / "runs" / "perceptual" / "metrics.jsonl").read_text().splitlines()
    assert "perceptual" in lines[-1]


@pytest.mark.parametrize("command", [("list",), ("info", "dcgan/fashion-mnist"), ("list", "--entries"), ("plugins",)])
def test_a_plugin_made_for_tomorrow_stops_no_command(strangers: Environment, command: tuple[str, ...]) -> None:
    done = strangers.attempt(strangers.python, "-m", "ganzoo", *command)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if command == ("plugins",):
        assert "made for version 99 of the plugin API, you have 1: update ganzoo-core" in " ".join(done.stdout.split())
    if command == ("list", "--entries"):
        assert "kind 'hologram' is not one of" in done.stderr
        assert "loss:of-today" in done.stdout


LOAD = (
    "import sys, ganzoo; m = ganzoo.load(sys.argv[1], device='cpu'); print(m.card.training.recipe, len(m.generate(2)))"
)


@pytest.mark.slow
def test_a_pushed_model_loads_without_flags_elsewhere(
    strangers: Environment, run: Path, hub: Hub, tmp_path: Path
) -> None:
    own = {
        name: value for name, value in hub.env(tmp_path / "home", hub.token).items() if os.environ.get(name) != value
    }
    strangers.ganzoo("push", f"dir:{run}", "alice/r3gan", **own)
    second = Environment(tmp_path / "second", "ganzoo-r3gan")
    elsewhere = {**own, "HF_HOME": str(tmp_path / "other-home")}
    assert second.run(second.python, "-c", LOAD, "hf-hub:alice/r3gan", **elsewhere).split() == ["r3gan", "2"]


def test_without_the_plugin_resuming_is_one_sentence(run: Path, tmp_path: Path) -> None:
    without = Environment(tmp_path / "none")
    done = without.attempt(without.python, "-m", "ganzoo", "train", "--resume", run, "--steps", 3)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"Error: {run} needs the entry 'recipe:r3gan', which no installed plugin has. "
        "Install the plugin it was made with: ganzoo-r3gan 1.0.0."
    )


def test_their_own_tests_pass_where_they_are_installed(strangers: Environment) -> None:
    tests = [
        strangers.work.parent / "source" / f"ganzoo-{name}" / "tests" for name in ("brightness", "mat", "gradients")
    ]
    options = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-c", os.devnull)
    assert "passed" in strangers.run(strangers.python, "-m", "pytest", *options, *tests)
