"""bioimage.io's own library validates the package, and runs it to the same values in units."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from needs import needs, require
from packaging.version import Version

import ganzoo
from ganzoo import Card, Channel, Model
from ganzoo.errors import OptionError

require("bioimageio")
# bioimageio.spec 0.5.12, which bioimageio.core 0.11 insists on, passes pydantic's serializers an argument that 2.14
# refuses; 0.5.14 works with it.
FITS = Version(version("pydantic")) < Version("2.14") or Version(version("bioimageio.spec")) >= Version("0.5.14")
pytestmark = [
    needs(FITS, "bioimageio.spec before 0.5.14 does not work with pydantic 2.14; the extra test has an older one"),
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of a library that warns of itself, and of TorchScript's age
]
INPUTS = (
    Channel("DAPI", "", (0, 4095), dtype="uint16", outside="keep"),
    Channel("2", "", (10, 500), dtype="uint16", outside="keep"),
)
OUTPUTS = (Channel("CT", "HU", (-1024, 3071), dtype="int16"),)


def saved(folder: Path, inputs: tuple[Channel, ...] = INPUTS, outputs: tuple[Channel, ...] = OUTPUTS) -> str:
    """Save a small model of these channels, and return its reference."""
    torch.manual_seed(0)
    options = {"in_channels": len(inputs) or 3, "out_channels": len(outputs) or 3, "width": 4, "blocks": 1}
    card = Card(
        name="test/stain",
        entry="generator:resnet",
        task="image-to-image",
        image_size=64,
        license="mit",
        paper="arXiv:1703.10593",
        options=options,
        in_channels=options["in_channels"],
        out_channels=options["out_channels"],
        input_channels=inputs,
        output_channels=outputs,
    )
    Model(ganzoo.build("generator:resnet", **options).eval(), card, torch.device("cpu")).save(folder / "model")
    return f"dir:{folder / 'model'}"


def predicted(path: Path, values: np.ndarray) -> np.ndarray:
    """Return what bioimage.io's library makes of one image (C, H, W), in file values."""
    core, spec = importlib.import_module("bioimageio.core"), importlib.import_module("bioimageio.spec")
    described = spec.load_model_description(path)
    axes = [axis.id for axis in described.inputs[0].axes]
    tensor = core.Tensor.from_numpy(values[None], dims=axes)
    with core.create_prediction_pipeline(described, devices=["cpu"]) as pipeline:
        made = pipeline.predict_sample_without_blocking(core.Sample(members={"input": tensor}, stat={}, id="one"))
    return np.asarray(made.members["output"].data)[0]


@pytest.mark.parametrize("ordinary", [False, True])
def test_the_package_is_valid_and_gives_the_models_values(ordinary: bool, tmp_path: Path) -> None:
    ref = saved(tmp_path, (), ()) if ordinary else saved(tmp_path)
    result = ganzoo.export(ref, "bioimageio", tmp_path / "model.zip")
    assert [path.name for path in result.files] == ["model.zip"] and result.difference < 1e-5
    core = importlib.import_module("bioimageio.core")
    summary = core.test_model(tmp_path / "model.zip", devices=["cpu"])
    assert summary.status == "passed", summary.format()
    random = np.random.default_rng(0)
    values = random.integers(0, 256, (3, 72, 88)).astype(np.uint8)
    if not ordinary:
        values = random.integers(0, 5000, (2, 72, 88)).astype(np.uint16)
    made: Any = np.asarray(ganzoo.load(ref, "cpu", engine="torch").translate(values, axes="CYX"))
    assert np.abs(predicted(tmp_path / "model.zip", values) - made.astype(np.float64)).max() <= 0.51, "but for rounding"


def test_what_the_description_cannot_say_is_refused(tmp_path: Path) -> None:
    decibels = (Channel("VV", "", (1, 100), "db"),)
    with pytest.raises(OptionError, match="'VV' has no fixed linear range"):
        ganzoo.export(saved(tmp_path, decibels, OUTPUTS), "bioimageio", tmp_path / "model.zip")
    assert not (tmp_path / "model.zip").exists()
