"""Tissue is found on a slide by its color, on a level or a grid that is small enough."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ImageError
from ganzoo.rasters.raster import Raster
from ganzoo.rasters.tissue import tissue_mask


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


def test_pale_tissue_counts_too_and_what_was_not_scanned_does_not() -> None:
    random = np.random.default_rng(0)
    colors = 238 + random.normal(0, 4, (3, 200, 300))
    tissue = np.zeros((200, 300), bool)
    tissue[50:150, 60:220] = True
    colors[:, tissue] = np.array([[220], [175], [205]]) + random.normal(0, 8, (3, tissue.sum()))
    nuclei = tissue & (random.random(tissue.shape) < 0.2)
    colors[:, nuclei] = np.array([[90], [60], [140]]) + random.normal(0, 8, (3, nuclei.sum()))
    colors[:, :, 250:] = 255
    found = tissue_mask(Raster.from_array(colors.clip(0, 255).round().astype(np.uint8)))
    assert found[tissue].mean() > 0.99 and found[~tissue].mean() < 0.01


def test_an_image_without_glass_is_tissue() -> None:
    colors = np.random.default_rng(0).integers(100, 190, (3, 40, 40)).astype(np.uint8)
    assert tissue_mask(Raster.from_array(colors)).mean() > 0.95
