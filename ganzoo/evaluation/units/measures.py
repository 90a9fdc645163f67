"""Sums -> errors in units, and their intervals by resampling groups."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ganzoo.evaluation.statistics.bootstrap import LEVEL
from ganzoo.evaluation.units import fields
from ganzoo.evaluation.units.sums import Sums

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
RESAMPLES = 1000
ROUNDING = 1e-11  # of squares, in float64


def _tissue(index: int, sums: Sums, spans: Array) -> Array:
    """Return the mean absolute error in one tissue, NaN where there is none of it."""
    counts = sums.tissue_count[:, index]
    found: Array = sums.tissue_absolute[:, index] / np.where(counts > 0, counts, np.nan)
    return found


PER_CHANNEL: dict[str, Callable[[Sums, Array], Array]] = {
    "mae": lambda sums, spans: sums.absolute / sums.count,
    "rmse": lambda sums, spans: np.sqrt(sums.squared / sums.count),
    "bias": lambda sums, spans: sums.error / sums.count,
    "le90": lambda sums, spans: fields.le90(sums.sizes),
    **{f"mae-{name}": partial(_tissue, index) for index, name in enumerate(fields.TISSUES)},
    "pearson": lambda sums, spans: _pearson(sums),
    "psnr": lambda sums, spans: 10 * np.log10(spans**2 / np.maximum(sums.squared / sums.count, 1e-300)),
    "ssim": lambda sums, spans: sums.similarity / np.where(sums.windows > 0, sums.windows, np.nan),
}
OF_SPECTRA: dict[str, Callable[[Sums], float]] = {
    "sam": lambda sums: float(sums.angle[0] / sums.count[0]),
    "ergas": lambda sums: _ergas(sums),
}
NAMES = (*PER_CHANNEL, *OF_SPECTRA)
UNITLESS = ("pearson", "psnr", "ssim", "sam", "ergas")


def _pearson(sums: Sums) -> Array:
    """Return Pearson's correlation, NaN where predictions or truths do not vary beyond rounding."""
    covariance = sums.count * sums.product - sums.predicted * sums.true
    squares = [sums.count * each for each in (sums.predicted_squared, sums.true_squared)]
    spreads = [one - total**2 for one, total in zip(squares, (sums.predicted, sums.true), strict=True)]
    vary = np.logical_and(*(spread > ROUNDING * square for spread, square in zip(spreads, squares, strict=True)))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = np.where(vary, covariance / np.sqrt(spreads[0] * spreads[1]), np.nan)
    return found


def _ergas(sums: Sums) -> float:
    """Return ERGAS (Wald 2000) for a ratio of pixel sizes of 1: 100 times the mean relative error; lower is better."""
    means = sums.true / sums.count + sums.shift
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = (sums.squared / sums.count) / means**2
    return 100 * math.sqrt(float(relative.mean())) if np.isfinite(relative).all() else math.nan


def compute(sums: Sums, spans: Array) -> dict[str, Array]:
    """Return name -> values: (C,) for metrics of channels, (1,) for those of spectra.

    Args:
        sums: Of all images.
        spans: (C,), the data range of each channel.
    """
    found = {name: measure(sums, spans) for name, measure in PER_CHANNEL.items()}
    if len(spans) > 1:
        found |= {name: np.array([measure(sums)]) for name, measure in OF_SPECTRA.items()}
    return found


def intervals(groups: Mapping[str, Sums], spans: Array, seed: int = 0) -> dict[str, Array]:
    """Return bounds from resampling whole groups with replacement; nothing for fewer than two groups.

    Returns:
        Name -> (C + 1, 2): low and high of each channel, and last of their mean.
    """
    if len(groups) < 2:
        return {}
    stacked = {name: np.stack([getattr(each, name) for each in groups.values()]) for name in vars(_first(groups))}
    shift, random = stacked.pop("shift")[0], np.random.default_rng(seed)
    drawn: dict[str, list[Array]] = {}
    for _ in range(RESAMPLES):
        counts = np.bincount(random.integers(len(groups), size=len(groups)), minlength=len(groups))
        resampled = Sums(**{name: np.tensordot(counts, values, 1) for name, values in stacked.items()}, shift=shift)
        for name, values in compute(resampled, spans).items():
            drawn.setdefault(name, []).append(_with_mean(values))
    shares = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a metric without a value has no interval either
        return {name: np.nanquantile(np.stack(values), shares, axis=0).T for name, values in drawn.items()}


def _first(groups: Mapping[str, Sums]) -> Sums:
    return next(iter(groups.values()))


def _with_mean(values: Array) -> Array:
    return np.append(values, values.mean())


def total(parts: Sequence[Sums]) -> Sums:
    """Return the sum of at least one."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole
