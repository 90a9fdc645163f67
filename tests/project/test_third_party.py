"""A stranger's package, whole: built and installed with pip in a fresh environment, then used like our own.

The environment sees the libraries of the running one, so that torch is not installed again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import picture
from fresh_environment import PACKAGES, Environment
from PIL import Image

SOURCE = PACKAGES / "ganzoo-tiny"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Environment:
    return Environment(tmp_path_factory.mktemp("third-party"), "ganzoo-tiny")


@pytest.fixture(scope="module")
def run(installed) -> Path:
    """A run of the stranger's recipe, from the command line."""
    pictures = installed.work / "pictures"
    pictures.mkdir()
    for number in range(6):
        picture(16, 16, number).save(pictures / f"{number}.png")
    installed.ganzoo("train", "tiny", pictures, "-o", "runs/mine", "--steps", 4, "--batch-size", 3, "--device", "cpu")
    return installed.work / "runs" / "mine"


def columns(line: str) -> list[str]:
    return re.split(r"\s{2,}", line)


def test_wheel_is_installed_in_the_fresh_environment_alone(installed):
    assert installed.wheels[0].name == "ganzoo_tiny-1.2.0-py3-none-any.whl"
    where = Path(installed.run(installed.python, "-c", "import ganzoo_tiny; print(ganzoo_tiny.__file__)").strip())
    assert installed.python.parent.parent in where.parents
    here = subprocess.run([sys.executable, "-c", "import ganzoo_tiny"], capture_output=True, cwd=installed.work)
    assert here.returncode != 0


def test_plugins_shows_the_stranger_with_its_version(installed):
    lines = [columns(line) for line in installed.ganzoo("plugins").splitlines()]
    assert ["ganzoo_tiny", "ganzoo-tiny", "1.2.0", "1 discriminator, 1 generator, 1 loss, 1 recipe", "loaded"] in lines
    assert "ganzoo_plugins.dcgan" in [line[0] for line in lines]


def test_list_shows_its_model_with_weights_here(installed):
    (card,) = json.loads(installed.ganzoo("list", "tiny/*", "--json"))
    assert card["name"] == "tiny/shapes" and card["here"] is True
    assert "tiny/shapes" in installed.ganzoo("list")


def test_entries_are_listed_beside_ours(installed):
    lines = [columns(line) for line in installed.ganzoo("list", "--entries").splitlines()]
    of_stranger = [line[0] for line in lines if line[-1] == "ganzoo_tiny"]
    assert of_stranger == ["discriminator:tiny", "generator:tiny", "loss:squared-hinge", "recipe:tiny"]
    assert "generator:dcgan" in [line[0] for line in lines]


@pytest.mark.slow
def test_its_own_tests_pass_where_it_is_installed(installed):
    tests = installed.work.parent / "source" / "ganzoo-tiny" / "tests"
    done = installed.run(installed.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, tests)
    assert re.search(r"\b8 passed", done)


@pytest.mark.slow
def test_trained_run_generates_pictures(installed, run):
    card = json.loads((run / "config.json").read_text())["card"]
    assert card["plugin"] == "ganzoo-tiny" and card["training"]["steps"] == 4
    installed.ganzoo("generate", f"dir:{run}", "-n", 4, "-o", "made/", "--device", "cpu")
    made = sorted((installed.work / "made").iterdir())
    assert [path.name for path in made] == ["0000.png", "0001.png", "0002.png", "0003.png"]
    with Image.open(made[0]) as image:
        assert (image.size, image.mode) == ((16, 16), "L")


SWAP = """
import ganzoo
small = dict(steps=1, batch_size=2, device="cpu")
narrow = {"generator": {"width": 4}, "discriminator": {"width": 4}}
ganzoo.train("dcgan", "pictures", "runs/ours", parts={"loss": "squared-hinge"}, part_options=narrow, **small)
ganzoo.train("tiny", "pictures", "runs/theirs", parts={"loss": "wgan-gp"}, **small)
for run in ("runs/ours", "runs/theirs"):
    print(ganzoo.info("dir:" + run).training.parts["loss"])
"""


def test_its_loss_serves_our_recipe_and_our_loss_its_recipe(installed, run):
    theirs, ours = installed.run(installed.python, "-c", SWAP).splitlines()
    assert "loss:squared-hinge" in theirs and "loss:wgan-gp" in ours


SAVE_AND_LOAD = """
import sys, torch, ganzoo
for number, ref in enumerate(sys.argv[1:]):
    model = ganzoo.load(ref, device="cpu")
    model.save(f"saved-{number}")
    again = ganzoo.load(f"dir:saved-{number}", device="cpu")
    first, second = model.generator.state_dict(), again.generator.state_dict()
    assert list(first) == list(second) and all(torch.equal(first[name], second[name]) for name in first)
    assert [a.tobytes() for a in model.generate(3, seed=5)] == [b.tobytes() for b in again.generate(3, seed=5)]
    print(model.card.name, model.card.weights.dtype, ganzoo.info(f"dir:saved-{number}").entry)
"""


def test_card_and_run_load_and_survive_saving_to_the_bit(installed, run):
    printed = installed.run(installed.python, "-c", SAVE_AND_LOAD, "tiny/shapes", f"dir:{run}")
    assert printed.splitlines() == ["tiny/shapes float16 generator:tiny", "tiny/mine float32 generator:tiny"]
