"""Arrays, lists and data sets of other libraries as training data."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import TensorDataset

import ganzoo
from ganzoo.data.objects import is_object, open_sides, to_image
from ganzoo.errors import DataError, OptionError, TrainingError
from ganzoo.rasters.raster import Raster

SMALL = {"image_size": 16, "generator.width": 2, "discriminator.width": 2}
RANDOM = np.random.default_rng(0)


class Examples:
    """As a Hugging Face Dataset: rows with an image and a label, whose names the features have."""

    def __init__(self, count):
        self.rows = [
            {"image": Image.fromarray(RANDOM.integers(0, 256, (20, 20, 3), np.uint8)), "label": index % 2}
            for index in range(count)
        ]
        self.features = {"label": type("ClassLabel", (), {"names": ["cat", "dog"]})()}

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]


def train(data, output, recipe="dcgan", **values):
    given = {"steps": 2, "batch_size": 2, "checkpoint_every": 1, "device": "cpu", "options": SMALL}
    return ganzoo.train(recipe, data, output, **{**given, **values})


def test_paths_are_no_objects():
    assert not is_object("folder")
    assert not is_object(["a", "b"])
    assert not is_object({"input": "a", "target": "b"})
    assert is_object(np.zeros((4, 8, 8)))
    assert is_object([Image.new("L", (8, 8))])


def test_8_bit_colors_stay_pixels_and_everything_else_is_a_raster():
    assert to_image(Image.new("P", (4, 6)), "x").shape == (6, 4, 3)
    assert to_image(np.zeros((4, 6, 3), np.uint8), "x").shape == (4, 6, 3)
    assert to_image(torch.zeros(3, 8, 6, dtype=torch.uint8), "x").shape == (8, 6, 3)
    deep = to_image(np.zeros((2, 8, 6), np.uint16), "x")
    assert isinstance(deep, Raster) and deep.shape == (2, 8, 6)
    with pytest.raises(DataError, match="axes='CYX'"):
        to_image(np.zeros((5, 5, 5), np.uint8), "x")
    with pytest.raises(DataError, match="is a str"):
        to_image("x", "x")


@pytest.mark.parametrize(
    "data",
    [
        RANDOM.integers(0, 256, (4, 20, 20), np.uint8),
        [RANDOM.integers(0, 256, (20, 20, 3), np.uint8) for _ in range(4)],
        [Image.fromarray(RANDOM.integers(0, 256, (24, 20), np.uint8)) for _ in range(4)],
        TensorDataset(torch.randint(0, 256, (4, 3, 20, 20), dtype=torch.uint8), torch.tensor([0, 1, 0, 1])),
        TensorDataset(torch.randint(0, 256, (4, 3, 20, 20), dtype=torch.uint8)),
        RANDOM.integers(0, 4096, (4, 2, 20, 20)).astype(np.uint16),
        Examples(4),
    ],
    ids=["array", "list of arrays", "list of PIL images", "torch", "torch, alone", "deep array", "Hugging Face"],
)
def test_a_recipe_trains_on(data, tmp_path):
    run = train(data, tmp_path / "run")
    assert ganzoo.info(f"dir:{run}").dataset.count == 4
    assert json.loads((run / "run.json").read_text())["data"].startswith("object: 4 images from a")


def test_labels_keep_their_names(tmp_path):
    run = train(Examples(8), tmp_path / "run", "cgan")
    assert ganzoo.info(f"dir:{run}").classes == ("cat", "dog")


@pytest.mark.parametrize("as_mapping", [True, False])
def test_pairs_are_a_mapping_or_two_lists(tmp_path, as_mapping):
    inputs, targets = (RANDOM.integers(0, 4096, (4, 32, 32)).astype(np.uint16) for _ in range(2))
    data = {"input": inputs, "target": targets} if as_mapping else (inputs, targets)
    run = train(data, tmp_path / "run", "pix2pix", options={**SMALL, "image_size": 32}, batch_size=1)
    assert ganzoo.info(f"dir:{run}").output_channels[0].dtype == "uint16"


def test_pairs_must_be_as_many_of_each():
    with pytest.raises(DataError, match="3 inputs and 4 targets"):
        open_sides({"input": np.zeros((3, 8, 8)), "target": np.zeros((4, 8, 8))}, "paired")
    with pytest.raises(DataError, match="give both"):
        open_sides(np.zeros((4, 8, 8)), "paired")


def test_a_run_resumes_with_the_same_data_only(tmp_path):
    data = RANDOM.integers(0, 4096, (4, 20, 20)).astype(np.uint16)
    run = train(data, tmp_path / "run")
    with pytest.raises(OptionError, match="data="):
        ganzoo.resume(run, steps=3)
    with pytest.raises(TrainingError, match="data"):
        ganzoo.resume(run, steps=3, data=data + 1)
    ganzoo.resume(run, steps=3, data=data)
    assert (run / "checkpoints" / "step-00000003.pt").is_file()
