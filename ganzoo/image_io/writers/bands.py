"""Layers of pixels, a band of rows at a time.

Layers are (H, W, 1 or 3) of colors and perhaps (H, W, 1) of alpha.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ganzoo.image_io.readers.tiff import Array

BAND = 1 << 20  # bytes of pixels that are compressed at once
ZLIB_LEVEL = 3  # on 16-bit images, level 6 takes 1.6 times as long for 0.5 % less


def band_rows(layers: Sequence[Array]) -> int:
    """Return the number of rows in a band."""
    return max(1, BAND // sum(int(layer[0].nbytes) for layer in layers))


def bands(layers: Sequence[Array]) -> Iterator[Array]:
    step = band_rows(layers)
    for top in range(0, len(layers[0]), step):
        yield np.concatenate([layer[top : top + step] for layer in layers], axis=2)
