"""How sure a score is of these pictures: intervals by resampling them with replacement."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from ganzoo.errors import DataError
from ganzoo.evaluation import moments
from ganzoo.evaluation.distances import frechet_by_root, root
from ganzoo.evaluation.moments import Array, Moments


def interval(
    values: Array | Sequence[float], level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return low and high of the percentile bootstrap for the mean of ``values``, one a picture.

    Raises DataError for no values, and for values that are not finite. Source: Efron & Tibshirani 1993, chapter 13.
    """
    given = np.asarray(values, dtype=np.float64).ravel()
    if not len(given) or not np.isfinite(given).all():
        raise DataError(f"An interval needs finite values, and not these {len(given):,}. Give at least one picture.")
    random = np.random.default_rng(seed)
    means = [given[random.integers(len(given), size=len(given))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def by_standard_error(value: float, estimates: Array | Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Return the normal interval round ``value``, as wide as the resampled ``estimates`` scatter.

    For statistics whose resampled values are off to one side, as a Frechet distance's are: repeated pictures look like
    less variety, so their percentiles would not even hold the value. Source: Efron & Tibshirani 1993, chapter 13.
    """
    if len(estimates) < 2:
        raise DataError(f"{len(estimates)} resampled values do not scatter. Set resamples to at least 2.")
    half = NormalDist().inv_cdf((1 + level) / 2) * float(np.std(estimates, ddof=1))
    return value - half, value + half


def frechet_interval(
    fake: Array, real: Moments, level: float = 0.95, resamples: int = 20, seed: int = 0
) -> tuple[float, float]:
    """Return low and high for the Frechet distance of ``fake`` (N, D) to ``real``, from 0 upwards.

    The judged pictures are resampled; the real ones stay, as they are part of the protocol. The time is that of
    ``resamples`` distances, the real covariance's root being computed once.
    """
    random, real_root = np.random.default_rng(seed), root(real.covariance)
    value = frechet_by_root(moments.of(fake), real, real_root)
    estimates = []
    for _ in range(resamples):
        counts = np.bincount(random.integers(len(fake), size=len(fake)), minlength=len(fake))
        estimates.append(frechet_by_root(moments.of(fake, counts), real, real_root))
    low, high = by_standard_error(value, estimates, level)
    return max(0.0, low), high
