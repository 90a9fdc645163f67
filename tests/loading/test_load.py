"""Loading: reference -> Model, and every way it may not fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import maker, run_python, translator

import ganzoo
from ganzoo.cards import registry
from ganzoo.errors import DeviceError, OptionError, RegistryError, UnknownName
from ganzoo.loading import load
from ganzoo.weights import weights_file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    translator().save(tmp_path / "m")
    return tmp_path / "m"


def change(folder: Path, **values: Any) -> str:
    """Change config.json: a key of any of its parts; returns the reference."""
    config = json.loads((folder / "config.json").read_text())
    for name, value in values.items():
        next(part for part in (config, *config.values()) if isinstance(part, dict) and name in part)[name] = value
    (folder / "config.json").write_text(json.dumps(config))
    return f"dir:{folder}"


def test_info_and_load_agree(folder: Path) -> None:
    model = ganzoo.load(f"dir:{folder}", device="cpu")
    assert model.card == ganzoo.info(f"dir:{folder}")
    assert (model.device, model.dtype) == (torch.device("cpu"), torch.float32)


def test_a_folder_may_be_relative_and_its_name_anything(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.rename(tmp_path / "a b:c@d é")
    monkeypatch.chdir(tmp_path)
    assert ganzoo.load("dir:a b:c@d é", device="cpu").card.name == "tiny/translator"


def test_a_path_object_or_nothing_is_reported_the_spelling(folder: Path) -> None:
    for ask in (ganzoo.load, ganzoo.info):
        with pytest.raises(ganzoo.GanzooError, match=f"write 'dir:{folder}'"):
            ask(folder)  # type: ignore[operator]
        with pytest.raises(ganzoo.GanzooError, match="None is not a model reference"):
            ask(None)  # type: ignore[operator]


def test_half_precision_is_chosen_by_name(folder: Path) -> None:
    model = ganzoo.load(f"dir:{folder}", device="cpu", dtype="bfloat16")
    assert {parameter.dtype for parameter in model.generator.parameters()} == {torch.bfloat16}


def test_devices_types_and_engines_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    for wrong in ({"device": "gpu"}, {"dtype": "int4"}, {"engine": "tf"}):
        with pytest.raises(DeviceError):
            ganzoo.load(f"dir:{tmp_path / 'missing'}", **wrong)


def test_an_entry_that_no_plugin_has_names_the_one_to_install(folder: Path) -> None:
    with pytest.raises(UnknownName) as caught:
        ganzoo.load(change(folder, architecture="generator:futuregan", plugin="ganzoo-future"), device="cpu")
    assert "'generator:futuregan', which no installed plugin has" in str(caught.value)
    assert "Install the plugin it was made with: ganzoo-future" in str(caught.value)


def test_info_of_a_model_whose_plugin_is_missing_works(folder: Path) -> None:
    assert ganzoo.info(change(folder, architecture="generator:futuregan")).entry == "generator:futuregan"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"architecture": "loss:hinge"}, "its architecture is loss:hinge"),
        ({"architecture": "generator:dcgan"}, r"generator:dcgan \(unconditional-image-generation\)"),
        ({"architecture": None}, "entry=None should be"),
        ({"architecture": "resnet"}, "KIND:NAME"),
        ({"options": {"wdth": 4}}, r"options do not fit.*Did you mean 'width'"),
        ({"options": {"width": "wide"}}, "options do not fit.*width='wide'"),
        ({"options": []}, "'options' should be a JSON object"),
        ({"in_channels": 1}, "the card says in_channels=1, the network has 3"),
        ({"out_channels": 1}, "the card says out_channels=1, the network has 3"),
        ({"image_size": "big"}, "image_size='big' should be"),
        ({"task": "text-to-image"}, "task 'text-to-image' is not one of"),
        ({"format": 99}, "is not a ganzoo config of format 1"),
        ({"card": 5}, "'card' should be a JSON object"),
    ],
)
def test_a_config_that_does_not_fit_is_one_clear_error(folder: Path, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ganzoo.GanzooError, match=text):
        ganzoo.load(change(folder, **changes), device="cpu")


def test_latents_of_another_length_than_the_networks_are_refused(tmp_path: Path) -> None:
    maker().save(tmp_path / "m")
    with pytest.raises(RegistryError, match="latent_dim=8, the network has 9"):
        ganzoo.load(change(tmp_path / "m", latent_dim=9), device="cpu")


def test_an_unknown_field_of_a_card_is_named(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["card"]["licence"] = "mit"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(RegistryError, match=r"no field 'licence'. Did you mean 'license'\?"):
        ganzoo.info(f"dir:{folder}")


@pytest.mark.parametrize("content", ["", "{", "[]", "\udcff", "[" * 100_000])
def test_a_config_that_is_no_json_is_reported(folder: Path, content: str) -> None:
    (folder / "config.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(RegistryError, match=r"config.json"):
        ganzoo.info(f"dir:{folder}")


def test_what_is_no_model_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, text in (
        ("none", "There is no folder"),
        (".", "has no config.json"),
        ("file", "is a file. A model is a"),
    ):
        with pytest.raises(RegistryError, match=text):
            ganzoo.load(f"dir:{tmp_path / name}", device="cpu")


def test_locate_finds_the_discriminator_only_where_it_is(folder: Path) -> None:
    assert load.locate(f"dir:{folder}").discriminator is None
    (folder / "discriminator.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    assert load.locate(f"dir:{folder}").discriminator == folder / "discriminator.safetensors"


@pytest.mark.slow
def test_loading_prints_nothing_and_works_from_anywhere(folder: Path, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    code = "import sys, ganzoo; ganzoo.load(sys.argv[1]).translate(sys.argv[2]).save('y.png')"
    done = run_python(code, f"dir:{folder}", photo, cwd=tmp_path / "elsewhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "elsewhere" / "y.png").exists()


def test_the_card_is_not_the_callers_to_change(folder: Path) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ganzoo.info(f"dir:{folder}").name = "x"  # type: ignore[misc]


# ---- options of the architecture, and models without weights ---------------------------------------------------------


def test_options_that_weights_do_not_depend_on_may_be_others(folder: Path) -> None:
    usual, other = (ganzoo.load(f"dir:{folder}", device="cpu", options=given) for given in ({}, {"global_skip": True}))
    assert not usual.generator.global_skip and other.generator.global_skip
    assert other.card.options["global_skip"]


def test_options_that_weights_depend_on_and_unknown_ones_are_refused(folder: Path) -> None:
    with pytest.raises(ganzoo.GanzooError, match=r"wrong shape.*Or omit width"):
        ganzoo.load(f"dir:{folder}", device="cpu", engine="torch", options={"width": 8})
    with pytest.raises(OptionError, match=r"has no option 'widht'\. Did you mean 'width'"):
        ganzoo.load(f"dir:{folder}", device="cpu", engine="torch", options={"widht": 8})


class Mirror(torch.nn.Module):
    """A generator that has nothing to learn."""

    in_channels, out_channels, stride = 3, 3, 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flip(-1)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A registry card without weights."""
    entry = ganzoo.Entry("generator", "mirror", ganzoo.Config, lambda config: Mirror(), "x", task="image-to-image")
    card = ganzoo.Card("mine/mirror", entry.spec, entry.task, 32, 3, in_channels=3)
    find = load.catalog.find
    monkeypatch.setattr(load.catalog, "find", lambda spec: entry if spec == entry.spec else find(spec))
    monkeypatch.setattr(registry, "find", lambda name: card)
    return card


@pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
def test_a_model_that_has_nothing_to_learn_needs_no_weights(
    mirror: Any, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    made = ganzoo.load("mine/mirror", device="cpu", engine=engine).translate(
        np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    )
    assert (np.asarray(made) == np.arange(48).reshape(4, 4, 3)[:, ::-1]).all()
    assert weights_file.is_here(mirror)


def test_a_card_of_a_network_that_learned_must_name_its_weights(mirror: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "find", lambda name: dataclasses.replace(mirror, parameters=9))
    with pytest.raises(ganzoo.GanzooError, match="its card names no file"):
        ganzoo.load("mine/mirror", device="cpu")
