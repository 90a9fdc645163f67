"""Distributions of values: histograms, scatter plots and bars, several series in one chart.

A series has the same color on the whole page: ``colors`` maps its name to one of the page's colors. Series that are not
in it get their color by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import TypeVar

import numpy as np

from ganzoo.reports.axes import (
    BOTTOM,
    COLORS,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Array,
    Axis,
    frame,
    legend,
    short,
    span,
    svg,
    ticks,
)

MAX_DOTS = 2_000  # of a series in a scatter plot
MAX_CLASSES = 40  # in a chart of bars
BINS = (8, 40)  # of a histogram, at least and at most
SQUARE = 460  # height of a scatter plot
NAMES = 170  # left margin of bars, for the classes' names
BAR, GAP = 11, 9  # height of a bar, and space between two classes
SHARE = "share of images, %"

Values = TypeVar("Values")


# ---- histogram -------------------------------------------------------------------------------------------------------


def histogram(series: Mapping[str, Sequence[float]], title: str, colors: Mapping[str, int] | None = None) -> str:
    """Return a figure with the share of each series' values in each bin; a dashed line is the median.

    ``title`` labels the horizontal axis. The bins span nearly all values of each series; a note counts the others.
    """
    arrays = {name: np.array(values, dtype=np.float64).reshape(-1) for name, values in series.items()}
    finite = {name: values[np.isfinite(values)] for name, values in arrays.items() if np.isfinite(values).any()}
    across = _around(list(finite.values()), LEFT, WIDTH - RIGHT)
    edges = np.linspace(across.low, across.high, _count_bins(finite.values()) + 1)
    heights = {name: 100 * np.histogram(values, edges)[0] / len(values) for name, values in finite.items()}
    top = max((float(bars.max()) for bars in heights.values()), default=0.0) or 1.0
    up = Axis(0.0, 1.05 * top, HEIGHT - BOTTOM, TOP)
    chosen = _choose_colors(finite, colors)
    shapes = [_outline(heights[name], edges, chosen[name], across, up) for name in finite]
    shapes += [_median(finite[name], chosen[name], across, up) for name in finite]
    named = [
        (chosen[name], name, f"median {np.median(values):.4g}, n = {len(values):,}") for name, values in finite.items()
    ]
    chart = svg(f"histogram of {title}: {', '.join(finite)}", [*frame(across, up, title, SHARE), *shapes])
    return f"<figure>{legend(named)}{chart}{_note(_describe_outside(arrays, across))}</figure>"


def _count_bins(series: Iterable[Array]) -> int:
    """Return the number of bins for the largest series, by Rice's rule."""
    largest = max((len(values) for values in series), default=0)
    return int(np.clip(round(2 * largest ** (1 / 3)), *BINS))


def _outline(heights: Array, edges: Array, color: int, across: Axis, up: Axis) -> str:
    """Return a histogram's outline with a pale fill."""
    xs = [f"{across.place(edge):.1f}" for edge in edges]
    steps = "".join(f"V{up.place(height):.1f}H{x}" for height, x in zip(heights, xs[1:], strict=True))
    return f'<path class="steps" d="M{xs[0]} {up.start}{steps}V{up.start}z" {_fill_and_stroke(color)}/>'


def _median(values: Array, color: int, across: Axis, up: Axis) -> str:
    middle = float(np.median(values))
    if not across.low <= middle <= across.high:
        return ""
    place = f'd="M{across.place(middle):.1f} {up.start}V{up.end}" style="stroke:var(--c{color})"'
    return f'<path class="median" {place}><title>median {middle:.4g}</title></path>'


# ---- scatter plot ----------------------------------------------------------------------------------------------------


def scatter(
    series: Mapping[str, Sequence[tuple[float, float]]], title: str, colors: Mapping[str, int] | None = None
) -> str:
    """Return a figure with pale dots, at most 2,000 for each series, the first series at the bottom.

    Both axes have the same scale. ``title`` is the heading.
    """
    arrays = {name: np.array(points, dtype=np.float64).reshape(-1, 2) for name, points in series.items()}
    thin = {name: _thin(points[np.isfinite(points).all(1)]) for name, points in arrays.items()}
    across, up = _equal_scale([points for points in thin.values() if len(points)])
    chosen = _choose_colors(arrays, colors)
    shapes = [_dots(points, chosen[name], across, up) for name, points in thin.items()]
    named = [(chosen[name], name, f"n = {len(arrays[name]):,}") for name in arrays]
    outside = sum(int((~(across.contains(points[:, 0]) & up.contains(points[:, 1]))).sum()) for points in thin.values())
    notes = [f"{outside} points are outside of the axes."] if outside else []
    if any(len(points) > MAX_DOTS for points in arrays.values()):
        notes.append(f"At most {MAX_DOTS:,} points of a series are drawn.")
    chart = svg(f"{title}: {', '.join(arrays)}", [*frame(across, up, "", ""), *shapes], SQUARE)
    return f"<figure><h3>{escape(title)}</h3>{legend(named)}{chart}{_note(notes)}</figure>"


def _thin(points: Array) -> Array:
    if len(points) <= MAX_DOTS:
        return points
    chosen: Array = points[np.linspace(0, len(points) - 1, MAX_DOTS).round().astype(int)]
    return chosen


def _equal_scale(series: list[Array]) -> tuple[Axis, Axis]:
    """Return axes of equal scale, so that distances can be compared."""
    axes = [
        _around([points[:, 0] for points in series], LEFT, WIDTH - RIGHT),
        _around([points[:, 1] for points in series], SQUARE - BOTTOM, TOP),
    ]
    unit = max((axis.high - axis.low) / abs(axis.end - axis.start) for axis in axes)
    wide = []
    for axis in axes:
        middle, half = (axis.low + axis.high) / 2, unit * abs(axis.end - axis.start) / 2
        wide.append(Axis(middle - half, middle + half, axis.start, axis.end))
    return wide[0], wide[1]


def _dots(points: Array, color: int, across: Axis, up: Axis) -> str:
    within = points[across.contains(points[:, 0]) & up.contains(points[:, 1])]
    dots = "".join(f'<circle cx="{across.place(x):.1f}" cy="{up.place(y):.1f}" r="2.2"/>' for x, y in within)
    return f'<g class="dots" style="fill:var(--c{color})">{dots}</g>'


# ---- bars ------------------------------------------------------------------------------------------------------------


def bars(shares: Mapping[str, Mapping[str, float]], title: str, colors: Mapping[str, int] | None = None) -> str:
    """Return a figure with a bar for each class and series; ``shares`` are series -> class -> share from 0 to 1.

    Of more than 40 classes it shows those whose shares differ most between series.
    """
    every = list(dict.fromkeys(name for one in shares.values() for name in one))
    classes = _most_different(shares, every)
    chosen = _choose_colors(shares, colors)
    pitch = len(shares) * BAR + GAP
    bottom = TOP + max(1, len(classes)) * pitch
    largest = max((shares[name].get(one, 0.0) for name in shares for one in classes), default=0.0)
    across = Axis(0.0, 105 * largest or 100.0, NAMES, WIDTH - RIGHT)
    shapes = [*_scale(across, bottom)]
    for row, one in enumerate(classes):
        y = TOP + row * pitch + GAP / 2
        shapes.append(_name(one, y + len(shares) * BAR / 2 + 4))
        for k, (name, of_class) in enumerate(shares.items()):
            shapes.append(_bar(name, one, of_class.get(one, 0.0), y + k * BAR, chosen[name], across))
    named = [(chosen[name], name, "") for name in shares]
    notes = [f"{len(classes)} of {len(every):,} classes, those whose shares differ most."]
    chart = svg(f"{title}: {', '.join(shares)}", shapes, bottom + BOTTOM)
    note = _note(notes if len(classes) < len(every) else [])
    return f"<figure><h3>{escape(title)}</h3>{legend(named)}{chart}{note}</figure>"


def _most_different(shares: Mapping[str, Mapping[str, float]], classes: list[str]) -> list[str]:
    """Return at most 40 of the classes, in their order: those that differ most, or the largest of one series."""

    def spread(name: str) -> float:
        values = [one.get(name, 0.0) for one in shares.values()]
        return max(values) - (min(values) if len(values) > 1 else 0.0)

    chosen = set(sorted(classes, key=spread, reverse=True)[:MAX_CLASSES])
    return [name for name in classes if name in chosen]


def _scale(across: Axis, bottom: float) -> Iterator[str]:
    """Yield the grid and the numbers of the horizontal axis of bars."""
    for value in ticks(across.low, across.high, 6):
        x = across.place(value)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{bottom}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{short(value)}</text>'
    yield f'<path class="axis" d="M{across.start} {TOP}V{bottom}"/>'
    middle = (across.start + across.end) / 2
    yield f'<text x="{middle}" y="{bottom + BOTTOM - 6}" text-anchor="middle">{SHARE}</text>'


def _name(name: str, y: float) -> str:
    short_name = name if len(name) <= 24 else f"{name[:23]}…"
    return (
        f'<text x="{NAMES - 8}" y="{y:.1f}" text-anchor="end">{escape(short_name)}<title>{escape(name)}</title></text>'
    )


def _bar(series: str, name: str, share: float, y: float, color: int, across: Axis) -> str:
    width = across.place(100 * share) - across.start
    tooltip = f"<title>{escape(f'{name}, {series}: {share:.1%}')}</title>"
    shape = f'x="{across.start}" y="{y:.1f}" width="{width:.1f}" height="{BAR - 1}"'
    return f'<rect {shape} style="fill:var(--c{color})">{tooltip}</rect>'


# ---- for all charts --------------------------------------------------------------------------------------------------


def _around(series: list[Array], start: float, end: float) -> Axis:
    """Return an axis that spans nearly all values of each series, however few they are."""
    spans = [span(values, zero=0.2) for values in series] or [(0.0, 1.0)]
    return Axis(min(low for low, _ in spans), max(high for _, high in spans), start, end)


def _choose_colors(series: Mapping[str, Values], colors: Mapping[str, int] | None) -> dict[str, int]:
    return {name: (colors or {}).get(name, k) % COLORS for k, name in enumerate(series)}


def _fill_and_stroke(color: int) -> str:
    return f'style="fill:var(--c{color});stroke:var(--c{color})"'


def _describe_outside(series: Mapping[str, Array], axis: Axis) -> list[str]:
    """Return for each series a sentence on values outside of the axis, and one on values that are not finite."""
    sentences = []
    for name, values in series.items():
        finite = values[np.isfinite(values)]
        outside = finite[~axis.contains(finite)]
        if len(outside):
            farthest = outside[np.abs(outside - (axis.low + axis.high) / 2).argmax()]
            sentences.append(
                f"{name}: {len(outside):,} of {len(values):,} values are outside of the axis, up to {farthest:.4g}."
            )
        if len(finite) < len(values):
            sentences.append(f"{name}: {len(values) - len(finite):,} of {len(values):,} values are not finite.")
    return sentences


def _note(sentences: Sequence[str]) -> str:
    return f'<p class="note">{escape(" ".join(sentences))}</p>' if sentences else ""
