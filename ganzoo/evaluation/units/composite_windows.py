"""Windows of rasters as 8-bit composites, for metrics on the features of networks that know photographs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import torch

from ganzoo.cards.protocol import Sample
from ganzoo.errors import DataError
from ganzoo.evaluation.samples.image_sets import MAX_BYTES, StoredImages
from ganzoo.evaluation.units.pictures import choice, name_of
from ganzoo.rasters.channel import Channel

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


class CompositeWindows:
    """Collects windows of translations and of what they should resemble.

    Three channels at most are seen, the first three or else the first. Black and white are the ends of their ranges on
    the card, so composites of one model compare with one another whatever images they come from.

    Args:
        channels: Of the model's output.
        side: Pixels on a side of a window. Images are cut into windows at their own resolution, without overlap; what
            is left at the right and at the bottom is not seen, nor are windows with a missing pixel.
    """

    def __init__(self, channels: Sequence[Channel], side: int) -> None:
        self._channels, self._side = channels, side
        self._chosen = choice(len(channels))
        self._made: list[Array] = []
        self._real: list[Array] = []
        self._left_out = 0  # windows for which there is no memory

    def add_made(self, values: Array, valid: Array) -> None:
        """Take the windows of a translation, (C, H, W) in file values, valid where bool (H, W) says so."""
        self._add(self._made, values, valid)

    def add_real(self, values: Array, valid: Array) -> None:
        """Take the windows of an image that translations should resemble; see `add_made`."""
        self._add(self._real, values, valid)

    def _add(self, windows: list[Array], values: Array, valid: Array) -> None:
        side = self._side
        for top in range(0, valid.shape[0] - side + 1, side):
            for left in range(0, valid.shape[1] - side + 1, side):
                place = slice(top, top + side), slice(left, left + side)
                if not valid[place].all():
                    continue
                if (len(windows) + 1) * len(self._chosen) * side * side > MAX_BYTES:
                    self._left_out += 1
                    continue
                windows.append(np.stack([self._to_bytes(values[index][place], index) for index in self._chosen]))

    def _to_bytes(self, values: Array, index: int) -> Array:
        channel = replace(self._channels[index], outside="clip")
        seen = channel.with_full_range(values.dtype).to_network(values)
        levels: Array = np.rint((seen + 1) * 127.5).astype(np.uint8)
        return levels

    def sets(self, made: Sample, real: Sample) -> tuple[StoredImages, StoredImages]:
        """Return both sets as images.

        Args:
            made: What translations are, whatever its count.
            real: What they should resemble.

        Raises:
            DataError: One of them has no window.
        """
        if not self._made or not self._real:
            raise DataError(
                f"No image has {self._side}x{self._side} pixels without a missing one, which features are taken of. "
                "Measure in units: omit --metrics."
            )
        found = []
        for sample, windows in ((made, self._made), (real, self._real)):
            images = torch.from_numpy(np.stack(windows))
            found.append(StoredImages(replace(sample, count=len(images)), images, "", self.describe()))
        return found[0], found[1]

    def notes(self) -> list[str]:
        """Return what a reader of the scores should know."""
        return [f"{self._left_out:,} windows are left out of features, for want of memory."] if self._left_out else []

    def describe(self) -> str:
        """Return what a composite is, in words."""
        names = [name_of(self._channels[index], index) for index in self._chosen]
        what = f"{', '.join(names)} as red, green and blue" if len(names) > 1 else f"{names[0]} in gray"
        return (
            f"composites: {what}, the ends of their ranges on the card are 0 and 255; windows of "
            f"{self._side}x{self._side} without missing pixels"
        )
