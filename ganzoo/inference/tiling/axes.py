"""Which positions along an axis of its input, rows or columns, a layer needs for positions of its output.

Positions are counted from 0. In a range ``first, last``, ``last`` is the position after the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Axis(Protocol):
    """How positions along an axis of a layer's output depend on those of its input."""

    def length(self, size: int) -> int:
        """Return the length of the output for an input of ``size``."""

    def reach(self, first: int, last: int) -> tuple[int, int, int]:
        """Return the input range low..high that output first..last depends on, and where its output begins.

        That output reaches at least to ``last``. Input positions may lie outside the image.
        """


@dataclass(frozen=True)
class Window:
    """Each position depends on ``extent`` input positions, starting at ``stride`` times its own minus ``before``."""

    extent: int = 1
    stride: int = 1
    before: int = 0
    after: int = 0

    def length(self, size: int) -> int:
        return (size + self.before + self.after - self.extent) // self.stride + 1

    def reach(self, first: int, last: int) -> tuple[int, int, int]:
        return first * self.stride - self.before, (last - 1) * self.stride - self.before + self.extent, first


@dataclass(frozen=True)
class Spread:
    """Each input position affects ``extent`` positions, starting at ``scale`` times its own minus ``before``."""

    extent: int
    scale: int
    before: int = 0
    extra: int = 0

    def length(self, size: int) -> int:
        return (size - 1) * self.scale + self.extent - 2 * self.before + self.extra

    def reach(self, first: int, last: int) -> tuple[int, int, int]:
        widest = max(self.extent, self.scale)
        low = -((widest - 1 - first - self.before) // self.scale)
        high = (last - 1 + self.before) // self.scale + 1
        gap = self.extent < self.scale  # positions without input: with one more of input, the last of them are computed
        return low, high + gap, low * self.scale - self.before


@dataclass(frozen=True)
class Interpolated:
    """``scale`` times as many positions, interpolated between neighbors."""

    scale: int

    def length(self, size: int) -> int:
        return size * self.scale

    def reach(self, first: int, last: int) -> tuple[int, int, int]:
        low = first // self.scale - 1
        return low, (last - 1) // self.scale + 2, low * self.scale


SAME = Window()
