"""Confidence intervals of scores, by resampling images with replacement (Efron & Tibshirani 1993, chapter 13).

Kept by hand: scipy.stats.bootstrap would need scipy for two short functions, and it has no interval around a statistic
whose resampled values are biased.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from ganzoo.errors import DataError
from ganzoo.evaluation.statistics.moments import Array

LEVEL = 0.95  # of every interval


def mean_interval(
    values: Array | Sequence[float], level: float = LEVEL, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return low and high of the percentile bootstrap for the mean of ``values``, one for each image.

    Raises DataError if there are no values, or a value is not finite.
    """
    each = np.asarray(values, dtype=np.float64).ravel()
    if not len(each) or not np.isfinite(each).all():
        raise DataError(f"An interval needs finite values; these {len(each):,} are not. Give at least one image.")
    random = np.random.default_rng(seed)
    means = [each[random.integers(len(each), size=len(each))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def normal_interval(value: float, estimates: Array | Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Return the normal interval around ``value`` whose width is the scatter of the resampled ``estimates``.

    For statistics whose resampled values are biased, as those of a Frechet distance: repeated images look like less
    variety, so the percentiles may not even contain the value.
    """
    if len(estimates) < 2:
        raise DataError(f"{len(estimates)} resampled values have no standard error. Set resamples to at least 2.")
    return normal_bounds(value, float(np.std(estimates, ddof=1)), level)


def normal_bounds(value: float, error: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the normal interval around ``value`` with the standard error ``error``."""
    half = NormalDist().inv_cdf((1 + level) / 2) * error
    return value - half, value + half
