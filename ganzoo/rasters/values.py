"""File values <-> network values of one channel; `Channel` has these as methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ganzoo.errors import ImageError, OptionError
from ganzoo.rasters.channel import POSITIVE

if TYPE_CHECKING:
    from ganzoo.rasters.channel import Channel

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

FILL = 0.0  # what a network sees where a pixel is invalid: the middle of the range, as padding with zeros does


def to_network(values: Array, channel: Channel) -> Array:
    """Map file values to float32; see `Channel.to_network`."""
    low, high = _ends(channel)
    precise = np.float32 if values.dtype.itemsize <= 2 or values.dtype == np.float32 else np.float64
    floats = _forward(values.astype(precise), channel)
    start, half = precise(low), precise((high - low) / 2)
    floats = (floats - start) / half - precise(1)
    if channel.outside == "clip":
        np.clip(floats, -1, 1, out=floats)
    result: Array = floats.astype(np.float32, copy=False)
    return result


def from_network(array: Array, channel: Channel, dtype: Any = None) -> tuple[Array, float]:
    """Map network values to file values; see `Channel.from_network`."""
    if channel.dtype is None and dtype is None:
        raise OptionError(f"{channel} has no number type. Give one, such as dtype='uint16'.")
    kind = np.dtype(dtype if dtype is not None else channel.dtype)
    low, high = _ends(channel)
    precise: Any = np.float32 if kind.itemsize <= 2 else np.float64
    floats: Any = array.astype(precise)
    cut = np.zeros(floats.shape, bool)
    if channel.outside == "clip":
        cut |= np.abs(floats) > 1
        np.clip(floats, -1, 1, out=floats)
    floats += precise(1)
    floats *= precise((high - low) / 2)
    floats += precise(low)
    floats = _backward(floats, channel)
    values = _cast(floats, kind, cut, channel)
    return values, float(cut.mean()) if cut.size else 0.0


def _cast(floats: Array, kind: np.dtype[Any], cut: Array, channel: Channel) -> Array:
    """Return ``floats`` as ``kind``, saturated; mark in ``cut`` what did not fit."""
    if kind.kind == "f":
        limit = np.finfo(kind).max
        cut |= np.isfinite(floats) & (np.abs(floats) > limit)
        held: Array = np.where(np.isfinite(floats), np.clip(floats, -limit, limit), floats).astype(kind)
        return held
    if kind.kind not in "iu":
        raise OptionError(f"{channel} cannot be written as {kind}. Choose an integer or float type.")
    if np.isnan(floats).any():
        raise ImageError(f"{channel} has NaN, which {kind} cannot hold. Write floats, or mask these pixels.")
    limits = np.iinfo(kind)
    rounded = np.rint(floats.astype(np.float64) if kind.itemsize >= 4 else floats)
    cut |= (rounded < limits.min) | (rounded > limits.max)
    if kind.itemsize == 8:  # the largest 64-bit integers are no float64: what reaches the end becomes the end
        inside = np.clip(rounded, float(limits.min), np.nextafter(float(limits.max), 0))
        whole: Array = np.where(rounded >= float(limits.max), kind.type(limits.max), inside.astype(kind))
        return whole
    saturated: Array = np.clip(rounded, limits.min, limits.max).astype(kind)
    return saturated


def valid(values: Array, channel: Channel) -> Array:
    """Return where file values mean something; see `Channel.valid`."""
    found = np.isfinite(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    if channel.transform in POSITIVE:
        found &= values > 0
    return found


def stack_to_network(values: Array, channels: Sequence[Channel], mask: Array | None = None) -> tuple[Array, Array]:
    """Map a window of several channels to what a network sees.

    Args:
        values: (C, H, W) of the file's type.
        channels: C channels with ranges.
        mask: bool (C, H, W), True where the file says that a value is valid; None: everywhere.

    Returns:
        Float32 (C, H, W) without NaN, and bool (H, W): True where all channels are valid. Elsewhere every channel is
        `FILL`.

    Raises:
        OptionError: A channel has no range.
    """
    result = np.empty(values.shape, np.float32)
    pixels: Array = np.ones(values.shape[1:], bool) if mask is None else np.logical_and.reduce(mask, axis=0)
    for index, channel in enumerate(channels):
        np.logical_and(pixels, valid(values[index], channel), out=pixels)
        with np.errstate(invalid="ignore", divide="ignore"):
            result[index] = to_network(values[index], channel)
    result[:, ~pixels] = FILL
    return result, pixels


def _ends(channel: Channel) -> tuple[float, float]:
    """Return the range after the transform."""
    if channel.range is None:
        raise OptionError(
            f"{channel} has no range. Give the two values that stand for -1 and 1: "
            f"--range {channel.name or 'NAME'}=LOW:HIGH."
        )
    low, high = (float(_forward(np.float64(end), channel)) for end in channel.range)  # type: ignore[arg-type]
    return low, high


def _forward(values: Array, channel: Channel) -> Array:
    result: Array
    if channel.transform == "linear":
        return values
    if channel.transform == "asinh":
        result = np.arcsinh(values)
        return result
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(values > 0, values, np.nan))
        result = logs * (10 / np.log(10)) if channel.transform == "db" else logs
    return result.astype(values.dtype)


def _backward(values: Array, channel: Channel) -> Array:
    if channel.transform == "linear":
        return values
    exact = values.astype(np.float64)
    result: Array
    if channel.transform == "asinh":
        result = np.sinh(exact)
    else:
        with np.errstate(over="ignore"):
            result = np.exp(exact * (np.log(10) / 10) if channel.transform == "db" else exact)
    return result
