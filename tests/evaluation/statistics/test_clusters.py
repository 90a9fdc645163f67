"""K-means and what is counted round its centers: clusters that are known, and numpy's variances."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import DataError
from ganzoo.evaluation.statistics.clusters import assign, find_centers, scatter
from ganzoo.evaluation.statistics.moments import Array


def blobs(count: int, places: int, seed: int = 0) -> tuple[Array, Array]:
    """Return features round ``places`` far corners, and which corner each is of."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % places
    return (random.normal(size=(count, 16)) + 30 * np.eye(16)[labels]).astype(np.float32), labels


@pytest.mark.parametrize("seed", range(5))
def test_far_blobs_are_found_whatever_the_seed(seed: int) -> None:
    features, labels = blobs(400, 8)
    centers = find_centers(features, 8, np.random.default_rng(seed), np.arange(400))
    found = assign(features, centers)
    assert len({(int(a), int(b)) for a, b in zip(found, labels, strict=True)}) == len(set(labels)) == 8
    np.testing.assert_allclose(centers[found[0]], features[labels == labels[0]].mean(0, dtype=np.float64), rtol=1e-6)


def test_only_the_named_rows_make_centers() -> None:
    features, labels = blobs(400, 8)
    centers = find_centers(features, 4, np.random.default_rng(0), np.flatnonzero(labels < 4))
    assert np.linalg.norm(features[labels >= 4][:, None] - centers, axis=2).min() > 20


def test_equal_rows_make_no_trouble() -> None:
    centers = find_centers(np.ones((50, 3), np.float32), 5, np.random.default_rng(0), np.arange(50))
    np.testing.assert_array_equal(centers, np.ones((5, 3)))


def test_more_clusters_than_images_are_refused() -> None:
    with pytest.raises(DataError, match="cannot form 9 clusters"):
        find_centers(blobs(20, 2)[0], 9, np.random.default_rng(0), np.arange(8))


def test_scatter_counts_and_varies_as_numpy_does() -> None:
    features, labels = blobs(5000, 4)
    centers = 30 * np.eye(16)[:4] + 0.5  # not the means
    found = scatter(features, centers)
    assert found.counts.tolist() == [1250] * 4
    exact = features.astype(np.float64)
    assert found.variance() == pytest.approx(exact.var(0, ddof=1).sum(), rel=1e-9)
    within = [exact[labels == k].var(0, ddof=1).sum() for k in range(4)]
    assert found.variance_within(np.ones(4, bool)) == pytest.approx(np.mean(within), rel=1e-9)
    assert found.variance_within(np.arange(4) == 2) == pytest.approx(within[2], rel=1e-9)


def test_scatter_takes_some_rows() -> None:
    features, labels = blobs(400, 4)
    centers, rows = 30 * np.eye(16)[:4], np.flatnonzero(labels != 1)
    assert scatter(features, centers, rows).counts.tolist() == [100, 0, 100, 100]
    assert scatter(features, centers, rows).variance() == pytest.approx(scatter(features[rows], centers).variance())
