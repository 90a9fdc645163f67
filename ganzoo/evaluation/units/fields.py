"""What single fields expect of an error: by tissue in computed tomography, the 90th percentile in elevation.

Tissues are parted by the truth's value in HU: air and lung below -200, bone above 200, soft tissue between. LE90 is the
error that 90 % of all pixels do not exceed; it comes from counts of errors by size, so that images can be added up, and
is exact to 0.5 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
TISSUES = ("air", "soft", "bone")
BOUNDS = (-200.0, 200.0)  # HU
HU = "HU"
LENGTHS = ("m", "ft", "km", "cm", "mm", "metre", "meter", "metres", "meters")
SHARE = 0.9
STEP = 1.005  # from one size to the next
LEAST, BINS = 1e-6, 6000  # up to 1e7


def count_sizes(errors: Array) -> Array:
    """Return how many absolute errors (C, N) have each size, (C, BINS); the first holds those below `LEAST`."""
    with np.errstate(divide="ignore"):
        numbers = np.ceil(np.log(errors / LEAST) / np.log(STEP))
    numbers = np.nan_to_num(numbers, nan=0, posinf=BINS - 1, neginf=0).clip(0, BINS - 1).astype(np.int64)
    return np.stack([np.bincount(each, minlength=BINS) for each in numbers]).astype(np.float64)


def le90(sizes: Array) -> Array:
    """Return the absolute error (C,) that 90 % of all do not exceed."""
    reached = np.cumsum(sizes, axis=-1) >= SHARE * sizes.sum(-1, keepdims=True)
    numbers = reached.argmax(-1)
    found: Array = np.where(numbers > 0, LEAST * STEP**numbers, 0.0)
    return found


def tissues(errors: Array, truth: Array, units: Sequence[str]) -> tuple[Array, Array]:
    """Return the sums of absolute errors (C, N) of each tissue and their numbers, both (C, 3)."""
    sums = np.zeros((2, len(errors), len(TISSUES)))
    for index, unit in enumerate(units):
        if unit == HU:
            kinds = np.digitize(truth[index], BOUNDS)
            sums[0, index] = np.bincount(kinds, errors[index], minlength=len(TISSUES))
            sums[1, index] = np.bincount(kinds, minlength=len(TISSUES))
    return sums[0], sums[1]


def wanted(name: str, units: Sequence[str]) -> bool:
    """Tell whether a metric of a field belongs in a table that nobody chose: by the units of the output."""
    if name == "le90":
        return all(unit in LENGTHS for unit in units) and bool(units)
    if name.startswith("mae-") and name.removeprefix("mae-") in TISSUES:
        return all(unit == HU for unit in units) and bool(units)
    return True
