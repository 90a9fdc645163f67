"""run.yaml, which every run has and which repeats it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from conftest import picture
from needs import require

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


@pytest.mark.parametrize(
    "data",
    [
        "pipe:touch {flag}",
        "PIPE:touch {flag}; x://",
        " pipe:touch {flag}; x://",
        "{{p,q}}ipe:touch {flag}; x://",
        "https://example.invalid/0.tar::pipe:touch {flag}",
        "0.tar::pipe:touch {flag}",
    ],
)
def test_no_command_in_a_run_file_is_run(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require("webdataset")
    command = data.format(flag=tmp_path / "flag")
    (tmp_path / "run.yaml").write_text(yaml.safe_dump({"recipe": "dcgan", "data": command}))
    code, _, err = call(capsys, "train", str(tmp_path / "run.yaml"), "-o", str(tmp_path / "run"))
    assert code == 1 and "reads its data from a command" in err and "GANZOO_ALLOW_COMMANDS=1" in err
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "run.json").write_text(json.dumps({"recipe": "dcgan", "data": command, "options": {}}))
    code, _, err = call(capsys, "train", "--resume", str(tmp_path / "old"))
    assert code == 1 and "old/run.json reads its data from a command" in err
    assert not (tmp_path / "flag").exists()
    monkeypatch.setenv("GANZOO_ALLOW_COMMANDS", "1")
    if command.startswith("pipe:"):
        code, _, err = call(capsys, "train", str(tmp_path / "run.yaml"), "-o", str(tmp_path / "run"))
        assert code == 1 and (tmp_path / "flag").exists()  # it is run, and is no shard


def test_a_run_file_sends_no_variable(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("recipe: dcgan\ndata: 'https://example.invalid/${HF_TOKEN}.tar'\n")
    with pytest.raises(OptionError, match="puts variables of your environment into its data"):
        run_file.read(tmp_path / "run.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("recipe: dcgan\noutput: /\n", "'output' is not a setting of a run"),
        ("recipe: dcgan\noptions: [a]\n", "'options' holds no settings by name"),
        ("recipe: dcgan\ndata: {a: b}\n", "'data' is not a path or a list of paths"),
        ("recipe: dcgan\ndata: [1]\n", "'data' is not a path or a list of paths"),
    ],
)
def test_sections_of_another_shape_are_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(OptionError, match=words):
        run_file.read(tmp_path / "run.yaml")
