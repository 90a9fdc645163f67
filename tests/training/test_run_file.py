"""run.yaml, which every run has and which repeats it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from conftest import picture

from ganzoo.errors import OptionError
from ganzoo.training import run_file
from tests.cli.test_main import call


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    (tmp_path / "images").mkdir()
    for number in range(3):
        picture(16, 16, seed=number).save(tmp_path / "images" / f"{number}.png")
    small = ("--set", "image_size=16", "--set", "generator.width=4", "--set", "discriminator.width=4")
    options = ("-o", str(tmp_path / "run"), "--steps", "1", "--batch-size", "2", "--device", "cpu", *small)
    code, _, err = call(capsys, "train", "dcgan", str(tmp_path / "images"), *options)
    assert code == 0, err
    return tmp_path / "run"


def test_a_run_file_repeats_its_run(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again, other = str(tmp_path / "again"), str(tmp_path / "other")
    code, _, err = call(capsys, "train", str(run / "run.yaml"), "-o", again)
    assert code == 0, err
    assert json.loads((tmp_path / "again" / "run.json").read_text()) == json.loads((run / "run.json").read_text())
    weights = [(folder / "model.safetensors").read_bytes() for folder in (run, tmp_path / "again")]
    assert weights[0] == weights[1]
    options = ("--seed", "3", "--set", "generator.width=6", "--part", "loss=hinge")
    code, _, err = call(capsys, "train", str(run / "run.yaml"), "-o", other, *options)
    assert code == 0, err
    changed = json.loads((tmp_path / "other" / "run.json").read_text())
    assert (changed["seed"], changed["parts"]["loss"]) == (3, "loss:hinge")
    assert (changed["part_options"]["generator"]["width"], changed["part_options"]["discriminator"]["width"]) == (6, 4)


def test_a_run_file_is_plain_yaml_without_what_nobody_chooses(run: Path) -> None:
    values = yaml.safe_load((run / "run.yaml").read_text())
    assert values["recipe"] == "dcgan"
    assert "plugins" not in values


@pytest.mark.parametrize(
    ("text", "reason"), [("recipe: [", "is not YAML"), ("- 1", "names no recipe"), ("steps: 3", "names no recipe")]
)
def test_what_is_no_run_file_is_said(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(OptionError, match=reason):
        run_file.read(tmp_path / "run.yaml")
    with pytest.raises(OptionError, match="cannot be read"):
        run_file.read(tmp_path / "absent.yaml")
