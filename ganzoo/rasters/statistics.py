"""What the values of a channel are: their ends, percentiles, missing ones, and a histogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ganzoo.rasters.raster import Array, Raster

PERCENTS = (0.1, 1.0, 50.0, 99.0, 99.9)
BINS = 24
SAMPLE = 1 << 22  # values of a channel of which percentiles and histogram are taken
ROWS = 1 << 22  # values that are read at once


@dataclass(frozen=True)
class ChannelStatistics:
    """The values of one channel in all images of a file.

    Attributes:
        name: Of the channel.
        unit: Of its values.
        dtype: Their number type.
        valid: Share that is valid.
        low: The least valid value; NaN where none is valid, as all that follows.
        high: The greatest.
        mean: Of the valid ones.
        percentiles: At `PERCENTS`.
        histogram: Counts in `BINS` equal steps from the first to the last of the percentiles.
        step: Every ``step``-th pixel along both sides was looked at.
    """

    name: str
    unit: str
    dtype: str
    valid: float
    low: float
    high: float
    mean: float
    percentiles: tuple[float, ...]
    histogram: tuple[int, ...]
    step: int = 1

    @property
    def problem(self) -> str:
        """What is odd about it, in words; "" for nothing."""
        if not self.valid:
            return "no valid value"
        return f"constant ({self.low:g})" if self.low == self.high else ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON holds it: no NaN."""
        values = {name: _number(value) for name, value in asdict(self).items()}
        percentiles = zip(map(str, PERCENTS), map(_number, self.percentiles), strict=True)
        return {**values, "percentiles": dict(percentiles), "problem": self.problem}


def _number(value: Any) -> Any:
    """Return None for NaN, which JSON does not have."""
    return None if value != value else value


def measure(frames: Sequence[Raster]) -> list[ChannelStatistics]:
    """Return the statistics of every channel over all images together.

    Of large files every n-th pixel along both sides is looked at, `ChannelStatistics.step`.
    """
    pixels = sum(frame.shape[1] * frame.shape[2] for frame in frames)
    step = max(1, int(np.ceil(np.sqrt(pixels / SAMPLE))))
    return [_measure(frames, index, step) for index in range(len(frames[0].channels))]


def _measure(frames: Sequence[Raster], index: int, step: int) -> ChannelStatistics:
    channel, dtype = frames[0].channels[index], str(frames[0].dtype)
    parts, seen = [], 0
    for frame in frames:
        for values, valid in _bands(frame, index, step):
            parts.append(values[valid])
            seen += values.size
    values = np.concatenate(parts)
    if not values.size:
        nothing = float("nan")
        lost = (nothing,) * len(PERCENTS)
        return ChannelStatistics(
            channel.name, channel.unit, dtype, 0.0, nothing, nothing, nothing, lost, (0,) * BINS, step
        )
    floats = values.astype(np.float64)
    percentiles = tuple(float(one) for one in np.percentile(floats, PERCENTS))
    ends = (percentiles[0], percentiles[-1] if percentiles[-1] > percentiles[0] else percentiles[0] + 1)
    counts = np.histogram(floats, BINS, ends)[0]
    return ChannelStatistics(
        channel.name,
        channel.unit,
        dtype,
        values.size / seen,
        float(values.min()),
        float(values.max()),
        float(floats.mean()),
        percentiles,
        tuple(map(int, counts)),
        step,
    )


def _bands(frame: Raster, index: int, step: int) -> Any:
    """Yield (values, valid) of bands of rows."""
    _, height, width = frame.shape
    band = max(step, ROWS // width // step * step)
    for top in range(0, height, band):
        rows = (top, min(top + band, height))
        values: Array = frame.window(rows, channels=[index])[0][::step, ::step]
        mask = frame.mask_window(rows, channels=[index])
        yield values, np.ones(values.shape, bool) if mask is None else mask[0][::step, ::step]
