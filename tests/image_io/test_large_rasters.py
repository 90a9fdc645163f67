"""The benchmarks of files on small ones: a sparse GeoTIFF to a COG, a slide to OME-TIFF, round trips of a folder."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest
from conftest import ROOT
from needs import require

require("rasterio")


@pytest.mark.slow
def test_large_files_go_through_in_windows(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Any) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    benchmark = importlib.import_module("large_rasters")
    monkeypatch.setattr(sys, "argv", ["large_rasters.py", "--side", "1500", "--folder", str(tmp_path)])
    monkeypatch.setattr(benchmark, "LIMIT", sys.maxsize)  # the process of all tests is large already
    assert benchmark.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["geotiff", "slide"]
    assert all(line.endswith("values right") for line in lines) and "4 levels" in lines[1]


@pytest.mark.parametrize("generator", ["pixelwise", "resnet"])
def test_four_channels_of_16_bits_go_through_a_file_as_through_memory(
    generator: str, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Any
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    benchmark = importlib.import_module("megapixels")
    arguments = ["--sides", "300", "--generator", generator, "--folder", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["megapixels.py", *arguments])
    assert benchmark.main() == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{generator} 0.09 megapixels: ") and list(tmp_path.iterdir()) == []
    assert printed.endswith(("; file and array differ by 0 of 10,000\n", "; file and array differ by 1 of 10,000\n"))


def test_a_folder_becomes_a_table(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Any) -> None:
    import numpy as np
    import tifffile

    rasterio = importlib.import_module("rasterio")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    benchmark = importlib.import_module("file_round_trips")
    values = np.arange(2 * 30 * 20).reshape(2, 30, 20).astype(np.uint16)
    profile = {"driver": "GTiff", "count": 2, "height": 30, "width": 20, "dtype": "uint16", "crs": "EPSG:32631"}
    with rasterio.open(tmp_path / "a.tif", "w", transform=rasterio.Affine(9, 0, 5, 0, -9, 7), **profile) as file:
        file.write(values)
    tifffile.imwrite(tmp_path / "b.tif", values, photometric="minisblack", metadata={"axes": "ZYX"})
    (tmp_path / "c.tif").write_bytes(b"II*\0 broken")
    monkeypatch.setattr(sys, "argv", ["file_round_trips.py", str(tmp_path)])
    assert benchmark.main() == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert (
        rows[0] == "| `a.tif` | geotiff | 20x30, 2 x uint16; EPSG:32631 | values and type are the same, metadata too |"
    )
    assert rows[1] == "| `b.tif` | tifffile | 2 images of 20x30, 1 x uint16 | values and type are the same |"
    assert rows[2].startswith("| `c.tif` |  |  | refused: c.tif cannot be read")
