"""Clusters of features by k-means: the modes of a data set without labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.errors import DataError
from ganzoo.evaluation.statistics.moments import BLOCK, Array
from ganzoo.evaluation.statistics.nearest_neighbors import nearest

AT_MOST = 10_000  # rows that centers are found from, which then lie in memory
ROUNDS = 25  # of Lloyd's algorithm; the last of them move few rows


@dataclass(frozen=True, eq=False)
class Scatter:
    """How rows scatter about K centers.

    Attributes:
        counts: (K,) int64, rows nearest to each center.
        offsets: (K, D) float64, sums of their offsets from the center.
        squares: (K,) float64, sums of their squared distances to the center.
        centers: (K, D).
    """

    counts: Array
    offsets: Array
    squares: Array
    centers: Array

    def variance_within(self, chosen: Array) -> float:
        """Return the mean over rows of the squared distance to their own mean, of the ``chosen`` clusters (K,) bool.

        Unbiased: half the mean squared distance of two rows of one cluster. 0 where no cluster has two rows.
        """
        chosen = chosen & (self.counts > 1)
        counts = self.counts[chosen]
        spread = self.squares[chosen] - (self.offsets[chosen] ** 2).sum(1) / counts
        return float(spread.clip(0).sum() / max(1, (counts - 1).sum()))

    def variance(self) -> float:
        """Return half the mean squared distance of any two rows."""
        total = int(self.counts.sum())
        means = self.centers + self.offsets / self.counts.clip(1)[:, None]
        center = self.counts @ means / total
        within = self.squares - (self.offsets**2).sum(1) / self.counts.clip(1)
        between = self.counts * ((means - center) ** 2).sum(1)
        return float((within.clip(0) + between).sum() / max(1, total - 1))


def find_centers(features: Array, clusters: int, random: np.random.Generator, rows: Array) -> Array:
    """Return centers (clusters, D) float64 of some ``rows`` by k-means++ and Lloyd's rounds, on at most 10,000.

    Raises DataError for fewer rows than clusters. Source: Arthur & Vassilvitskii 2007 (k-means++).
    """
    if len(rows) < clusters:
        raise DataError(f"{len(rows):,} images cannot form {clusters:,} clusters. Give fewer clusters, or more images.")
    chosen = np.sort(random.permutation(rows)[:AT_MOST])  # in order: a file is read forwards
    known = np.asarray(features[chosen], dtype=np.float64)
    centers = _spread(known, clusters, random)
    for _ in range(ROUNDS):
        moved = _means(known, assign(known, centers), centers)
        if np.array_equal(moved, centers):
            break
        centers = moved
    return centers


def assign(features: Array, centers: Array) -> Array:
    """Return the number of the nearest center for each row, int64 (N,)."""
    found: Array = nearest(features, centers)[1][:, 0]
    return found


def scatter(features: Array, centers: Array, rows: Array | None = None) -> Scatter:
    """Return how ``features``, or some ``rows`` of them, lie about their nearest centers, reading in blocks."""
    rows = np.arange(len(features)) if rows is None else rows
    clusters, width = centers.shape
    counts, squares = np.zeros(clusters, dtype=np.int64), np.zeros(clusters)
    offsets = np.zeros((clusters, width))
    for start in range(0, len(rows), BLOCK):
        block = np.asarray(features[rows[start : start + BLOCK]], dtype=np.float64)
        labels = assign(block, centers)
        apart = block - centers[labels]
        counts += np.bincount(labels, minlength=clusters)
        squares += np.bincount(labels, (apart * apart).sum(1), minlength=clusters)
        offsets += (labels == np.arange(clusters)[:, None]) @ apart
    return Scatter(counts, offsets, squares, centers)


def _spread(rows: Array, clusters: int, random: np.random.Generator) -> Array:
    """Draw rows as first centers, each with a chance that grows with its squared distance to those before.

    Of a few drawn each time the best is taken: a single one leaves two far modes to one center every now and then.
    """
    chosen = [int(random.integers(len(rows)))]
    apart = _squares(rows, rows[chosen])[0]
    for _ in range(1, clusters):
        total = apart.sum()
        chances = apart / total if total else None  # None: every row lies on a center, and any will do
        drawn = random.choice(len(rows), size=2 + int(np.log(clusters)), p=chances)
        left = np.minimum(apart, _squares(rows, rows[drawn]))
        best = int(left.sum(1).argmin())
        chosen.append(int(drawn[best]))
        apart = left[best]
    return rows[chosen]


def _squares(rows: Array, places: Array) -> Array:
    """Return squared distances (P, N) of the rows to each of a few places."""
    found: Array = np.stack([((rows - place) ** 2).sum(1) for place in places])
    return found


def _means(rows: Array, labels: Array, centers: Array) -> Array:
    """Return the mean row of each cluster; one that lost all its rows stays where it was."""
    moved = centers.copy()
    for label in np.unique(labels):
        moved[label] = rows[labels == label].mean(0)
    return moved
