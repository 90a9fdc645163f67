"""Less flicker in video whose frames are translated one by one.

A generator sees each frame alone, so sensor noise, compression and shifts of its normalization make still objects
shimmer. Where the input hardly changes, each result is mixed with the results before it; where the input moves, the
result stays as it is. The weight w of a pixel comes from the change c of the input's brightness around it (0..255):

    w = strength * exp(-(c / TOLERANCE)^2)        smoothed = result + w * (smoothed before - result)

c is measured against the inputs so far, mixed by the same weights: they are less noisy than the last one, and a slow
drift adds up until it counts as motion. `flicker` measures the gain, `ghosting` the cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ganzoo.errors import OptionError
from ganzoo.image_io.decoding import Array

TOLERANCE = 5.0  # of 255. Sensor noise changes 1 to 3. At 10, translated textures that drift were seen to blur.
RADIUS = 3  # pixels to each side over which a change is averaged
MIN_STILLNESS = 0.25  # of the mean of w / strength; below, hardly anything stood still: a cut, which starts over


class TemporalSmoothing:
    """Smooths a stream of frames over time: give every input and its result to `next`, in order.

    Args:
        strength: In [0, 1): the weight of the results before, where nothing moves. 0 changes nothing, 0.8 leaves about
            a third of the flicker.

    Raises:
        OptionError: ``strength`` is out of range.
    """

    def __init__(self, strength: float) -> None:
        if not 0 <= strength < 1:
            raise OptionError(
                f"A temporal smoothing of {strength} is not valid. Give a number from 0 (off) to below 1, such as 0.8."
            )
        self._strength = strength
        self._input: Array | None = None  # brightness of the inputs so far, mixed
        self._smoothed: Array | None = None

    def next(self, frame: Array, result: Array) -> Array:
        """Return the smoothed result (H, W, 3) for an input ``frame`` (h, w, 3); all uint8.

        The first result, and the first of another scene, is returned unchanged.
        """
        if not self._strength:
            return result
        new = brightness(frame)
        if self._input is not None and self._smoothed is not None and self._input.shape == new.shape:
            stillness = np.exp(-np.square(change(self._input, new) / np.float32(TOLERANCE)))
            if stillness.mean() >= MIN_STILLNESS:
                weight = stillness * np.float32(self._strength)
                _mix(self._input, new, weight)
                _mix(self._smoothed, result, _enlarge(weight, *result.shape[:2])[..., None])
                return np.rint(self._smoothed).astype(np.uint8)
        self._input, self._smoothed = new, result.astype(np.float32)
        return result


def brightness(rgb: Array) -> Array:
    """Return the mean of the three channels of (h, w, 3), as (h, w) float32. It is less noisy than they are."""
    mean: Array = rgb @ np.full(3, 1 / 3, np.float32)
    return mean


def change(before: Array, after: Array) -> Array:
    """Return the difference of two frames (h, w) around each pixel: its mean over a square, (h, w) float32."""
    return _average(_average(np.abs(after - before)).T).T


def flicker(inputs: Sequence[Array], results: Sequence[Array]) -> float:
    """Measure by how much of 255 results change from one to the next where the input does not.

    The mean of |results[t] - results[t-1]| over the pixels where change(inputs[t-1], inputs[t]) < TOLERANCE. All
    (h, w, 3) uint8.
    """
    return _mean(_difference(results[t], results[t - 1])[_still(inputs, t)] for t in range(1, len(inputs)))


def ghosting(inputs: Sequence[Array], results: Sequence[Array], smoothed: Sequence[Array]) -> float:
    """Measure by how much of 255 smoothing changes results where the input moves.

    The mean of |smoothed[t] - results[t]| over the pixels where change(inputs[t-1], inputs[t]) >= TOLERANCE. All
    (h, w, 3) uint8.
    """
    return _mean(_difference(smoothed[t], results[t])[~_still(inputs, t)] for t in range(1, len(inputs)))


def _still(inputs: Sequence[Array], t: int) -> Array:
    return change(brightness(inputs[t - 1]), brightness(inputs[t])) < TOLERANCE


def _difference(one: Array, other: Array) -> Array:
    return np.abs(np.subtract(one, other, dtype=np.float32))


def _mean(parts: Iterable[Array]) -> float:
    values = np.concatenate([part.ravel() for part in parts])
    return float(values.mean()) if values.size else 0.0


def _mix(old: Array, new: Array, weight: Array) -> None:
    """Replace ``old`` by new + weight * (old - new)."""
    old -= new
    old *= weight
    old += new


def _average(values: Array) -> Array:
    """Average each column of (h, w) over RADIUS rows above and below; beyond the edge its row is repeated."""
    sums = np.cumsum(np.pad(values, ((RADIUS + 1, RADIUS), (0, 0)), mode="edge"), axis=0)
    means: Array = (sums[2 * RADIUS + 1 :] - sums[: -2 * RADIUS - 1]) / np.float32(2 * RADIUS + 1)
    return means


def _enlarge(weight: Array, height: int, width: int) -> Array:
    """Repeat (h, w) to another size, for generators that enlarge."""
    if weight.shape == (height, width):
        return weight
    rows, columns = np.arange(height) * weight.shape[0] // height, np.arange(width) * weight.shape[1] // width
    enlarged: Array = weight[rows[:, None], columns]
    return enlarged
