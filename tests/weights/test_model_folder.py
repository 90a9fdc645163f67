"""A model as a folder: written whole or not at all, read back the same."""

from __future__ import annotations

import dataclasses
import json
import resource
import signal
from pathlib import Path

import pytest
import torch
from tiny_models import digest, maker, translator

import ganzoo
from ganzoo import Channel
from ganzoo.errors import OutputError, RegistryError
from ganzoo.weights import model_folder


@pytest.mark.parametrize("make", [translator, maker])
def test_a_card_comes_back_from_its_config(make: object) -> None:
    card = make().card  # type: ignore[operator]
    config = json.loads(json.dumps(model_folder.to_config(card)))
    assert model_folder.from_config(config, "x") == card
    assert set(config) == {"format", "library", "architecture", "options", "preprocessing", "card"}


def test_the_card_states_the_file_that_was_written(tmp_path: Path) -> None:
    card = translator().save(tmp_path)
    path = tmp_path / "model.safetensors"
    assert card.weights is not None
    assert (card.weights.file, card.weights.sha256, card.weights.bytes, card.weights.repo) == (
        "model.safetensors",
        digest(path),
        path.stat().st_size,
        "",
    )
    assert model_folder.read(tmp_path) == card


def test_a_copy_is_the_same_file(tmp_path: Path) -> None:
    card = translator().save(tmp_path / "a")
    (tmp_path / "d").write_bytes(b"a discriminator")
    copied = model_folder.copy(tmp_path / "b", card, tmp_path / "a" / "model.safetensors", tmp_path / "d")
    assert copied == card
    assert digest(tmp_path / "b" / "model.safetensors") == digest(tmp_path / "a" / "model.safetensors")
    assert (tmp_path / "b" / "discriminator.safetensors").read_bytes() == b"a discriminator"


def test_a_copy_onto_itself_changes_nothing(tmp_path: Path) -> None:
    card = translator().save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    model_folder.copy(tmp_path, card, tmp_path / "model.safetensors")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_full_disk_leaves_the_model_that_was_there(tmp_path: Path) -> None:
    translator(seed=1).save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    limit, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limit[1]))
    try:
        with pytest.raises(OutputError, match="has space"):
            other = translator(seed=2)
            model_folder.write(tmp_path, other.card, other.generator.state_dict())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    ganzoo.load(f"dir:{tmp_path}", device="cpu")


def test_an_unreadable_config_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(RegistryError, match=r"cannot be read as JSON: .*again into another folder"):
        model_folder.read(tmp_path)


def test_only_the_same_model_may_be_written_again_at_a_users_word(tmp_path: Path) -> None:
    card = translator().save(tmp_path)
    assert card.weights is not None
    same = card.weights.sha256
    model_folder.refuse_another(tmp_path / "nothing-yet", card, lambda: same)
    model_folder.refuse_another(tmp_path, card, lambda: same)
    with pytest.raises(OutputError, match=r"holds the model tiny/translator with other weights, .* another folder"):
        model_folder.refuse_another(tmp_path, card, lambda: "ab" * 32)
    with pytest.raises(OutputError, match=r"holds the model tiny/translator, which tiny/maker would overwrite"):
        model_folder.refuse_another(tmp_path, maker().card, lambda: same)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(OutputError, match=r"holds a config.json that is not a ganzoo model's"):
        model_folder.refuse_another(tmp_path, card, lambda: same)


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    translator().save(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_names_outside_unicode_do_not_stop_a_save(tmp_path: Path) -> None:
    dataset = ganzoo.cards.card.DatasetInfo("caf\udce9")
    card = translator(dataset=dataset).save(tmp_path)
    assert model_folder.read(tmp_path) == card


def test_another_format_is_refused() -> None:
    config = model_folder.to_config(translator().card)
    for wrong in ([], {}, {**config, "format": 2}, "x"):
        with pytest.raises(RegistryError, match="here is not a ganzoo config of format 1"):
            model_folder.from_config(wrong, "here")


def test_integers_and_floats_survive(tmp_path: Path) -> None:
    tensors = {"x": torch.tensor([1.5, float("inf")]), "n": torch.tensor(3), "b": torch.tensor([True])}
    model_folder.write(tmp_path, maker().card, tensors)
    from ganzoo.weights import weights_file

    came = weights_file.read(tmp_path / "model.safetensors")
    assert all(torch.equal(came[name], tensor) for name, tensor in tensors.items())


def test_channels_are_kept_in_config_json_and_older_folders_have_none() -> None:
    plain = translator().card
    bands = dataclasses.replace(
        plain,
        in_channels=2,
        input_channels=(Channel("B4", "reflectance", (0, 1)), Channel("B3", range=(0, 9), outside="keep")),
        output_channels=(Channel("CT", "HU", (-1024, 3071), dtype="int16"),) * plain.out_channels,
    )
    config = json.loads(json.dumps(model_folder.to_config(bands)))

    assert model_folder.from_config(config, "config.json") == bands
    assert "input_channels" not in json.dumps(model_folder.to_config(plain))
    assert [channel.name for channel in plain.channels_out] == ["red", "green", "blue"] and not plain.has_channels
    assert bands.size.endswith("2 to 3 channels")

    config["preprocessing"]["input_channels"].append({})
    with pytest.raises(RegistryError, match="input_channels describes 3 channels, and the network has 2"):
        model_folder.from_config(config, "config.json")
    config["preprocessing"]["input_channels"] = [{"range": "0:1"}]
    with pytest.raises(RegistryError, match="input_channels: A channel's range should be a list of two numbers"):
        model_folder.from_config(config, "config.json")
