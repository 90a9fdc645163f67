"""Compressed DICOM gives what other projects' decoders give: `benchmarks/dicom_decoders.py` made the files with them.

OpenJPEG encoded JPEG 2000, CharLS JPEG-LS, GDCM and Pillow JPEG; GDCM decoded ``decoded.npz``.
"""

from __future__ import annotations

import numpy as np
import pytest
from conftest import ROOT
from needs import require

from ganzoo.image_io import raster_files

require("pydicom")
FOLDER = ROOT / "tests" / "golden" / "dicom"
DECODED = np.load(FOLDER / "decoded.npz")
# Baseline JPEG leaves a decoder to round by itself, and to smooth chroma that has fewer columns.
ROUNDED = {"jpeg-gray8": 1, "jpeg-color8": 1, "jpeg-422-color8": 1, "jls-ybr-color8": 1}


@pytest.mark.parametrize("name", DECODED.files)
def test_our_decoder_agrees_with_others(name: str) -> None:
    expected = DECODED[name]
    with raster_files.open_frames(FOLDER / f"{name}.dcm") as frames:
        found = np.asarray(frames[0]).transpose(1, 2, 0)
    assert found.shape == expected.shape and found.dtype == expected.dtype
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= ROUNDED.get(name, 0)
