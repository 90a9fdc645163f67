"""Conversions: made once, compared with the generator, kept in the cache, found without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image
from tiny_models import translator
from torch import nn

import ganzoo
from ganzoo.contracts.engine import thread_count
from ganzoo.errors import DeviceError, OptionError, OutputError
from ganzoo.inference import conversions, engine_selection
from ganzoo.inference.running import start
from ganzoo.inference.workload import Workload

TRANSLATE = """
import json, sys
import ganzoo
model = ganzoo.load({ref!r}, engine={engine!r})
model.translate({picture!r}).save({target!r})
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "engines"


@pytest.fixture
def ref(tmp_path: Path) -> str:
    translator().save(tmp_path / "t")
    return f"dir:{tmp_path / 't'}"


@pytest.fixture
def told() -> Iterator[list[str]]:
    yield []


def openvino() -> ganzoo.Engine:
    return dict(engine_selection._all())["openvino"]


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_the_second_process_imports_no_torch(ref: str, tmp_path: Path, engine: str, told: list[str]) -> None:
    photo, target = tmp_path / "photo.png", tmp_path / "made.png"
    picture(50, 33).save(photo)
    expected = ganzoo.load(ref, engine=engine, log=told.append).translate(photo)
    assert "Converting tiny/translator" in told[0] and "times as fast" in told[1]
    code = TRANSLATE.format(ref=ref, engine=engine, picture=str(photo), target=str(target))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "torchvision", "timm", "pydantic", "huggingface_hub", "safetensors", "scipy", "pandas", "nncf"}
    assert heavy & set(json.loads(done.stdout)) == set()
    assert np.abs(np.asarray(Image.open(target), int) - np.asarray(expected, int)).max() <= 1


def test_a_conversion_is_made_once_and_anew_for_other_weights(
    ref: str, tmp_path: Path, cache: Path, told: list[str]
) -> None:
    for _ in range(2):
        ganzoo.load(ref, engine="openvino", log=told.append).translate(picture(20, 20))
    assert len(told) == 2 and len(list(cache.iterdir())) == 1
    translator(seed=1).save(tmp_path / "u")
    ganzoo.load(f"dir:{tmp_path / 'u'}", engine="openvino", log=told.append).translate(picture(20, 20))
    assert len(told) == 4 and len(list(cache.iterdir())) == 2


def test_options_and_versions_count_too() -> None:
    model, engine = translator(), openvino()
    card = replace(model.card, weights=ganzoo.info("cyclegan/horse2zebra").weights)
    places = {
        conversions.place(card, "openvino", engine, "float32"),
        conversions.place(card, "openvino", engine, "int8"),
        conversions.place(replace(card, options={**card.options, "width": 5}), "openvino", engine, "float32"),
        conversions.place(replace(card, entry="generator:unet"), "openvino", engine, "float32"),
    }
    assert len(places) == 4


def test_a_damaged_conversion_is_made_again(ref: str, cache: Path, told: list[str]) -> None:
    ganzoo.load(ref, engine="openvino").translate(picture(20, 20))
    (facts,) = cache.glob("*/conversion.json")
    facts.write_text("{")
    ganzoo.load(ref, engine="openvino", log=told.append).translate(picture(20, 20))
    assert len(told) == 2 and json.loads(facts.read_text())["psnr"] > 80


def test_nothing_is_left_of_a_conversion_that_fails(ref: str, cache: Path) -> None:
    model = ganzoo.load(ref, engine="torch")
    with pytest.raises(DeviceError, match="openvino cannot run tiny/translator in float32"):
        conversions.make(model.card, Strange().eval(), "openvino", openvino(), "float32")
    assert list(cache.iterdir()) == []


class Strange(nn.Module):
    """What no converter can know."""

    stride = 4

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(np.sin(images.numpy()))


class Bessel(nn.Module):
    """A function that ONNX does not have."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.special.bessel_j0(images)


@pytest.mark.slow
def test_a_network_that_is_not_exported_is_refused_by_a_sentence_and_remembered(
    ref: str, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    monkeypatch.delenv(engine_selection.VARIABLE)
    bessel = Bessel()
    engine = dict(engine_selection._all())["onnxruntime"]
    choices = [engine_selection.Choice(name, one, "float32", "cpu", "") for name, one in engine_selection._all()]
    card = ganzoo.info(ref)
    with pytest.raises(DeviceError) as caught:
        conversions.make(card, bessel, "onnxruntime", engine, "float32")
    message = str(caught.value)
    assert (
        message.startswith("onnxruntime cannot run tiny/translator in float32: ") and "Use --engine torch." in message
    )
    assert "\n" not in message and "\x1b" not in message and "Next steps" not in message
    tried = [one for one in choices if one.name in ("onnxruntime", "torch")]
    for _ in range(2):
        assert start(tried, card, lambda: bessel, lambda _: (), told.append, Workload()).choice.name == "torch"
    assert [line for line in told if "Converting" not in line] == [message]


def test_the_reason_of_a_converter_is_the_start_of_a_sentence() -> None:
    page = "It failed. \x1b[96mThis is step 3/3\x1b[0m of it. Next steps:\n- Report it."
    assert conversions.reason(RuntimeError(page)) == "RuntimeError: It failed"
    assert conversions.reason(ValueError("In 1.5 s.\nmore")) == "ValueError: In 1.5 s"
    assert conversions.reason(KeyError()) == "KeyError"


class Windows(nn.Module):
    """Pads to windows of eight pixels where an image is no multiple of them, as networks with attention do."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 3, padding=1)
        self.eval().requires_grad_(False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        height, width = images.shape[2:]
        down, across = (8 - height % 8) % 8, (8 - width % 8) % 8
        if down or across:
            images = nn.functional.pad(images, (0, across, 0, down), "reflect")
        blocks = images.unflatten(2, (-1, 8)).unflatten(4, (-1, 8))
        mixed = self.layer((blocks - blocks.mean((3, 5), keepdim=True)).flatten(4).flatten(2, 3))
        return mixed.tanh()[..., :height, :width]


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_a_network_that_pads_to_its_windows_is_converted_for_every_size(ref: str, tmp_path: Path, name: str) -> None:
    windows = Windows()
    engine = dict(engine_selection._all())[name]
    made = conversions.make(ganzoo.info(ref), windows, name, engine, "float32")
    run = engine.open(made.folder, "float32")
    for height, width in ((16, 24), (17, 30), (64, 64)):
        image = torch.rand(1, 3, height, width)
        assert np.abs(run(image.numpy()) - windows(image).numpy()).max() < 1e-5


class Liar(nn.Conv2d):
    """A layer that says it is a convolution, and is another."""

    same_as = nn.Conv2d

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(images) + 0.01


def test_a_conversion_that_computes_something_else_is_refused(ref: str, cache: Path) -> None:
    model = ganzoo.load(ref, engine="torch")
    liar = nn.Sequential(Liar(3, 3, 1), nn.Tanh()).eval().requires_grad_(False)
    with pytest.raises(DeviceError, match=r"computes something else than tiny/translator: values differ by up to 0.01"):
        conversions.make(model.card, liar, "openvino", openvino(), "float32")
    assert list(cache.iterdir()) == []


def test_auto_remembers_what_an_engine_cannot_run_and_goes_on(
    ref: str, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    monkeypatch.delenv(engine_selection.VARIABLE)
    expected = ganzoo.load(ref, "cpu", engine="torch").translate(picture(30, 30))
    choices = engine_selection.choose("auto", "cpu")
    card = ganzoo.info(ref)
    for choice in choices:
        if choice.name != "torch":
            conversions.refuse(card, choice.name, choice.engine, choice.dtype, f"{choice.name} cannot")
    model = ganzoo.load(ref, "cpu", log=told.append)
    assert model.translate(picture(30, 30)).tobytes() == expected.tobytes()
    assert model.engine == "torch" and told == []
    with pytest.raises(DeviceError, match="openvino cannot"):
        ganzoo.load(ref, "cpu", engine="openvino").translate(picture(30, 30))


def test_torch_that_comes_after_another_engine_keeps_the_number_type(
    ref: str, monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    monkeypatch.delenv(engine_selection.VARIABLE)
    expected = ganzoo.load(ref, "cpu", "bfloat16", "torch").translate(picture(30, 30))
    first = engine_selection.choose("auto", "cpu", "bfloat16")[0]
    conversions.refuse(ganzoo.info(ref), first.name, first.engine, first.dtype, "this CPU cannot")
    model = ganzoo.load(ref, "cpu", "bfloat16", log=told.append)
    assert model.translate(picture(30, 30)).tobytes() == expected.tobytes()
    assert (model.engine, model.dtype) == ("torch", torch.bfloat16)


def test_int8_is_calibrated_once_by_images(ref: str, tmp_path: Path, told: list[str]) -> None:
    given = {"engine": "openvino", "dtype": "int8"}
    with pytest.raises(OptionError, match=r"int8 needs images to calibrate .* --calibration FOLDER"):
        ganzoo.load(ref, **given).translate(picture(40, 40))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    pictures = [tmp_path / "broken.png", *(picture(64, 48, seed) for seed in range(6))]
    first = ganzoo.load(ref, **given, calibration=pictures, log=told.append).translate(picture(40, 40))
    assert len(told) == 2
    again = ganzoo.load(ref, **given, log=told.append).translate(picture(40, 40))
    assert again.tobytes() == first.tobytes() and len(told) == 2
    ganzoo.load(ref, **given, calibration=pictures, log=told.append).translate(picture(40, 40))
    assert len(told) == 2  # the same pictures
    ganzoo.load(ref, **given, calibration=pictures[:3], log=told.append).translate(picture(40, 40))
    assert len(told) == 4


def test_threads_are_what_the_environment_says(ref: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for said, number in (("3", 3), ("abc", 0), ("", 0)):
        monkeypatch.setenv("OMP_NUM_THREADS", said)
        assert thread_count() == number
    assert ganzoo.load(ref, engine="openvino").translate(picture(20, 20)).size == (20, 20)


def test_comparison_knows_the_answer() -> None:
    inputs = [np.zeros((1, 3, 4, 4), np.float32), np.ones((1, 3, 4, 4), np.float32)]
    shares: list[float] = []
    difference, psnr = conversions.compare(lambda x: x, lambda x: x + np.float32(0.02), inputs, shares.append)
    assert difference == pytest.approx(0.02) and psnr == pytest.approx(40, abs=0.01) and shares == [0.5, 1]
    assert conversions.compare(lambda x: x, lambda x: x, inputs) == (0, pytest.approx(126.02, abs=0.01))
    assert conversions.relative_speed(lambda x: x, lambda x: x, inputs[0]) > 0


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), OSError(5, "Input/output error"),
                                     RuntimeError("cannot write model.bin"), MemoryError()], ids=repr)  # fmt: skip
@pytest.mark.slow
def test_a_failure_of_the_disk_is_not_remembered(
    ref: str, cache: Path, monkeypatch: pytest.MonkeyPatch, told: list[str], failure: Exception
) -> None:
    """A full disk while converting once switched an engine off for good."""
    monkeypatch.delenv(engine_selection.VARIABLE)

    def fail(*_: object, **__: object) -> None:
        raise failure

    with monkeypatch.context() as broken:
        for choice in engine_selection.choose("auto", "cpu"):
            if choice.engine.torch_free:
                broken.setattr(type(choice.engine), "convert", fail)
        model = ganzoo.load(ref, "cpu", log=told.append)
        assert model.translate(picture(20, 20)).size == (20, 20) and model.engine not in ("openvino", "onnxruntime")
    kept = [path.name for path in cache.iterdir() if path.is_dir()]
    assert told and ["winograd" in name for name in kept] == [True]  # it never takes a narrow network
    assert ganzoo.load(ref, "cpu", engine="openvino").translate(picture(20, 20)).size == (20, 20)


def test_a_full_disk_at_the_last_step_leaves_nothing_and_is_said(
    ref: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(conversions.os, "replace", fail)
        with pytest.raises(OutputError, match="cannot be written: No space left on device"):
            ganzoo.load(ref, "cpu", engine="openvino").translate(picture(20, 20))
    assert list(cache.iterdir()) == []
    assert ganzoo.load(ref, "cpu", engine="openvino").translate(picture(20, 20)).size == (20, 20)


def test_what_killed_processes_left_behind_is_swept(ref: str, cache: Path) -> None:
    old, young, mine = (
        cache / name for name in (".making-999999999-a", ".old-999999999-b", f".making-{os.getpid()}-c")
    )
    for path in (old, young, mine):
        path.mkdir(parents=True)
        (path / "model.bin").touch()
    for path in (old, mine):
        os.utime(path, (0, 0))
    ganzoo.load(ref, "cpu", engine="openvino").translate(picture(20, 20))
    assert not old.exists() and young.exists() and mine.exists()
