"""Which places along an axis of a picture, rows or columns, a layer needs for places of its output.

Places are counted from 0; ``first, last`` are the first one and the one after the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Axis(Protocol):
    """How places along an axis of a layer's output, rows or columns, come from places of its input."""

    def length(self, given: int) -> int:
        """Return how many places the output has for so many of the input."""

    def reach(self, first: int, last: int) -> tuple[int, int, int]:
        """Return the places low..high of input that first..last come from, and where what is made of them begins.

        It reaches to ``last`` at least. Places of input may lie outside the picture.
        """


@dataclass(frozen=True)
class Window:
    """Each place from ``extent`` places of input, from ``stride`` times its own less ``before`` on."""

    extent: int = 1
    stride: int = 1
    before: int = 0
    after: int = 0

    def length(self, given: int) -> int:
        return (given + self.before + self.after - self.extent) // self.stride + 1

    def reach(self, first: int, last: int) -> tuple[int, int, int]:
        return first * self.stride - self.before, (last - 1) * self.stride - self.before + self.extent, first


@dataclass(frozen=True)
class Spread:
    """Each place of input to ``extent`` places, from ``scale`` times its own less ``before`` on."""

    extent: int
    scale: int
    before: int = 0
    extra: int = 0

    def length(self, given: int) -> int:
        return (given - 1) * self.scale + self.extent - 2 * self.before + self.extra

    def reach(self, first: int, last: int) -> tuple[int, int, int]:
        widest = max(self.extent, self.scale)
        low = -((widest - 1 - first - self.before) // self.scale)
        high = (last - 1 + self.before) // self.scale + 1
        gap = self.extent < self.scale  # places that come from none: one more of input, and the last of them are made
        return low, high + gap, low * self.scale - self.before


@dataclass(frozen=True)
class Between:
    """``scale`` times as many places, interpolated between neighbors."""

    scale: int

    def length(self, given: int) -> int:
        return given * self.scale

    def reach(self, first: int, last: int) -> tuple[int, int, int]:
        low = first // self.scale - 1
        return low, (last - 1) // self.scale + 2, low * self.scale


SAME = Window()
