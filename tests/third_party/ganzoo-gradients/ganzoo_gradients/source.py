"""The images."""

from __future__ import annotations

from typing import Any

import numpy as np

from ganzoo import DataSource


class Gradients(DataSource):
    """``gradients:16`` is 8 RGB images of 16x16 pixels, each a ramp that begins elsewhere."""

    example = "16"
    kinds = ("images",)

    def open(self, location: str, kind: str) -> Any:
        """Return the images."""
        side = int(location)
        ramp = np.linspace(0, 255, side).astype(np.uint8)
        return [np.roll(np.tile(ramp, (side, 1)), shift, 1)[..., None].repeat(3, 2) for shift in range(8)]
