"""SSIM of values in any unit, over windows without missing pixels (Wang et al. 2004)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

WINDOW, SIGMA = 11, 1.5  # pixels, of the Gaussian that weighs a neighborhood


def sum_ssim(predicted: Array, true: Array, valid: Array, data_range: float) -> tuple[float, int]:
    """Return the sum of SSIM over all windows of 11x11 pixels without a missing one, and their number.

    Args:
        predicted: (H, W).
        true: (H, W).
        valid: Bool (H, W).
        data_range: The difference between the largest and the smallest value that is possible.
    """
    if min(valid.shape) < WINDOW:
        return 0.0, 0
    whole = _weigh(valid.astype(np.float64)) > 1 - 1e-9
    if not whole.any():
        return 0.0, 0
    filled = [np.where(valid, each, 0).astype(np.float64) for each in (predicted, true)]
    one, other = filled
    small, large = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    mean, other_mean = _weigh(one), _weigh(other)
    variance, other_variance = _weigh(one * one) - mean**2, _weigh(other * other) - other_mean**2
    covariance = _weigh(one * other) - mean * other_mean
    similarity = (2 * mean * other_mean + small) * (2 * covariance + large)
    similarity /= (mean**2 + other_mean**2 + small) * (variance + other_variance + large)
    return float(similarity[whole].sum()), int(whole.sum())


def _weigh(plane: Array) -> Array:
    """Return the Gaussian mean of every whole window: (H - 10, W - 10)."""
    places = np.arange(WINDOW) - WINDOW // 2
    shares = np.exp(-0.5 * (places / SIGMA) ** 2)
    shares /= shares.sum()
    for axis in (0, 1):
        side = plane.shape[axis] - WINDOW + 1
        parts = [np.take(plane, range(place, place + side), axis) * share for place, share in enumerate(shares)]
        plane = np.sum(parts, axis=0)
    return plane
