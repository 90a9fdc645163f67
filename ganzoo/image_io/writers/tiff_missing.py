"""Missing values in TIFF files that have no page for a mask: a value that no valid pixel has stands for them.

OME-TIFF and ImageJ hyperstacks hold pixels only, and so do files of several images. GDAL's tag names the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ganzoo.errors import OutputError
from ganzoo.image_io.readers.tiff_metadata import GDAL_NODATA
from ganzoo.image_io.writers.spool import BLOCK, Array, Spool

TIFF_ASCII = 2
CANDIDATES = 1 << 16  # values that are tried: all of 16 bits


def nodata_tag(value: float) -> tuple[int, int, int, str, bool]:
    """Return GDAL's tag that names a missing value, as tifffile's ``extratags`` takes it."""
    text = repr(int(value)) if float(value).is_integer() else repr(float(value))
    return GDAL_NODATA, TIFF_ASCII, len(text) + 1, text, True


def fill_missing(spool: Spool, invalid: Spool, name: str, value: float | None = None) -> float:
    """Give pixels that are not valid one value in all channels.

    Args:
        spool: The pixels, changed in place.
        invalid: (frames, 1, H, W), 1 where a pixel is not valid.
        name: Of the file.
        value: The one that is known to mean "missing"; None: one that no valid pixel has is looked for.

    Returns:
        The value.

    Raises:
        OutputError: Valid pixels have every value of the type.
    """
    found = unused_value(spool, invalid, name) if value is None else value
    for frame, channel, rows, hidden, layer in _layers(spool, invalid):
        if hidden.any():
            filled = np.where(hidden, np.asarray(found, layer.dtype), layer)
            spool.write_layer(frame, channel, rows.start, filled)
    return found


def unused_value(spool: Spool, invalid: Spool, name: str) -> int:
    """Return a value that no valid pixel has, preferably what stands in the missing ones. See `fill_missing`."""
    limits = np.iinfo(spool.dtype)
    many = range(limits.min, min(limits.max, limits.min + CANDIDATES - 1) + 1)
    hidden_values = [int(layer[hidden][0]) for *_, hidden, layer in _layers(spool, invalid) if hidden.any()]
    candidates = np.array([*hidden_values[:1], limits.min, limits.max, *many], spool.dtype)
    free = np.ones(len(candidates), bool)
    for *_, hidden, layer in _layers(spool, invalid):
        free &= ~np.isin(candidates, np.unique(layer[~hidden]))
    if not free.any():
        raise OutputError(
            f"{name} has no place for missing values: its pixels leave no value of {spool.dtype} free. "
            "Write .npz, .tif of one image, or a model whose output is float32, where they are NaN."
        )
    return int(candidates[int(free.argmax())])


def _layers(spool: Spool, invalid: Spool) -> Iterator[tuple[int, int, slice, Any, Array]]:
    """Yield frame, channel, rows, where they are not valid, and values; some rows at a time."""
    frames, count, height, width = spool.shape
    step = max(1, BLOCK // (width * spool.dtype.itemsize))
    for frame in range(frames):
        for top in range(0, height, step):
            rows = slice(top, min(top + step, height))
            hidden = invalid.read(frame, 0, rows, slice(0, width)) != 0
            for channel in range(count):
                yield frame, channel, rows, hidden, spool.read(frame, channel, rows, slice(0, width))
