"""Every command of the guide to scientific images runs as printed, on small files of the same kinds."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import guides
import numpy as np
import pytest
import tifffile
import torch
from conftest import ROOT
from needs import require
from PIL import Image

import ganzoo
from ganzoo import Card, Channel, Model

SECTIONS = guides.sections("scientific-images.md")
SMALLER = (
    *guides.SMALLER,
    (
        r"(train cyclegan .*)",
        r"\1 --steps 2 --set generator.width=4 --set generator.blocks=1 --set discriminator.width=4",
    ),
)
RGB = ("red", "green", "blue")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # of rasterio, about files without a georeference
]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    guides.close_files()


def run(section: str) -> list[str]:
    """Run the commands of a section in their order, and return what they print."""
    return [each for block in guides.blocks(SECTIONS[section]) for each in guides.commands(block, SMALLER)]


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).integers(0, 256, shape).astype(np.uint8)


def save_model(folder: str, names: tuple[str, ...] = ("gray",), outputs: tuple[str, ...] = ()) -> None:
    """Save a small model of 8-bit channels with these names."""
    outputs = outputs or names
    options = {"in_channels": len(names), "out_channels": len(outputs), "width": 4, "blocks": 1}
    sides = [tuple(Channel(name, range=(0, 255), dtype="uint8") for name in side) for side in (names, outputs)]
    card = Card(
        name="test/guide",
        entry="generator:resnet",
        task="image-to-image",
        image_size=32,
        license="mit",
        paper="arXiv:1703.10593",
        options=options,
        in_channels=len(names),
        out_channels=len(outputs),
        input_channels=sides[0],
        output_channels=sides[1],
    )
    torch.manual_seed(0)
    Model(ganzoo.build("generator:resnet", **options).eval(), card, torch.device("cpu")).save(Path(folder))


def pyramid(path: str, values: Any, scanner: str = "", **words: Any) -> None:
    """Write an image with two smaller levels, or as the scanner with this description does."""
    with tifffile.TiffWriter(path) as file:
        if scanner:
            for step in (1, 4):
                file.write(np.ascontiguousarray(values[::step, ::step]), metadata=None, description=scanner, **words)
            return
        file.write(values, subifds=2, metadata=None, **words)
        for step in (2, 4):
            file.write(np.ascontiguousarray(values[::step, ::step]), subfiletype=1, metadata=None, **words)


def test_look_first_and_a_model_for_them() -> None:
    for name in ("cells", "nuclei"):
        tifffile.imwrite(f"{name}.tif", numbers(4, 40, 40), photometric="minisblack", metadata=None)
    tifffile.imwrite("L7_ETMs.tif", numbers(6, 40, 40), photometric="minisblack", planarconfig="separate")
    assert "4 pages of 40x40" in run("Look first")[0]
    run("A model for them")
    assert Path("predicted.tif").exists()


def test_translate() -> None:
    save_model("runs/stain")
    save_model("runs/tissue", ("GM", "WM"))
    save_model("runs/panels", RGB)
    for name in ("new.ome.tif", "a_gm.tif", "a_wm.tif"):
        tifffile.imwrite(name, numbers(32, 32), photometric="minisblack")
    tifffile.imwrite("stack.tif", numbers(7, 32, 32), photometric="minisblack", metadata=None)
    Image.fromarray(numbers(32, 192, 3)).save("sheet.png")
    np.save("field.npy", numbers(32, 32))
    pyramid("slide.tif", numbers(128, 128), photometric="minisblack")
    run("Translate")
    assert tifffile.imread("out.tif").shape == (128, 128)


def test_satellite_images() -> None:
    require("rasterio")
    rasterio = importlib.import_module("rasterio")
    save_model("runs/band4", ("B2", "B3", "B5"), ("B4",))
    profile = {"driver": "GTiff", "count": 4, "height": 256, "width": 256, "dtype": "uint8", "crs": "EPSG:31985"}
    with rasterio.open("scene.tif", "w", transform=rasterio.Affine(28.5, 0, 0, 0, -28.5, 0), **profile) as file:
        file.write(numbers(4, 256, 256))
        file.descriptions = ("B2", "B3", "B4", "B5")
        file.build_overviews([2, 4])
    run("Satellite images")
    with rasterio.open("small.tif") as file:
        assert (file.count, file.shape, file.transform.a) == (1, (64, 64), 114)


def test_slides() -> None:
    require("openslide")
    save_model("runs/stain", RGB)
    colors = np.full((256, 256, 3), 240, np.uint8)
    colors[64:200, 40:180] = numbers(136, 140, 3) // 2 + 60
    for folder in "ab":
        Path(folder).mkdir()
        pyramid(f"{folder}/x.tif", colors, photometric="rgb")
    words = "Aperio Image Library v11.0\n256x256 [0,0 256x256] (64x64)|AppMag = 20|MPP = 0.499"
    pyramid("slide.svs", colors, words, photometric="rgb", tile=(64, 64))
    run("Slides")
    made = tifffile.imread("out.ome.tif")
    glass = np.ones((256, 256), bool)
    glass[60:204, 36:184] = False
    assert np.array_equal(made[glass], colors[glass]) and not np.array_equal(made, colors)


def test_ome_zarr() -> None:
    require("zarr")
    save_model("runs/stain")
    ganzoo.Raster.from_array(numbers(32, 32), "YX").save("cells.ome.zarr")
    run("OME-Zarr")
    assert Path("nuclei.ome.zarr").is_dir()


def test_volumes_and_scans() -> None:
    require("pydicom")
    require("nibabel")
    nibabel, pydicom = importlib.import_module("nibabel"), importlib.import_module("pydicom")
    nibabel.save(nibabel.Nifti1Image(numbers(5, 6, 7), np.eye(4)), "t1.nii.gz")
    pydicom.dcmread(ROOT / "tests" / "golden" / "dicom" / "j2k-gray12.dcm").save_as("ct.dcm")
    printed = run("Volumes and scans")
    assert "6 images along Z of 5x7" in printed[0] and "modality OT" in printed[1]
