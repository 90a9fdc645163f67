"""Packages of strangers, one for each kind of thing: installed by pip, trained, resumed, evaluated, pushed and loaded.

One environment has all of them, and the package made for tomorrow; a second only those that pushed models need, a
third none.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import picture
from fresh_environment import Environment
from hub_server import Hub, hub

__all__ = ["hub"]  # the fixture
SMALL = ("--set", "generator.width=4", "--set", "discriminator.width=4", "--device", "cpu")


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    packages = [f"ganzoo-{name}" for name in (*PACKAGES, "tomorrow")]
    installed = Environment(tmp_path_factory.mktemp("kinds"), *packages)
    for folder in ("images", "gray", "a", "b"):
        (installed.work / folder).mkdir()
        for number in range(4):
            picture(*((16, 16) if folder == "gray" else (32, 32)), number).save(
                installed.work / folder / f"{number}.png"
            )
    return installed


@pytest.fixture(scope="module")
def run(strangers: Environment) -> Path:
    """A relativistic GAN with two regularizers, trained by the stranger's recipe and resumed."""
    small = ("--set", "image_size=16", "--set", "r1.weight=0.5", *SMALL)
    strangers.ganzoo("train", "rpgan", "images", "-o", "runs/rpgan", "--steps", 1, "--batch-size", 2, *small)
    strangers.ganzoo("train", "--resume", "runs/rpgan", "--steps", 2)
    return strangers.work / "runs" / "rpgan"


@pytest.mark.slow
def test_the_relativistic_gan_records_parts_and_plugin(run: Path) -> None:
    settings = json.loads((run / "run.json").read_text())
    assert settings["plugins"] == {"ganzoo-rpgan": "1.0.0"}
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


PACKAGES = ("rpgan", "brightness", "mat", "gradients", "perceptual", "tiny")
LIFE = Path(__file__).parent.parent / "third_party" / "life_of_each.py"


@pytest.fixture(scope="module")
def account(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of somebody who may push to the Hub."""
    home = tmp_path_factory.mktemp("home")
    return {name: value for name, value in hub.env(home, hub.token).items() if os.environ.get(name) != value}


@pytest.fixture(scope="module")
def lives(strangers: Environment, account: dict[str, str]) -> dict[str, dict[str, Any]]:
    """A model of each package: trained, resumed, evaluated and pushed in the first environment."""
    printed: dict[str, dict[str, Any]] = json.loads(strangers.run(strangers.python, LIFE, "make", **account))
    return printed


@pytest.mark.parametrize("name", PACKAGES)
def test_each_is_trained_resumed_evaluated_and_pushed(lives: dict[str, dict[str, Any]], name: str) -> None:
    life = lives[name]
    assert life["steps"] == 2 and len(life["commit"]) == 40
    assert life["metric"].startswith("mae" if name == "mat" else "brightness")
    version = "1.2.0" if name == "tiny" else "1.0.0"
    assert life["plugins"] == life["run"] == ({} if name == "brightness" else {f"ganzoo-{name}": version})


def test_the_data_source_and_the_extra_loss_are_in_what_runs_record(
    strangers: Environment, lives: dict[str, dict[str, Any]]
) -> None:
    assert lives
    folder = strangers.work / "lives"
    assert json.loads((folder / "gradients" / "run.json").read_text())["data"] == "gradients:16"
    assert "perceptual" in (folder / "perceptual" / "metrics.jsonl").read_text().splitlines()[-1]


def test_each_loads_without_flags_elsewhere(
    lives: dict[str, dict[str, Any]], account: dict[str, str], tmp_path: Path
) -> None:
    second = Environment(tmp_path / "second", "ganzoo-rpgan", "ganzoo-tiny")
    elsewhere = {**account, "HF_HOME": str(tmp_path / "other-home")}
    assert json.loads(second.run(second.python, LIFE, "load", **elsewhere)) == {
        "rpgan": "rpgan",
        "tiny": "tiny",
        "brightness": "dcgan",
        "gradients": "dcgan",
        "mat": "pix2pix",
        "perceptual": "perceptual",
    }


def test_without_the_plugins_each_is_one_sentence(
    strangers: Environment, lives: dict[str, dict[str, Any]], account: dict[str, str], tmp_path: Path
) -> None:
    without = Environment(tmp_path / "none")
    shutil.copytree(strangers.work, without.work, dirs_exist_ok=True)
    said = json.loads(without.run(without.python, LIFE, "without", **account))
    loading, resuming = ({name: both[place] for name, both in said.items()} for place in (0, 1))
    assert {name for name in loading if loading[name]} == {"tiny"}  # the others' networks are ganzoo's own
    assert loading["tiny"].endswith("Install the plugin it was made with: ganzoo-tiny 1.2.0.")
    assert resuming["brightness"] == ""  # the metric is not needed
    for name in ("rpgan", "perceptual", "tiny", "gradients", "mat"):
        assert f"Install the plugin it was made with: ganzoo-{name} 1." in resuming[name], resuming[name]
        assert "\n" not in resuming[name]
    done = without.attempt(without.python, "-m", "ganzoo", "train", "--resume", "lives/rpgan", "--steps", 3)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "Error: lives/rpgan needs the entry 'recipe:rpgan', which no installed plugin has. "
        "Install the plugin it was made with: ganzoo-rpgan 1.0.0."
    )


def test_their_own_tests_pass_where_they_are_installed(strangers: Environment) -> None:
    tests = [
        strangers.work.parent / "source" / f"ganzoo-{name}" / "tests" for name in ("brightness", "mat", "gradients")
    ]
    options = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-c", os.devnull)
    assert "passed" in strangers.run(strangers.python, "-m", "pytest", *options, *tests)
