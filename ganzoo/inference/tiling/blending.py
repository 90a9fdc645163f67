"""Overlapping tiles, blended: any network over a picture of any size, approximately.

What a network makes of a tile is not what it makes there of the whole picture: it sees no further than the tile, and
norms take the tile's statistics. Where tiles overlap, one fades into the other, which hides seams and removes none.
`ganzoo.inference.tiling.strips` is exact, for networks it knows.
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
    """Run a network over a picture, tile by tile; no more than a row of tiles is in memory.

    run       float32 (1, C, h, w) in [-1, 1] to the same, or to a whole number of times that height and width
    rows      returns the picture's rows first..last, float32 (1, C, last - first, W)
    put       takes the result's rows from ``first`` on, in order
    tile      its side in pixels, of which ``overlap`` at least are shared with the next; height, width and tile are
              multiples of ``stride``, and so tiles begin where the network's grid does
    progress  gets the share that is done
    """
    high, wide = min(tile, height), min(tile, width)
    down, across = _places(height, high, overlap, stride), _places(width, wide, overlap, stride)
    band = np.zeros((1, 1, 0, 0), np.float32)  # the sums that are not put yet
    for row, (top, below) in enumerate(zip(down, [*down[1:], height], strict=True)):
        strip = rows(top, top + high)
        for column, left in enumerate(across):
            made = run(np.ascontiguousarray(strip[..., left : left + wide]))
            scale = made.shape[2] // high
            if column == 0:
                band = _lengthened(band, (1, made.shape[1], high * scale, width * scale))
            fade = _fade(down, row, high, height, scale)[:, None] * _fade(across, column, wide, width, scale)
            band[..., left * scale : (left + wide) * scale] += made * fade
            if progress is not None:
                progress((row * len(across) + column + 1) / (len(down) * len(across)))
        put(top * scale, band[:, :, : (below - top) * scale])
        band = band[:, :, (below - top) * scale :]


def _places(length: int, tile: int, overlap: int, stride: int) -> list[int]:
    """Return where tiles begin: evenly, at multiples of ``stride``, the last one flush with the end."""
    step = max(stride, (tile - overlap) // stride * stride)
    gaps = -(-(length - tile) // step)
    return [round(index * (length - tile) / gaps / stride) * stride for index in range(gaps)] + [length - tile]


def _fade(places: list[int], index: int, tile: int, length: int, scale: int) -> Array:
    """Return the weights (tile * scale,) of a tile: a smooth ramp where it meets others, and 1 in sum with theirs."""
    total = np.zeros(length * scale)
    for one in range(len(places)):
        total[places[one] * scale : (places[one] + tile) * scale] += _bump(places, one, tile, scale)
    first = places[index] * scale
    weights = _bump(places, index, tile, scale) / total[first : first + tile * scale]
    return weights.astype(np.float32)


def _bump(places: list[int], index: int, tile: int, scale: int) -> Array:
    """Return weights that rise over what a tile shares with the one before, and fall toward the next."""
    at = np.arange(tile * scale) + 0.5
    bump = np.ones(tile * scale)
    if index > 0:
        bump *= _ramp(at, (places[index - 1] + tile - places[index]) * scale)
    if index + 1 < len(places):
        bump *= _ramp(at[::-1], (places[index] + tile - places[index + 1]) * scale)
    return bump


def _ramp(at: Array, shared: int) -> Array:
    """Return a smooth way from 0 to 1, which it reaches at ``shared``."""
    return 0.5 - 0.5 * np.cos(np.pi * np.minimum(at / max(shared, 1), 1))


def _lengthened(band: Array, shape: tuple[int, ...]) -> Array:
    """Return ``band`` with rows of zeros below, in a new array."""
    longer = np.zeros(shape, np.float32)
    longer[:, :, : band.shape[2], : band.shape[3]] = band
    return longer
