"""Less flicker in video whose pictures are translated one by one.

A translator sees each picture alone, so sensor noise, compression and shifts of its normalization make still things
shimmer. Where the input hardly changes, each result is mixed with those before it; where it moves, it is taken as it
is. The weight w of a pixel comes from the change c of the input's brightness around it (0..255):

    w = strength * exp(-(c / TOLERANCE)^2)        shown = made + w * (shown before - made)

c is measured against the inputs so far, mixed by the same weights: they are less noisy than the last one, and a slow
drift adds up until it counts as motion. `flicker` and `ghosting` measure what this gains and what it costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ganzoo.errors import OptionError
from ganzoo.image_io.decoding import Array

TOLERANCE = 5.0  # of 255. Sensor noise changes 1 to 3. By 10, translated textures that drift were seen to blur.
REACH = 3  # pixels to each side over which a change is averaged
CUT = 0.25  # where the mean of w / strength is below, hardly anything stood still: another scene, which starts afresh


class TemporalSmoothing:
    """Steadies a stream of pictures: give every input and its result to `next`, in order.

    ``strength`` in [0, 1) is the weight of what was shown before, where nothing moves: 0 changes nothing, 0.8 leaves
    about a third of the flicker. Raises OptionError for any other number.
    """

    def __init__(self, strength: float) -> None:
        if not 0 <= strength < 1:
            raise OptionError(f"steady {strength} is not right. Give a number from 0 (off) to below 1, such as 0.8.")
        self._strength = strength
        self._seen: Array | None = None
        self._shown: Array | None = None

    def next(self, seen: Array, made: Array) -> Array:
        """Return what to show for an input (h, w, 3) whose result is ``made`` (H, W, 3); all uint8.

        The first one, and the first of another scene, is ``made`` itself.
        """
        if not self._strength:
            return made
        new = brightness(seen)
        if self._seen is not None and self._shown is not None and self._seen.shape == new.shape:
            stillness = np.exp(-np.square(change(self._seen, new) / np.float32(TOLERANCE)))
            if stillness.mean() >= CUT:
                weight = stillness * np.float32(self._strength)
                _mix(self._seen, new, weight)
                _mix(self._shown, made, _stretched(weight, *made.shape[:2])[..., None])
                return np.rint(self._shown).astype(np.uint8)
        self._seen, self._shown = new, made.astype(np.float32)
        return made


def brightness(rgb: Array) -> Array:
    """Return the mean of the three channels of (h, w, 3), as (h, w) float32. It is less noisy than they are."""
    mean: Array = rgb @ np.full(3, 1 / 3, np.float32)
    return mean


def change(before: Array, after: Array) -> Array:
    """Return by how much two pictures (h, w) differ around each pixel: the mean over a square, (h, w) float32."""
    return _averaged(_averaged(np.abs(after - before)).T).T


def flicker(seen: Sequence[Array], made: Sequence[Array]) -> float:
    """Measure by how much of 255 results change from one to the next where the input does not.

    The mean of |made[t] - made[t-1]| over the pixels where change(seen[t-1], seen[t]) < TOLERANCE. All (h, w, 3) uint8.
    """
    return _mean(_difference(made[t], made[t - 1])[_still(seen, t)] for t in range(1, len(seen)))


def ghosting(seen: Sequence[Array], made: Sequence[Array], shown: Sequence[Array]) -> float:
    """Measure by how much of 255 steadied results differ from the others where the input moves.

    The mean of |shown[t] - made[t]| over the pixels where change(seen[t-1], seen[t]) >= TOLERANCE. All (h, w, 3) uint8.
    """
    return _mean(_difference(shown[t], made[t])[~_still(seen, t)] for t in range(1, len(seen)))


def _still(seen: Sequence[Array], t: int) -> Array:
    return change(brightness(seen[t - 1]), brightness(seen[t])) < TOLERANCE


def _difference(one: Array, other: Array) -> Array:
    return np.abs(np.subtract(one, other, dtype=np.float32))


def _mean(parts: Iterable[Array]) -> float:
    values = np.concatenate([part.ravel() for part in parts])
    return float(values.mean()) if values.size else 0.0


def _mix(kept: Array, new: Array, weight: Array) -> None:
    """Replace ``kept`` by new + weight * (kept - new)."""
    kept -= new
    kept *= weight
    kept += new


def _averaged(values: Array) -> Array:
    """Average each column of (h, w) over REACH rows above and below; the edge's row counts for those beyond it."""
    sums = np.cumsum(np.pad(values, ((REACH + 1, REACH), (0, 0)), mode="edge"), axis=0)
    means: Array = (sums[2 * REACH + 1 :] - sums[: -2 * REACH - 1]) / np.float32(2 * REACH + 1)
    return means


def _stretched(weight: Array, height: int, width: int) -> Array:
    """Repeat (h, w) to another size, for translators that enlarge."""
    if weight.shape == (height, width):
        return weight
    rows, columns = np.arange(height) * weight.shape[0] // height, np.arange(width) * weight.shape[1] // width
    stretched: Array = weight[rows[:, None], columns]
    return stretched
