"""Mean and covariance of features, read in blocks, for the Frechet distance.

Features are float32 arrays (N, D), one row for each image; they may be mapped from a file (numpy's memmap).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ganzoo.errors import DataError, TooFewImages

Array = npt.NDArray[Any]

BLOCK = 2048  # rows in memory at a time


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean (D,) and covariance (D, D) of N rows, in float64.

    The covariance is divided by N - 1, as numpy's is; that of one row is 0.
    """

    count: int
    mean: Array
    covariance: Array


def compute(features: Array, counts: Array | None = None) -> Moments:
    """Return the moments of features, in float64 and block by block.

    Args:
        features: (N, D).
        counts: (N,) whole numbers: how often each row counts, as in a bootstrap; None: once each.

    Raises:
        DataError: there are no rows, or a value is not finite.
    """
    check(features)
    total: Moments | None = None
    for start in range(0, len(features), BLOCK):
        chosen = slice(start, start + BLOCK)
        block = _compute_block(features[chosen], None if counts is None else counts[chosen])
        if block.count:
            total = block if total is None else merge(total, block)
    if total is None:
        raise DataError("The count of every row is 0, which leaves no features. Count at least one row.")
    if not np.isfinite(total.covariance).all():
        raise DataError("The features contain NaN or infinity. Check the extractor's weights and precision.")
    return total


def merge(a: Moments, b: Moments) -> Moments:
    """Return the moments of the rows of both sets.

    Chan, Golub & LeVeque 1979: only centered sums are added, so a large mean costs no digits.
    """
    count, apart = a.count + b.count, b.mean - a.mean
    scatter = (a.count - 1) * a.covariance + (b.count - 1) * b.covariance
    scatter += np.outer(apart, apart * (a.count * b.count / count))
    scatter /= count - 1
    return Moments(count, a.mean + apart * (b.count / count), scatter)


def blocks(features: Array) -> Iterator[Array]:
    """Yield ``features`` in float64, up to 2,048 rows at a time."""
    for start in range(0, len(features), BLOCK):
        yield np.asarray(features[start : start + BLOCK], dtype=np.float64)


def check(features: Array, *others: Array, least: int = 1) -> None:
    """Raise DataError unless all are (N, D) with N at least ``least`` and one D."""
    for each in (features, *others):
        if each.ndim != 2:
            raise DataError(f"Features have shape {each.shape}, and must have (images, features). Flatten them.")
        if len(each) < least:
            raise TooFewImages(f"There are {len(each):,} images, and at least {least:,} are needed. Give more images.")
        if each.shape[1] != features.shape[1]:
            raise DataError(
                f"One set has {features.shape[1]:,} features an image and the other {each.shape[1]:,}. "
                "Extract both with the same extractor."
            )


def _compute_block(rows: Array, counts: Array | None) -> Moments:
    rows = np.asarray(rows, dtype=np.float64)
    if counts is None:
        count, mean = len(rows), rows.mean(0)
        centered = rows - mean
    else:
        rows, counts = rows[counts > 0], counts[counts > 0]
        count = int(counts.sum())
        mean = counts @ rows / max(1, count)
        centered = (rows - mean) * np.sqrt(counts)[:, None]
    return Moments(count, mean, centered.T @ centered / max(1, count - 1))  # of one array numpy computes half
