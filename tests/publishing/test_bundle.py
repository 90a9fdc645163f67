"""A model put into a plugin package by `ganzoo card`, and scores put on a card by `ganzoo eval --save-to`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from evaluation_cases import lay
from tiny_models import maker

import ganzoo
from ganzoo.cards import registry
from ganzoo.errors import OptionError
from ganzoo.publishing.bundle import bundle, find_module
from ganzoo.scaffold import new_plugin
from tests.cli.test_main import call


@pytest.fixture
def model(tmp_path: Path) -> ganzoo.Model:
    maker().save(tmp_path / "model")
    return ganzoo.load(f"dir:{tmp_path / 'model'}", device="cpu", engine="torch")


def test_a_model_ships_with_a_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str], model: ganzoo.Model) -> None:
    new_plugin.create("mine", tmp_path / "ganzoo-mine")
    into = ("--into", str(tmp_path / "ganzoo-mine"))
    options = ("--as", "mine/small", "--license", "mit", "--summary", "Small ones")
    code, out, err = call(capsys, "card", f"dir:{tmp_path / 'model'}", *into, *options)
    package = tmp_path / "ganzoo-mine" / "ganzoo_mine"
    assert code == 0
    assert out.split() == [str(package / "weights" / "mine-small.safetensors"), str(package / "registry.json")]
    assert "def ganzoo_cards()" in err
    (card,) = registry.read_registry(package / "registry.json")
    assert (card.name, card.license, card.summary) == ("mine/small", "mit", "Small ones")
    assert card.weights is not None and (package / card.weights.file).stat().st_size == card.weights.bytes
    again = bundle(model, package, "mine/small")
    assert len(registry.read_registry(again.registry)) == 1
    bundle(model, package, "mine/other", dtype="float16")
    assert [card.name for card in registry.read_registry(again.registry)] == ["mine/other", "mine/small"]


def test_a_folder_that_is_no_plugin_is_refused(tmp_path: Path, model: ganzoo.Model) -> None:
    with pytest.raises(OptionError, match="is not a plugin"):
        find_module(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project.entry-points.ganzoo]\nmine = "absent_package"\n')
    with pytest.raises(OptionError, match="has no Python package 'absent_package'"):
        find_module(tmp_path)
    (tmp_path / "__init__.py").write_text("")
    with pytest.raises(OptionError, match="'Mine' is not a model's name"):
        bundle(model, tmp_path, "Mine")


def test_scores_go_onto_the_card_of_the_evaluated_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], model: ganzoo.Model
) -> None:
    data, folder = lay(tmp_path / "data", 4), tmp_path / "model"
    size = str(model.card.image_size)
    metric = ("--data", str(data), "--metrics", "is", "--extractor", "fashion-mnist", "--size", size, "-n", "10")
    code, _, err = call(capsys, "eval", f"dir:{folder}", *metric, "--device", "cpu", "--save-to", str(folder))
    assert code == 0, err
    scores = ganzoo.info(f"dir:{folder}").scores
    assert [score.metric for score in scores] == ["is-fashion-mnist"]
    assert "is-fashion-mnist" in (folder / "README.md").read_text()
    call(capsys, "eval", f"dir:{folder}", *metric, "--device", "cpu", "--save-to", f"dir:{folder}")
    assert len(ganzoo.info(f"dir:{folder}").scores) == 1
    for parameter in model.generator.parameters():
        torch.nn.init.zeros_(parameter)
    other = str(tmp_path / "other")
    model.save(other)
    code, _, err = call(capsys, "eval", f"dir:{folder}", *metric, "--device", "cpu", "--save-to", other)
    assert code == 1
    assert "has other weights than" in err
