"""run.json: what a run was asked to do."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from conftest import picture

import ganzoo
from ganzoo.contracts.option_text import OptionText
from ganzoo.errors import OptionError, OutputError, TrainingError
from ganzoo.training import settings
from ganzoo.training.run_options import RunOptions
from ganzoo_plugins.cyclegan import CycleGANOptions, ResnetConfig

# What run.json names in every run of today; a file without it has the values of before.
NAMED = {"generator": {"latents": "uniform"}, "loss": {"scales": "sum"}}


def parsed(**values: object) -> settings.Settings:
    return settings.parse_settings({"recipe": "dcgan", "data": "photos", **values})


def test_options_are_left_to_the_configs_of_recipe_and_parts() -> None:
    requested = parsed(options={"width": OptionText("4")}, part_options={"loss": {"a": OptionText("1")}})
    assert requested.options == {"width": "4"} and isinstance(requested.options["width"], OptionText)
    assert requested.part_options == {"loss": {"a": "1"}}


def test_options_take_the_keys_of_the_command_line() -> None:
    both = {"options": {"image_size": 32, "generator.width": 4, "loss.a": 1}, "part_options": {"loss": {"b": 2}}}
    found = parsed(**both)
    assert found.options == {"image_size": 32}
    assert found.part_options == {"generator": {"width": 4}, "loss": {"a": 1, "b": 2}}
    assert both["options"] == {"image_size": 32, "generator.width": 4, "loss.a": 1}  # the caller's own


def test_configs_are_taken_as_options_in_which_only_changes_count() -> None:
    recipe = CycleGANOptions(cycle_weight=5.0, image_size=256)
    found = parsed(recipe="cyclegan", options=recipe, part_options={"generator": ResnetConfig(width=4)})
    assert found.options == {"cycle_weight": 5.0}
    assert found.part_options == {"generator": {"width": 4}}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stpes": 3}, r"no setting 'stpes'\. Did you mean 'steps'\? Its settings are: recipe, data, steps"),
        ({"steps": 0}, "steps=0 should be at least 1"),
        ({"steps": "many"}, "steps='many' should be an integer, at least 1"),
        ({"steps": "12"}, "steps='12' should be an integer, at least 1"),
        ({"steps": True}, "steps=True should be an integer, at least 1"),
        ({"log_every": 2.0}, "log_every=2.0 should be an integer, at least 1"),
        ({"batch_size": -1}, "batch_size=-1 should be at least 1"),
        ({"keep": 0}, "keep=0 should be at least 1"),
        ({"log_every": 0}, "log_every=0"),
        ({"sample_every": 0}, "sample_every=0"),
        ({"checkpoint_every": 0}, "checkpoint_every=0"),
        ({"ema_decay": 0.9, "ema_half_life": 50.0}, "ema_decay and ema_half_life are two ways to say the same"),
        ({"ema_decay": 1.0}, "ema_decay=1.0 should be from 0 up to, not including, 1"),
        ({"ema_decay": float("nan")}, "ema_decay=nan should be a number, from 0 up to"),
        ({"validation": 1}, "validation=1 should be from 0"),
        ({"validation": -0.1}, "validation=-0.1"),
        ({"seed": -1}, "seed=-1 should be from 0"),
        ({"seed": 2**63}, "seed=9223372036854775808 should be"),
        ({"accumulate": 0}, "accumulate=0 should be at least 1"),
        ({"workers": -1}, "workers=-1 should be at least 0"),
        ({"memory_format": "last"}, "memory_format='last' should be 'auto', 'contiguous' or 'channels_last'"),
        ({"compile": "perhaps"}, "compile='perhaps' should be true or false"),
        ({"start_from": "dir:x"}, "start_from='dir:x' should be a dictionary"),
        ({"start_from": {"a2b": 3}}, r"start_from\.a2b=3 should be text"),
        ({"best": "distance"}, "best='distance' needs held-out images"),
        ({"precision": "fp8"}, r"precision='fp8' should be 'fp32', 'bf16' or 'fp16'"),
        ({"part_options": {"generator": 4}}, r"part_options\.generator=4 should be a dictionary"),
        ({"parts": {"loss": 3}}, r"parts\.loss=3 should be text"),
        ({"options": [1]}, r"options=\[1\] should be a dictionary"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(values: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parsed(**values)


def test_settings_come_back_from_run_json(tmp_path: Path) -> None:
    requested = parsed(steps=3, options={"image_size": 16}, parts={"loss": "hinge"}, part_options=NAMED, seed=2**63 - 1)
    settings.write_settings(tmp_path / "new" / "run", requested)
    assert settings.read_settings(tmp_path / "new" / "run") == requested


def test_editors_complete_every_setting_of_a_new_run() -> None:
    given = {each.name for each in fields(settings.Settings)} - {"recipe", "data", "plugins"}  # plugins are recorded
    assert set(RunOptions.__annotations__) == given


def test_the_fields_of_run_json_stay() -> None:
    """A run of version 0.1.0 must be resumable: these names, and defaults for what comes later."""
    first = {"recipe", "data", "steps", "batch_size", "seed", "device", "precision", "ema_decay", "validation"}
    first |= {"log_every", "sample_every", "checkpoint_every", "keep", "options", "parts", "part_options"}
    assert first <= set(settings.Settings.__dataclass_fields__)
    assert settings.parse_settings({"recipe": "dcgan", "data": "x"}).steps == 10_000


@pytest.mark.parametrize("data", ["a.zip", ["a", "b"]])
def test_one_path_or_two_come_back_from_run_json(tmp_path: Path, data: str | list[str]) -> None:
    few = {"start_from": {"a2b": "dir:x"}, "tensorboard": False, "keep": 3, "validation": 0.1, "best": "l1"}
    requested = parsed(data=data, part_options=NAMED, **few)
    settings.write_settings(tmp_path, requested)
    assert settings.read_settings(tmp_path) == requested


@pytest.mark.parametrize("url", ["pipe:cat 1.tar", "https://example.org/{000..009}.tar"])
def test_an_address_stays_as_it_is_and_a_path_becomes_whole(url: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings.resolve_data(url) == url
    assert (
        settings.resolve_data("photos") == settings.resolve_data(Path("photos")) == str(tmp_path.resolve() / "photos")
    )


def test_a_folder_without_run_json_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"is not a training run: it has no run\.json"):
        settings.read_settings(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", "null", json.dumps({"recipe": "x", "data": "y", "speed": 1}), "\x00"])
def test_a_damaged_run_json_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(TrainingError, match=r"run\.json cannot be read: .+\. Undo what was changed in it\."):
        settings.read_settings(tmp_path)


def test_a_run_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match=r"Cannot write .*run\.json"):
        settings.write_settings(tmp_path / "file" / "run", parsed())


def test_a_recipe_says_how_many_images_a_step_where_the_user_does_not(tmp_path: Path) -> None:
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
