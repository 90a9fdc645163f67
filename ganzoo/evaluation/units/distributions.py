"""How the values of two sets are distributed: distances in units, and their intervals by resampling groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from ganzoo.evaluation.statistics import bootstrap

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
NAMES = ("wasserstein", "mean-difference", "deviation-difference")
LEVELS = (np.arange(2000) + 0.5) / 2000  # quantiles that are compared
RESAMPLES = 1000
INTERVAL = "95 %, normal, standard error of 1,000 bootstraps of the groups of both sets"
BINS = 2048  # in which values are counted for the intervals


def compare(made: Array, real: Array) -> dict[str, Array]:
    """Return each metric of `NAMES` for each channel.

    Args:
        made: Values of translations, (C, n).
        real: Values of the second set, (C, m).

    Returns:
        "wasserstein": the mean distance that values would have to move (Wasserstein-1), in the channel's unit;
        "mean-difference" and "deviation-difference": of translations, minus that of the second set.
    """
    quantiles = [np.quantile(values, LEVELS, axis=1) for values in (made, real)]
    return {
        "wasserstein": np.abs(quantiles[0] - quantiles[1]).mean(0),
        "mean-difference": made.mean(1) - real.mean(1),
        "deviation-difference": made.std(1) - real.std(1),
    }


def intervals(made: Mapping[str, Array], real: Mapping[str, Array], seed: int = 0) -> dict[str, Array]:
    """Return intervals from resampling whole groups of both sets; nothing where one of them has a single group.

    The scatter is that of values rounded to at most `BINS` levels, which the pooled values fill evenly.

    Args:
        made: Group to values of its translations, (C, n).
        real: Group to values of the second set, (C, m).
        seed: Of resampling.

    Returns:
        Name of a metric to (C + 1, 2): low and high of each channel, and last of their mean.
    """
    if min(len(made), len(real)) < 2:
        return {}
    values = compare(*(np.concatenate(list(side.values()), 1) for side in (made, real)))
    random = np.random.default_rng(seed)
    drawn = [random.multinomial(len(side), np.full(len(side), 1 / len(side)), RESAMPLES) for side in (made, real)]
    channels = [_resampled(made, real, drawn, index) for index in range(len(values[NAMES[0]]))]
    found = {}
    for name in NAMES:
        estimates = np.stack([channel[name] for channel in channels])
        rows = [*zip(values[name], estimates, strict=True), (values[name].mean(), estimates.mean(0))]
        bounds = np.array([bootstrap.normal_interval(float(value), each) for value, each in rows])
        found[name] = np.maximum(bounds, 0) if name == "wasserstein" else bounds
    return found


def _resampled(
    made: Mapping[str, Array], real: Mapping[str, Array], drawn: list[Array], index: int
) -> dict[str, Array]:
    """Return each metric of one channel of each resampled pair of sets, (RESAMPLES,)."""
    pooled = np.concatenate([values[index] for side in (made, real) for values in side.values()])
    starts = np.unique(np.quantile(pooled, np.linspace(0, 1, BINS), method="lower"))
    counts = _count(pooled, starts)
    levels = np.bincount(_bins(pooled, starts), pooled, len(starts)) / np.maximum(counts, 1)
    shares = []
    for side, times in zip((made, real), drawn, strict=True):
        each = times @ np.stack([_count(values[index], starts) for values in side.values()])
        shares.append(each / each.sum(1, keepdims=True))
    means = [share @ levels for share in shares]
    deviations = [
        np.sqrt(np.maximum(share @ levels**2 - mean**2, 0)) for share, mean in zip(shares, means, strict=True)
    ]
    apart = np.abs(np.cumsum(shares[0] - shares[1], axis=1)[:, :-1])
    return {
        "wasserstein": apart @ np.diff(levels),
        "mean-difference": means[0] - means[1],
        "deviation-difference": deviations[0] - deviations[1],
    }


def _bins(values: Array, starts: Array) -> Array:
    return np.searchsorted(starts, values, side="right") - 1


def _count(values: Array, starts: Array) -> Array:
    return np.bincount(_bins(values, starts), minlength=len(starts)).astype(np.float64)
