"""Data that a plugin opens by name."""

from __future__ import annotations

import json

import pytest

import ganzoo
from ganzoo import testing
from ganzoo.data.named_sources import is_named, open_named
from ganzoo.errors import GanzooError, OptionError


def test_a_name_and_a_location_are_told_from_paths():
    assert is_named("torchvision:FakeData@")
    assert not is_named("photos")
    assert not is_named("https://example.org/a.tar")
    assert not is_named("C:/photos")


def test_a_recipe_trains_on_a_source_and_resumes_by_its_name(tmp_path, monkeypatch):
    from torchvision import datasets

    few = datasets.FakeData(8, (3, 16, 16))
    monkeypatch.setattr(datasets, "FakeData", type("FakeData", (datasets.VisionDataset,), {"__new__": lambda cls: few}))
    values = {"steps": 1, "batch_size": 2, "device": "cpu"}
    options = {"image_size": 16, "generator.width": 2, "discriminator.width": 2}
    run = ganzoo.train("dcgan", "torchvision:FakeData@", tmp_path / "run", options=options, **values)
    assert json.loads((run / "run.json").read_text())["data"] == "torchvision:FakeData@"
    ganzoo.resume(run, steps=2)
    assert ganzoo.info(f"dir:{run}").dataset.count == 8


def test_wrong_names_and_kinds_are_one_sentence():
    with pytest.raises(GanzooError, match="no data set 'Cifar'"):
        open_named("torchvision:Cifar@x", "images")
    with pytest.raises(OptionError, match="no 'paired' data"):
        open_named("torchvision:CIFAR10@x", "paired")
    with pytest.raises(GanzooError, match="cannot be opened"):
        open_named("torchvision:CIFAR10@nowhere", "images")


def test_the_contract_of_data_sources_is_checked():
    testing.check_entry("data:torchvision")
