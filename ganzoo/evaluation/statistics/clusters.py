"""Clusters of features by k-means: the modes of a data set without labels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from ganzoo.errors import DataError, MissingPackage
from ganzoo.evaluation.statistics.moments import BLOCK, Array
from ganzoo.evaluation.statistics.nearest_neighbors import nearest

AT_MOST = 10_000  # rows that centers are found from, which then lie in memory
ROUNDS = 25  # of Lloyd's algorithm; the last of them move few rows
STARTS = 3  # a single one leaves two far modes to one center every now and then


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

    Raises DataError for fewer rows than clusters, MissingPackage without scikit-learn. Source: Arthur & Vassilvitskii
    2007 (k-means++).
    """
    if len(rows) < clusters:
        raise DataError(f"{len(rows):,} images cannot form {clusters:,} clusters. Give fewer clusters, or more images.")
    chosen = np.sort(random.permutation(rows)[:AT_MOST])  # in order: a file is read forwards
    known = np.asarray(features[chosen], dtype=np.float64)
    return _k_means(known, clusters, int(random.integers(2**31)))


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


def _k_means(rows: Array, clusters: int, seed: int) -> Array:
    """Return the centers of rows by scikit-learn. Raises MissingPackage."""
    try:
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning
    except ImportError as error:
        raise MissingPackage.of("Clusters of images", "scikit-learn", "eval") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different rows than clusters: centers coincide
        found: Array = KMeans(clusters, n_init=STARTS, max_iter=ROUNDS, random_state=seed).fit(rows).cluster_centers_
    return found
