"""Tiles that fade into each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tiny_models import run_python

from ganzoo.inference.tiling.blending import blend

Array = npt.NDArray[Any]


def picture(height: int, width: int) -> Array:
    return np.random.default_rng(0).uniform(-1, 1, (1, 3, height, width)).astype(np.float32)


def blended(run: Any, images: Array, tile: int, overlap: int, stride: int = 4, progress: Any = None) -> Array:
    made: list[Array] = []

    def put(first: int, rows: Array) -> None:
        assert first == sum(one.shape[2] for one in made)
        made.append(rows)

    height, width = images.shape[2:]
    blend(run, lambda first, last: images[:, :, first:last], height, width, put, tile, overlap, stride, progress)
    return np.concatenate(made, 2)


@pytest.mark.parametrize("size", [(64, 48), (100, 132), (16, 16), (68, 36), (36, 200)])
@pytest.mark.parametrize(("tile", "overlap"), [(32, 8), (48, 24), (32, 0), (32, 28), (512, 64)])
@pytest.mark.parametrize("scale", [1, 3])
def test_weights_sum_to_one_everywhere(size: tuple[int, int], tile: int, overlap: int, scale: int) -> None:
    images = picture(*size)
    made = blended(lambda part: part.repeat(scale, 2).repeat(scale, 3), images, tile, overlap)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, images.repeat(scale, 2).repeat(scale, 3), atol=1e-6)


def test_tiles_begin_at_multiples_of_the_stride_and_share_the_overlap() -> None:
    places: list[tuple[int, int]] = []
    rows, columns = np.meshgrid(np.arange(100.0), np.arange(132.0), indexing="ij")
    images = np.stack([rows, columns])[None].astype(np.float32)

    def run(part: Array) -> Array:
        assert part.shape == (1, 2, 48, 48) and part.dtype == np.float32 and part.flags.c_contiguous
        places.append((int(part[0, 0, 0, 0]), int(part[0, 1, 0, 0])))
        return part

    blended(run, images, 48, 12)
    tops, lefts = sorted({top for top, _ in places}), sorted({left for _, left in places})
    assert tops == [0, 24, 52] and lefts == [0, 28, 56, 84] and len(places) == 12


def test_the_seam_of_a_network_that_looks_at_its_tile_fades() -> None:
    images = np.zeros((1, 1, 64, 32), np.float32) + np.linspace(0, 1, 64, dtype=np.float32)[:, None]

    def brighten(part: Array) -> Array:  # as a norm does, by the tile's own mean
        return np.full_like(part, part.mean())

    steps = {overlap: np.abs(np.diff(blended(brighten, images, 32, overlap)[0, 0, :, 0])).max() for overlap in (0, 16)}
    assert steps[0] == pytest.approx(0.5, abs=0.02) and steps[16] < 0.03


def test_only_a_row_of_tiles_is_asked_for_at_a_time_and_progress_is_reported() -> None:
    images, requested, shares = picture(200, 64), [], []

    def rows(first: int, last: int) -> Array:
        requested.append((first, last))
        return images[:, :, first:last]

    blend(lambda part: part, rows, 200, 64, lambda first, made: None, 32, 8, 4, shares.append)
    assert len(requested) == 8 and all(last - first == 32 for first, last in requested)
    assert shares == sorted(shares) and len(shares) == 24 and shares[-1] == 1


def test_no_torch_is_imported() -> None:
    process = run_python("import sys, ganzoo.inference.tiling.blending; sys.exit('torch' in sys.modules)")
    assert process.returncode == 0, process.stderr
