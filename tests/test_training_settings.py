"""run.json: what a run was asked to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import picture

import ganzoo
from ganzoo.errors import OptionError, OutputError, TrainingError
from ganzoo.training import settings


def parsed(**values: object) -> settings.Settings:
    return settings.parse({"recipe": "dcgan", "data": "photos", **values})


def test_text_from_a_command_line_is_converted() -> None:
    asked = parsed(steps="12", ema_decay="0.5", part_options={"loss": {"a": "1"}})
    assert (asked.steps, asked.ema_decay, asked.batch_size) == (12, 0.5, 1)
    assert asked.part_options == {"loss": {"a": "1"}}  # the part's own config converts these


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stpes": 3}, r"no setting 'stpes'\. Did you mean 'steps'\? Its settings are: recipe, data, steps"),
        ({"steps": 0}, "steps=0 should be at least 1"),
        ({"steps": "many"}, r"steps='many' is not right: .*integer"),
        ({"batch_size": -1}, "batch_size=-1 should be at least 1"),
        ({"keep": 0}, "keep=0 should be at least 1"),
        ({"log_every": 0}, "log_every=0"),
        ({"sample_every": 0}, "sample_every=0"),
        ({"checkpoint_every": 0}, "checkpoint_every=0"),
        ({"ema_decay": 1.0}, "ema_decay=1.0 should be from 0 up to, not including, 1"),
        ({"ema_decay": float("nan")}, "ema_decay=nan"),
        ({"validation": 1}, "validation=1.0 should be from 0"),
        ({"validation": -0.1}, "validation=-0.1"),
        ({"seed": -1}, "seed=-1 should be from 0"),
        ({"seed": 2**63}, "seed=9223372036854775808 should be"),
        ({"precision": "fp16"}, r"precision='fp16' is not right: .*'fp32' or 'bf16'"),
        ({"part_options": {"generator": 4}}, r"part_options\.generator=4 is not right: .*dictionary"),
        ({"parts": {"loss": 3}}, r"parts\.loss=3 is not right: .*string"),
        ({"options": [1]}, r"options=\[1\] is not right"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parsed(**values)


def test_settings_come_back_from_run_json(tmp_path: Path) -> None:
    asked = parsed(steps=3, options={"image_size": 16}, parts={"loss": "hinge"}, seed=2**63 - 1)
    settings.write(tmp_path / "new" / "run", asked)
    assert settings.read(tmp_path / "new" / "run") == asked


def test_the_fields_of_run_json_stay() -> None:
    """A run of version 0.1.0 must be resumable: these names, and defaults for what comes later."""
    first = {"recipe", "data", "steps", "batch_size", "seed", "device", "precision", "ema_decay", "validation"}
    first |= {"log_every", "sample_every", "checkpoint_every", "keep", "options", "parts", "part_options"}
    assert first <= set(settings.Settings.__dataclass_fields__)
    assert settings.parse({"recipe": "dcgan", "data": "x"}).steps == 10_000


def test_a_folder_without_run_json_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"is no training run: it has no run\.json"):
        settings.read(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "null", json.dumps({"recipe": "x", "data": "y", "speed": 1}), "\x00"])
def test_a_damaged_run_json_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(TrainingError, match=r"run\.json cannot be read: .+\. Undo what was changed in it\."):
        settings.read(tmp_path)


def test_a_run_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"Cannot write .*run\.json"):
        settings.write(tmp_path / "file" / "run", parsed())


def test_a_recipe_says_how_many_pictures_a_step_where_the_user_does_not(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    for index in range(4):
        picture(16, 16, seed=index).save(tmp_path / "pictures" / f"{index}.png")
    small = {"generator": {"width": 4, "latent_dim": 4}, "discriminator": {"width": 4}}
    for name, given, expected in (("usual", {}, 64), ("asked", {"batch_size": 3}, 3)):
        run = ganzoo.train(
            "dcgan",
            tmp_path / "pictures",
            tmp_path / name,
            steps=1,
            device="cpu",
            options={"image_size": 16},
            part_options=small,
            **given,
        )
        assert json.loads((run / "run.json").read_text())["batch_size"] == expected
