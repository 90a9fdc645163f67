"""Exported files: right, complete, and run by programs that know neither ganzoo nor torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import picture
from PIL import Image
from tiny_models import maker, translator

import ganzoo
from ganzoo import catalog
from ganzoo.contracts.engine import Format, Runner, Signature
from ganzoo.errors import DeviceError, OptionError, OutputError, UnknownName
from ganzoo.exporting import export
from tests.cli.test_main import call

FORMATS = {entry.name: entry.build(entry.config()) for entry in catalog.entries("format")}
SUFFIXES = {name: each.suffix for name, each in FORMATS.items() if not each.fixed_size}  # test_executorch has the other
# What somebody else runs: it reads the metadata to learn what the network wants.
ONNX_SCRIPT = """
import sys
import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession(sys.argv[1])
about = session.get_modelmeta().custom_metadata_map
stride = int(about["stride"])
picture = np.asarray(Image.open(sys.argv[2]).convert("RGB"))
height, width = picture.shape[:2]
floats = picture.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
padded = np.pad(floats, ((0, 0), (0, 0), (0, -height % stride), (0, -width % stride)), mode="reflect")
made = session.run(None, {"input": padded})[0][0, :, :height, :width]
Image.fromarray(((made + 1) * 127.5).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)).save(sys.argv[3])
assert not {"torch", "ganzoo"} & set(sys.modules)
"""
OPENVINO_SCRIPT = """
import sys
import numpy as np
import openvino
from PIL import Image

model = openvino.Core().compile_model(sys.argv[1], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
picture = np.asarray(Image.open(sys.argv[2]).convert("RGB"))
height, width = picture.shape[:2]
floats = picture.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
padded = np.pad(floats, ((0, 0), (0, 0), (0, -height % 4), (0, -width % 4)), mode="reflect")
made = model({"input": padded})["output"][0, :, :height, :width]
Image.fromarray(((made + 1) * 127.5).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)).save(sys.argv[3])
assert not {"torch", "ganzoo"} & set(sys.modules)
"""


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the models dir:t (translates) and dir:m (makes)."""
    translator().save(tmp_path / "t")
    maker().save(tmp_path / "m")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("ref", "format"),
    [(ref, name) for ref in ("dir:t", "dir:m") for name in sorted(SUFFIXES) if (ref, name) != ("dir:m", "bioimageio")],
)
@pytest.mark.slow
def test_every_format_gives_the_models_results_at_any_size(ref: str, format: str) -> None:
    made = ganzoo.export(ref, format, f"out/it{SUFFIXES[format]}")
    assert made.difference < 1e-4 and made.psnr > 80 and all(path.stat().st_size for path in made.files)
    assert sorted(path.name for path in Path("out").iterdir()) == sorted(path.name for path in made.files)
    model = ganzoo.load(ref, "cpu", engine="torch")
    run = export.find_format(format).open(made.files[-1])
    shapes = ((1, 3, 16, 36), (3, 3, 52, 24)) if ref == "dir:t" else ((1, 8), (5, 8))
    for shape in shapes:
        given = torch.rand(shape) * 2 - 1
        assert np.abs(run(given.numpy()) - model(given).numpy()).max() < 1e-4


@pytest.mark.parametrize(("format", "script"), [("onnx", ONNX_SCRIPT), ("openvino", OPENVINO_SCRIPT)])
def test_a_script_without_ganzoo_and_torch_runs_the_file(format: str, script: str) -> None:
    picture(50, 39).save("in.png")
    (*_, file) = ganzoo.export("dir:t", format, f"it{SUFFIXES[format]}").files
    subprocess.run([sys.executable, "-c", script, str(file), "in.png", "out.png"], check=True)
    expected = np.asarray(ganzoo.load("dir:t", engine="torch").translate("in.png"), int)
    assert np.abs(np.asarray(Image.open("out.png"), int) - expected).max() <= 1


def test_the_metadata_say_what_a_user_must_know() -> None:
    import onnxruntime

    ganzoo.export("dir:t", "onnx", "it.onnx")
    about = onnxruntime.InferenceSession("it.onnx").get_modelmeta().custom_metadata_map
    assert about["name"] == "tiny/translator" and about["license"] == "mit" and about["stride"] == "4"
    assert "value / 127.5 - 1" in about["input"] and "multiples of 4, from 16 on" in about["input"]
    assert json.loads(about["architecture"])["entry"] == "generator:resnet"
    latents = export.metadata(maker().card, Signature(latent_dim=8))
    assert latents["input"] == "latents from N(0, 1), float32 (N, 8)" and "weights_sha256" not in latents


def test_a_file_that_computes_something_else_is_not_kept(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(Format):
        suffix = ".wrong"

        def write(self, generator, signature, path, metadata):  # type: ignore[no-untyped-def]
            self.generator = generator
            path.write_text("it")

        def open(self, path: Path) -> Runner:
            return lambda array: self.generator(torch.from_numpy(array)).numpy() * 0.9

    class Failing(Wrong):
        def open(self, path: Path) -> Runner:
            raise ValueError("cannot read\nmy own file")

    from ganzoo.catalog import discovery

    for name, kind, text in (
        ("wrong", Wrong, "The wrong file computes something else than tiny/translator"),
        ("failing", Failing, "tiny/translator cannot be written as failing: ValueError: cannot read. Try another"),
    ):
        hook = [ganzoo.Entry("format", name, ganzoo.Config, lambda config, kind=kind: kind(), "Wrong")]
        plugin = type("Plugin", (), {"ganzoo_entries": staticmethod(ganzoo.hookimpl(lambda hook=hook: hook))})
        catalog.refresh()
        discovery.registered().register(plugin(), name=name)
        Path("kept.wrong").write_text("an earlier file")
        with pytest.raises(DeviceError, match=text):
            ganzoo.export("dir:t", name, "kept.wrong")
        assert Path("kept.wrong").read_text() == "an earlier file"
        assert sorted(path.name for path in Path().iterdir()) == ["kept.wrong", "m", "t"]


def test_wrong_requests() -> None:
    with pytest.raises(OptionError, match=r"'it.bin' does not end in .onnx"):
        ganzoo.export("dir:t", "onnx", "it.bin")
    with pytest.raises(OptionError, match="models that take images, not latents"):
        ganzoo.export("dir:m", "bioimageio", "out/it.zip")
    with pytest.raises(UnknownName, match=r"No format is called 'onxx'\. Did you mean 'onnx'"):
        ganzoo.export("dir:t", "onxx", "it.onnx")
    Path("a.onnx").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        ganzoo.export("dir:t", "onnx", "a.onnx")
    Path("file").write_text("")
    with pytest.raises(OutputError, match=r"Cannot write file/x\.onnx"):
        ganzoo.export("dir:t", "onnx", "file/x.onnx")


@pytest.mark.slow
def test_the_command_prints_the_difference(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "export", "dir:t", "--format", "onnx", "-o", "it.onnx")
    assert code == 0 and out.startswith("it.onnx (") and "values differ by up to" in out
    found = json.loads(call(capsys, "export", "dir:t", "--format", "torchscript", "-o", "it.pt", "--json")[1])
    assert found["files"] == ["it.pt"] and found["difference"] < 1e-4
    assert call(capsys, "export", "dir:t", "--format", "onnx", "-o", "it.xyz")[0] == 1
