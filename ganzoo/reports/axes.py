"""Parts of every chart: axes with round numbers, a frame, a legend."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 760, 280  # in the SVG's own units, which the page scales
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 12, 44  # margins around the axes
COLORS = 6  # of the page's style: --c0 to --c5

Array = np.ndarray  # of float64


@dataclass(frozen=True)
class Axis:
    """An axis from ``low`` to ``high`` in values, from ``start`` to ``end`` in the SVG's units."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return where a value lies, in the SVG's units."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def contains(self, values: Array) -> Array:
        """Return for each value whether it is on the axis; NaN is not."""
        within: Array = (values >= self.low) & (values <= self.high)
        return within


def frame(across: Axis, up: Axis, x_label: str, y_label: str, *, integers: bool = False) -> Iterator[str]:
    """Yield grid lines with their numbers, and the labels of both axes; "" for no label.

    ``integers``: the horizontal axis has only integers.
    """
    (left, right), (bottom, top) = (across.start, across.end), (up.start, up.end)
    for value in ticks(up.low, up.high, 5):
        y = up.place(value)
        yield f'<path class="grid" d="M{left} {y:.1f}H{right}"/>'
        yield f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{short(value)}</text>'
    for value in ticks(across.low, across.high, 8):
        if value == int(value) or not integers:
            x = across.place(value)
            yield f'<path class="grid" d="M{x:.1f} {bottom}v5"/>'
            yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{short(value)}</text>'
    yield f'<path class="axis" d="M{left} {bottom}H{right}"/>'
    if x_label:
        yield f'<text x="{(left + right) / 2}" y="{bottom + BOTTOM - 6}" text-anchor="middle">{escape(x_label)}</text>'
    if not y_label:
        return
    rotation = f'transform="translate(14 {(top + bottom) / 2}) rotate(-90)"'
    yield f'<text {rotation} text-anchor="middle">{escape(y_label)}</text>'


def svg(label: str, parts: Sequence[str], height: float = HEIGHT) -> str:
    """Return an SVG 760 units wide; ``label`` describes it to screen readers."""
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def legend(items: Sequence[tuple[int, str, str]]) -> str:
    """Return a line of (color, name, value), each after a dash of its color."""
    entries = (
        f'<span><i style="background:var(--c{color % COLORS})"></i>{escape(name)} <b>{escape(value)}</b></span>'
        for color, name, value in items
    )
    return f'<figcaption class="legend">{"".join(entries)}</figcaption>'


def span(values: Array, zero: float = 0.5) -> tuple[float, float]:
    """Return the range of an axis: all finite values, unless a few are far from the others.

    It begins at 0 if the lowest value is below ``zero`` times the highest.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = np.percentile(finite, (1, 99))
    reach = (high - low) / 2
    near = finite[(finite >= low - reach) & (finite <= high + reach)]
    low, high = float(near.min()), float(near.max())
    if 0 < low < zero * high:
        low = 0.0  # near enough to show it
    room = 0.04 * (high - low) or 0.05 * abs(high) or 0.5
    return (low if low == 0 else low - room), high + room


def ticks(low: float, high: float, about: int) -> list[float]:
    """Return roughly ``about`` round numbers from ``low`` to ``high``: 1, 2 or 5 times a power of ten apart."""
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    apart = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / apart - 1e-9), math.floor(high / apart + 1e-9)
    return [float(f"{k * apart:.12g}") for k in range(first, last + 1)]


def short(value: float) -> str:
    """Format a tick's number: "0.25", "500", "20k", "1.5M", "1e-05"."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if size <= abs(value) < 1e9 and abs(value) >= (size if letter == "M" else 1e4):
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"
