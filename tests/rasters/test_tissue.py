"""Tissue is found on a slide by its color, on a level or a grid that is small enough."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ImageError
from ganzoo.rasters.raster import Raster
from ganzoo.rasters.tissue import otsu, tissue_mask


def slide(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return bright glass with one purple piece, and where it is."""
    random = np.random.default_rng(0)
    colors = random.integers(225, 250, (3, height, width)).astype(np.uint8)
    tissue = np.zeros((height, width), bool)
    tissue[height // 4 : height // 2, width // 3 : width // 2] = True
    colors[:, tissue] = np.array([[150], [80], [160]], np.uint8) + random.integers(0, 30, (1, tissue.sum())).astype(
        np.uint8
    )
    return colors, tissue


def test_stained_pixels_are_tissue() -> None:
    colors, tissue = slide(120, 160)
    assert np.array_equal(tissue_mask(Raster.from_array(colors)), tissue)


def test_a_large_slide_is_looked_at_on_a_grid() -> None:
    colors, tissue = slide(40, 4100)
    assert np.array_equal(tissue_mask(Raster.from_array(colors)), tissue[::3, ::3])


def test_glass_alone_has_none_and_other_values_are_refused() -> None:
    assert not tissue_mask(Raster.from_array(np.full((3, 9, 9), 240, np.uint8))).any()
    with pytest.raises(ImageError, match="Tissue is found in 8-bit RGB"):
        tissue_mask(Raster.from_array(np.zeros((1, 9, 9), np.uint8)))


def test_the_parting_value_agrees_with_scikit_image() -> None:
    filters = pytest.importorskip("skimage.filters")
    values = np.concatenate([np.random.default_rng(1).normal(0, 1, 500), np.random.default_rng(2).normal(6, 2, 300)])
    assert abs(otsu(values) - filters.threshold_otsu(values)) < 0.1
