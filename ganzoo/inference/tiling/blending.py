"""Overlapping tiles, blended: any network over an image of any size, approximately.

A network's output for a tile differs from its output there for the whole image: it sees only the tile, and norms use
the tile's statistics. Where tiles overlap, one fades into the other, which hides seams but does not remove them.
`ganzoo.inference.tiling.strips` is exact, for the networks that it supports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ganzoo.contracts.engine import Array


def blend(
    run: Callable[[Array], Array],
    rows: Callable[[int, int], Array],
    height: int,
    width: int,
    put: Callable[[int, Array], None],
    tile: int,
    overlap: int,
    stride: int,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Run a network over an image, tile by tile; at most one row of tiles is in memory.

    Args:
        run: Maps float32 (1, C, h, w) in [-1, 1] to the same height and width, or to an integer multiple of them.
        rows: Returns the image's rows first..last, float32 (1, C, last - first, W).
        height: Of the image, a multiple of ``stride``.
        width: Of the image, a multiple of ``stride``.
        put: Takes the result's rows from ``first`` on, in order.
        tile: Side of a tile in pixels, a multiple of ``stride``.
        overlap: Pixels that neighboring tiles share at least.
        stride: Of the network's grid, on which tiles begin.
        progress: Called with the share that is done.
    """
    high, wide = min(tile, height), min(tile, width)
    down, across = _places(height, high, overlap, stride), _places(width, wide, overlap, stride)
    band = np.zeros((1, 1, 0, 0), np.float32)  # sums of rows that are not complete yet
    for row, (top, below) in enumerate(zip(down, [*down[1:], height], strict=True)):
        strip = rows(top, top + high)
        for column, left in enumerate(across):
            output = run(np.ascontiguousarray(strip[..., left : left + wide]))
            scale = output.shape[2] // high
            if column == 0:
                band = _extend(band, (1, output.shape[1], high * scale, width * scale))
            fade = _fade(down, row, high, height, scale)[:, None] * _fade(across, column, wide, width, scale)
            band[..., left * scale : (left + wide) * scale] += output * fade
            if progress is not None:
                progress((row * len(across) + column + 1) / (len(down) * len(across)))
        put(top * scale, band[:, :, : (below - top) * scale])
        band = band[:, :, (below - top) * scale :]


def _places(length: int, tile: int, overlap: int, stride: int) -> list[int]:
    """Return where tiles begin: evenly spaced, at multiples of ``stride``, the last one aligned with the end."""
    step = max(stride, (tile - overlap) // stride * stride)
    gaps = -(-(length - tile) // step)
    return [round(index * (length - tile) / gaps / stride) * stride for index in range(gaps)] + [length - tile]


def _fade(places: list[int], index: int, tile: int, length: int, scale: int) -> Array:
    """Return a tile's weights (tile * scale,): smooth ramps where it meets others, so that all weights add up to 1."""
    total = np.zeros(length * scale)
    for one in range(len(places)):
        total[places[one] * scale : (places[one] + tile) * scale] += _bump(places, one, tile, scale)
    first = places[index] * scale
    weights = _bump(places, index, tile, scale) / total[first : first + tile * scale]
    return weights.astype(np.float32)


def _bump(places: list[int], index: int, tile: int, scale: int) -> Array:
    """Return weights that rise where a tile overlaps the one before, and fall where it overlaps the next."""
    at = np.arange(tile * scale) + 0.5
    bump = np.ones(tile * scale)
    if index > 0:
        bump *= _ramp(at, (places[index - 1] + tile - places[index]) * scale)
    if index + 1 < len(places):
        bump *= _ramp(at[::-1], (places[index] + tile - places[index + 1]) * scale)
    return bump


def _ramp(at: Array, shared: int) -> Array:
    """Return a smooth ramp from 0 to 1, which it reaches at ``shared``."""
    return 0.5 - 0.5 * np.cos(np.pi * np.minimum(at / max(shared, 1), 1))


def _extend(band: Array, shape: tuple[int, ...]) -> Array:
    """Return ``band`` with rows of zeros added below, as a new array."""
    longer = np.zeros(shape, np.float32)
    longer[:, :, : band.shape[2], : band.shape[3]] = band
    return longer
