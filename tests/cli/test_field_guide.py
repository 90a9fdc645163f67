"""Every command of the worked examples runs as printed, on small files of the same kinds, with small networks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import guides
import numpy as np
import pytest
from click.testing import CliRunner
from needs import require
from PIL import Image

from ganzoo.cli.main import cli

rasterio, nibabel = require("rasterio"), require("nibabel")
SECTIONS = guides.sections("satellite-and-brain.md")
SECTIONS["Stain normalization"] = guides.text("stain-normalization.md")
SMALLER = (*guides.SMALLER, (r"block:\d+", "block:32"))


@pytest.fixture(autouse=True)
def _closed_files() -> Iterator[None]:
    yield
    guides.close_files()


def run(section: str) -> None:
    """Run the code and the commands of a section, in their order."""
    for kind, block in re.findall(r"```(\w+)\n(.*?)```", SECTIONS[section], re.S):
        if kind == "python":
            exec(compile(block, section, "exec"), {})
        else:
            guides.commands(block, SMALLER)


@pytest.mark.slow
def test_a_landsat_band_from_the_other_five(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    transform = rasterio.Affine(28.5, 0, 288_776, 0, -28.5, 9_120_761)
    profile = {"driver": "GTiff", "count": 6, "height": 96, "width": 90, "dtype": "uint8", "crs": "EPSG:31985"}
    with rasterio.open("L7_ETMs.tif", "w", transform=transform, compress="deflate", **profile) as file:
        file.write(np.random.default_rng(0).integers(0, 255, (6, 96, 90)).astype(np.uint8))
        file.build_overviews([2, 4])
    run("One Landsat band from the other five")
    with rasterio.open("band4.cog.tif") as file:
        assert (file.count, file.shape, file.dtypes) == (1, (96, 90), ("uint8",))
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG" and file.overviews(1) == [2, 4]
        assert file.transform == transform and file.crs == rasterio.CRS.from_epsg(31985)
    assert "Bland" not in Path("band4.html").read_text() and "limits of agreement" in Path("band4.html").read_text()


@pytest.mark.slow
def test_gray_and_white_matter_from_a_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = (-98, -134, -72)
    for kind in ("t1", "gm", "wm"):
        values = np.random.default_rng(len(kind)).integers(0, 256, (40, 36, 140)).astype(np.uint8)
        nibabel.save(nibabel.Nifti1Image(values, affine), f"{kind}.nii.gz")
    run("Gray and white matter from a T1 scan")
    made = nibabel.load("matter.nii.gz")
    assert made.shape == (40, 36, 140, 1, 2) and np.array_equal(made.affine, affine)


@pytest.mark.slow
def test_stain_normalization(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("torchstain")
    monkeypatch.chdir(tmp_path)
    tissue = require("skimage.data").immunohistochemistry()
    for name, left in (("source", 0), ("reference", 300)):
        Image.fromarray(tissue[:96, left : left + 96]).save(f"{name}.png")
    run("Stain normalization")
    with Image.open("student.png") as student, Image.open("macenko.png") as teacher:
        assert (student.size, student.mode) == (teacher.size, "RGB") == ((96, 96), "RGB")


def test_the_direction_of_slices_has_an_option_of_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    nibabel.save(nibabel.Nifti1Image(np.arange(60, dtype=np.uint8).reshape(3, 4, 5), np.eye(4)), path)
    done = CliRunner().invoke(cli, ["inspect", str(path), "--slices", "sagittal", "--json"], catch_exceptions=False)
    found = json.loads(done.output)[0]
    assert (found["images"], found["height"], found["width"]) == (3, 5, 4)
