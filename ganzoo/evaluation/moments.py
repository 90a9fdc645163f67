"""Mean and covariance of features, read in blocks: what the Frechet distance and a picture set's variety need.

Features are float32 arrays (N, D), one row a picture, and may lie in a file (numpy's memmap).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ganzoo.errors import DataError

Array = npt.NDArray[Any]

BLOCK = 2048  # rows in memory at a time


@dataclass(frozen=True, eq=False)
class Moments:
    """What N rows have in common: float64 ``mean`` (D,) and ``covariance`` (D, D), divided by N - 1 as numpy's is.

    One row has covariance 0.
    """

    count: int
    mean: Array
    covariance: Array


def of(features: Array, counts: Array | None = None) -> Moments:
    """Return the moments of ``features`` (N, D), in float64 and block by block.

    ``counts`` (N,), whole numbers: how often each row is meant, as in a bootstrap; None is once each.
    Raises DataError for no rows, and for values that are not finite.
    """
    check(features)
    total: Moments | None = None
    for start in range(0, len(features), BLOCK):
        chosen = slice(start, start + BLOCK)
        part = _of_block(features[chosen], None if counts is None else counts[chosen])
        if part.count:
            total = part if total is None else merge(total, part)
    if total is None:
        raise DataError("Every row's count is 0, which leaves no features. Count at least one row.")
    if not np.isfinite(total.covariance).all():
        raise DataError("The features hold NaN or infinity. Look at the extractor's weights and precision.")
    return total


def merge(a: Moments, b: Moments) -> Moments:
    """Return the moments of both sets' rows together.

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
            raise DataError(f"Features have shape {each.shape}, and should be (pictures, features). Flatten them.")
        if len(each) < least:
            raise DataError(f"There are {len(each):,} pictures where this needs {least:,}. Give more pictures.")
        if each.shape[1] != features.shape[1]:
            raise DataError(
                f"One set has {features.shape[1]:,} features a picture and the other {each.shape[1]:,}. "
                "Extract both with the same extractor."
            )


def _of_block(rows: Array, counts: Array | None) -> Moments:
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
