"""Sums over the valid pixels of an image, from which errors of any set of images are computed exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ganzoo.evaluation.units import fields

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


@dataclass(frozen=True)
class Sums:
    """Sums of one image, or of several, each (C,) float64.

    Predictions and truths are taken about ``shift``, a constant for the whole evaluation, so that squares of large
    values keep their digits.

    Attributes:
        count: Valid pixels.
        absolute: Of absolute errors.
        error: Of errors.
        squared: Of squared errors.
        predicted: Of predictions.
        true: Of truths.
        predicted_squared: Of squared predictions.
        true_squared: Of squared truths.
        product: Of predictions times truths.
        similarity: Of SSIM.
        windows: How many windows SSIM has.
        angle: (1,), of the angles between spectra, in degrees.
        sizes: (C, BINS), how many absolute errors are of each size; see `fields`.
        tissue_absolute: (C, 3), of absolute errors in air, soft tissue and bone; 0 of channels that are not in HU.
        tissue_count: (C, 3), of the pixels of each.
        shift: What is subtracted from all values.
    """

    count: Array
    absolute: Array
    error: Array
    squared: Array
    predicted: Array
    true: Array
    predicted_squared: Array
    true_squared: Array
    product: Array
    similarity: Array
    windows: Array
    angle: Array
    sizes: Array
    tissue_absolute: Array
    tissue_count: Array
    shift: Array

    def __add__(self, other: Sums) -> Sums:
        added = {name: value + getattr(other, name) for name, value in vars(self).items()}
        return Sums(**{**added, "shift": self.shift})


def sum_up(
    predicted: Array,
    true: Array,
    valid: Array,
    shift: Array,
    similarity: Array,
    windows: Array,
    units: Sequence[str] = (),
) -> Sums:
    """Return the sums of one image.

    Args:
        predicted: (C, H, W) in file values.
        true: The same shape.
        valid: Bool (H, W).
        shift: (C,), near the channels' middle.
        similarity: (C,), the sum of SSIM over its windows.
        windows: (C,), their number.
        units: Of each channel; () where they have none.
    """
    one, other = (each[:, valid].astype(np.float64) - shift[:, None] for each in (predicted, true))
    error = one - other
    tissues = fields.tissues(np.abs(error), other + shift[:, None], units)
    return Sums(
        count=np.full(len(one), one.shape[1], np.float64),
        absolute=np.abs(error).sum(1),
        error=error.sum(1),
        squared=(error * error).sum(1),
        predicted=one.sum(1),
        true=other.sum(1),
        predicted_squared=(one * one).sum(1),
        true_squared=(other * other).sum(1),
        product=(one * other).sum(1),
        similarity=similarity,
        windows=windows,
        angle=np.array([_angles(predicted, true, valid).sum()]),
        sizes=fields.count_sizes(np.abs(error)),
        tissue_absolute=tissues[0],
        tissue_count=tissues[1],
        shift=shift,
    )


def _angles(predicted: Array, true: Array, valid: Array) -> Array:
    """Return the angle between the spectra of each valid pixel, in degrees (Kruse et al. 1993); 0 of no spectrum."""
    if len(predicted) < 2:
        return np.zeros(1)
    one, other = (each[:, valid].astype(np.float64) for each in (predicted, true))
    lengths = np.sqrt((one * one).sum(0) * (other * other).sum(0))
    cosines = np.divide((one * other).sum(0), lengths, out=np.ones_like(lengths), where=lengths > 0)
    angles: Array = np.degrees(np.arccos(cosines.clip(-1, 1)))
    return angles
