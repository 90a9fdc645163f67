"""Where a slide of stained tissue has tissue: what is more colored, or darker, than the glass around it."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.rasters.raster import Raster

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
SIDE = 2048  # pixels of the longer side, at most, at which tissue is looked for
GLASS = 0.08  # optical density beyond which nothing is glass, where an image has none
MARGIN = 0.06  # optical density by which tissue is above glass
SHARE = 1.0  # percent of the pixels that are glass, at least


def tissue_mask(raster: Raster) -> Array:
    """Return where a bright-field slide has tissue, on its smallest level that is not larger than needed.

    A pixel is tissue where its optical density, the largest of its channels, is above that of the glass by `MARGIN`.
    Glass is the brightest percent of what was scanned. (Otsu's method parts dark nuclei from all the rest, glass and
    pale tissue alike.)

    Args:
        raster: RGB of 8 bits.

    Returns:
        Bool (h, w) of that level, True for tissue; h and w have the proportions of the slide.

    Raises:
        ImageError: It has other channels or values.
    """
    check_colors(raster)
    fitting = [level for level, size in enumerate(raster.levels) if max(size) <= SIDE]
    level = fitting[0] if fitting else len(raster.levels) - 1
    height, width = raster.levels[level]
    step = -(-max(height, width) // SIDE)
    tops = range(0, height, step)
    colors = np.stack([raster.window((top, top + 1), level=level)[:, 0, ::step] for top in tops], 1)
    density = (-np.log10(np.maximum(colors, 1) / 255.0)).max(0)
    scanned = density[(colors < 255).any(0)]  # what a scanner leaves out is white
    glass = min(float(np.percentile(scanned, SHARE)), GLASS) if scanned.size else 0.0
    found: Array = density > glass + MARGIN
    return found


def check_colors(raster: Raster) -> None:
    """Raise ImageError where an image is not RGB of 8 bits, so that it has no tissue to look for."""
    if len(raster.channels) != 3 or raster.dtype != np.uint8:
        raise ImageError(f"{raster.name} has {len(raster.channels)} x {raster.dtype}. Tissue is found in 8-bit RGB.")
