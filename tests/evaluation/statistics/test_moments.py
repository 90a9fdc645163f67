"""Moments in blocks: the same as numpy's over the whole, whatever the blocks and the mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganzoo.errors import DataError
from ganzoo.evaluation.statistics import moments
from ganzoo.evaluation.statistics.moments import BLOCK, Array


def features(count: int, width: int = 8, seed: int = 0, mean: float = 0.0) -> Array:
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(count, width)) @ random.normal(size=(width, width))
    return (mixed + mean).astype(np.float32)


@pytest.mark.parametrize("count", [2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5])
def test_blocks_give_numpys_moments_far_from_zero(count: int) -> None:
    rows = features(count, mean=5000)  # a one-pass sum of squares in float32 has no right digit here
    found = moments.compute(rows)
    assert found.count == count
    np.testing.assert_allclose(found.mean, rows.mean(0, dtype=np.float64), rtol=1e-14)
    np.testing.assert_allclose(found.covariance, np.cov(rows.astype(np.float64), rowvar=False), rtol=1e-9, atol=1e-9)


def test_a_file_is_read_as_memory_is(tmp_path: Path) -> None:
    rows = features(BLOCK + 100)
    np.save(tmp_path / "features.npy", rows)
    found = moments.compute(np.load(tmp_path / "features.npy", mmap_mode="r"))
    np.testing.assert_array_equal(found.covariance, moments.compute(rows).covariance)


def test_parts_merge_to_the_whole_in_any_order() -> None:
    rows = features(1000, mean=300)
    parts = [moments.compute(part) for part in (rows[:1], rows[1:400], rows[400:])]
    whole = moments.compute(rows)
    for order in ((0, 1, 2), (2, 0, 1)):
        found = moments.merge(moments.merge(parts[order[0]], parts[order[1]]), parts[order[2]])
        assert found.count == 1000
        np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-12)
        np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-10, atol=1e-12)


def test_counts_mean_repeated_rows() -> None:
    rows = features(BLOCK + 300)
    counts = np.random.default_rng(1).integers(0, 4, len(rows))
    counts[:BLOCK] = 0  # a whole block that nothing was drawn from
    found, repeated = moments.compute(rows, counts), moments.compute(np.repeat(rows, counts, axis=0))
    assert found.count == repeated.count
    np.testing.assert_allclose(found.mean, repeated.mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.covariance, repeated.covariance, rtol=1e-10, atol=1e-12)


def test_one_row_has_no_covariance() -> None:
    found = moments.compute(features(1))
    assert found.count == 1
    assert not found.covariance.any()


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (np.zeros((0, 4), np.float32), "0 images"),
        (np.zeros((4, 2, 2), np.float32), r"shape \(4, 2, 2\)"),
        (np.full((4, 2), np.nan, np.float32), "NaN"),
    ],
)
def test_features_that_have_no_moments_are_refused(rows: Array, says: str) -> None:
    with pytest.raises(DataError, match=says):
        moments.compute(rows)


def test_counts_of_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="Count at least one row"):
        moments.compute(features(5), np.zeros(5, np.int64))
