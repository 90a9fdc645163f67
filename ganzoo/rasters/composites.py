"""What people look at of a raster: one channel in gray, or three in color, stretched by a stated choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from ganzoo.rasters.raster import Array, Raster

PERCENTILES = (1.0, 99.0)
LARGEST = 2048  # pixels on a side: a larger raster is shown at a level, or by every n-th pixel


def to_pil(
    raster: Raster, channels: Sequence[int] | None = None, percentiles: tuple[float, float] = PERCENTILES
) -> Image.Image:
    """Return 8-bit gray or RGB.

    Args:
        raster: Of any channels.
        channels: One or three indices; None: the first, or the first three where there are three or more.
        percentiles: The share of valid values that becomes black, and the one above which all is white, in percent.
            uint8 is not stretched.
    """
    chosen = list(channels) if channels is not None else list(range(3 if raster.shape[0] >= 3 else 1))
    level, step = _level(raster)
    values = raster.window(channels=chosen, level=level)[:, ::step, ::step]
    mask = raster.mask_window(channels=chosen, level=level)
    valid = np.ones(values.shape, bool) if mask is None else mask[:, ::step, ::step]
    layers = [stretch(one, good, percentiles) for one, good in zip(values, valid, strict=True)]
    return Image.fromarray(layers[0] if len(layers) == 1 else np.stack(layers, axis=-1))


def describe(raster: Raster, percentiles: tuple[float, float] = PERCENTILES) -> str:
    """Return what `to_pil` shows, in words: "B1, B2, B3 as red, green and blue, each from ..."."""
    names = [channel.name or f"channel {number}" for number, channel in enumerate(raster.channels, 1)]
    what = f"{names[0]} in gray" if len(names) < 3 else f"{names[0]}, {names[1]}, {names[2]} as red, green and blue"
    if raster.dtype == np.uint8:
        return f"{what}, values as they are"
    return f"{what}, from the percentile {percentiles[0]:g} (black) to {percentiles[1]:g} (white) of valid values"


def stretch(values: Array, valid: Array, percentiles: tuple[float, float] = PERCENTILES) -> Array:
    """Return one channel as uint8, its percentiles at 0 and 255, and 0 where it is invalid."""
    if values.dtype == np.uint8:
        return np.where(valid, values, np.uint8(0))
    if not valid.any():
        return np.zeros(values.shape, np.uint8)
    low, high = np.percentile(values[valid].astype(np.float64), percentiles)
    shares = (np.where(valid, values, low).astype(np.float64) - low) / ((high - low) or 1.0)
    levels: Array = np.rint(shares.clip(0, 1) * 255).astype(np.uint8)
    return np.where(valid, levels, np.uint8(0))


def _level(raster: Raster) -> tuple[int, int]:
    """Return the smallest level with at least `LARGEST` pixels on its longer side, and the step through it."""
    fitting = [number for number, size in enumerate(raster.levels) if max(size) >= LARGEST]
    level = fitting[-1] if fitting else 0
    return level, -(-max(raster.levels[level]) // LARGEST)
