"""The benchmark of large files, on smaller ones: a sparse GeoTIFF to a COG, a sparse slide to a pyramidal OME-TIFF."""

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
