"""A source of pixels in front of another one: what is not said otherwise is the other's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ganzoo.rasters.raster import PixelSource, block_of


@dataclass(frozen=True)
class WrappedSource:
    """Size, number type, levels and blocks of ``source``; subclasses read its pixels.

    Attributes:
        source: The other one.
    """

    source: PixelSource

    @property
    def shape(self) -> tuple[int, int, int]:
        """The source's."""
        return self.source.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The source's."""
        return self.source.dtype

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """The source's."""
        return self.source.levels

    @property
    def block(self) -> tuple[int, int]:
        """The source's; see `ganzoo.rasters.raster.Raster.block`."""
        return block_of(self.source)
