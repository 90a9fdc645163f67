"""How values are spread: histograms, scatter plots and bars, several series in one chart.

A series has one color all over a page: ``colors`` maps its name to one of the page's. Those that are not in it take
theirs by place.
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

MOST_DOTS = 2_000  # of a series in a scatter plot
MOST_CLASSES = 40  # in a chart of bars
BINS = (8, 40)  # of a histogram, at least and at most
SQUARE = 460  # height of a scatter plot
NAMES = 170  # left margin of bars, for the classes' names
BAR, GAP = 11, 9  # height of a bar, and space between two classes
SHARE = "share of pictures, %"

Values = TypeVar("Values")


# ---- histogram -------------------------------------------------------------------------------------------------------


def histogram(series: Mapping[str, Sequence[float]], title: str, colors: Mapping[str, int] | None = None) -> str:
    """Return a figure with the share of each series' values in each bin; a dashed line is the median.

    ``title`` says what the values are, along the axis. The bins span what nearly all values of each series span; the
    others are told in words.
    """
    arrays = {name: np.array(values, dtype=np.float64).reshape(-1) for name, values in series.items()}
    kept = {name: values[np.isfinite(values)] for name, values in arrays.items() if np.isfinite(values).any()}
    across = _around(list(kept.values()), LEFT, WIDTH - RIGHT)
    edges = np.linspace(across.low, across.high, _bins(kept.values()) + 1)
    heights = {name: 100 * np.histogram(values, edges)[0] / len(values) for name, values in kept.items()}
    top = max((float(bars.max()) for bars in heights.values()), default=0.0) or 1.0
    up = Axis(0.0, 1.05 * top, HEIGHT - BOTTOM, TOP)
    chosen = _chosen(kept, colors)
    drawn = [_steps(heights[name], edges, chosen[name], across, up) for name in kept]
    drawn += [_median(kept[name], chosen[name], across, up) for name in kept]
    named = [(chosen[name], name, f"median {np.median(kept[name]):.4g}, n = {len(kept[name]):,}") for name in kept]
    picture = svg(f"histogram of {title}: {', '.join(kept)}", [*frame(across, up, title, SHARE), *drawn])
    return f"<figure>{legend(named)}{picture}{_note(_beyond(arrays, across))}</figure>"


def _bins(series: Iterable[Array]) -> int:
    """Return how many bins the largest series is worth, by Rice's rule."""
    largest = max((len(values) for values in series), default=0)
    return int(np.clip(round(2 * largest ** (1 / 3)), *BINS))


def _steps(heights: Array, edges: Array, color: int, across: Axis, up: Axis) -> str:
    """Return a histogram's outline, filled in pale."""
    xs = [f"{across.place(edge):.1f}" for edge in edges]
    steps = "".join(f"V{up.place(height):.1f}H{x}" for height, x in zip(heights, xs[1:], strict=True))
    return f'<path class="steps" d="M{xs[0]} {up.start}{steps}V{up.start}z" {_both(color)}/>'


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
    """Return a figure with pale dots, the first series undermost, at most 2,000 a series; both axes have one scale.

    ``title`` says what the points are.
    """
    arrays = {name: np.array(points, dtype=np.float64).reshape(-1, 2) for name, points in series.items()}
    thin = {name: _thinned(points[np.isfinite(points).all(1)]) for name, points in arrays.items()}
    across, up = _one_scale([points for points in thin.values() if len(points)])
    chosen = _chosen(arrays, colors)
    drawn = [_dots(points, chosen[name], across, up) for name, points in thin.items()]
    named = [(chosen[name], name, f"n = {len(arrays[name]):,}") for name in arrays]
    outside = sum(int((~(across.has(points[:, 0]) & up.has(points[:, 1]))).sum()) for points in thin.values())
    said = [f"{outside} points lie beyond the axes."] if outside else []
    if any(len(points) > MOST_DOTS for points in arrays.values()):
        said.append(f"At most {MOST_DOTS:,} points of a series are drawn.")
    picture = svg(f"{title}: {', '.join(arrays)}", [*frame(across, up, "", ""), *drawn], SQUARE)
    return f"<figure><h3>{escape(title)}</h3>{legend(named)}{picture}{_note(said)}</figure>"


def _thinned(points: Array) -> Array:
    if len(points) <= MOST_DOTS:
        return points
    chosen: Array = points[np.linspace(0, len(points) - 1, MOST_DOTS).round().astype(int)]
    return chosen


def _one_scale(series: list[Array]) -> tuple[Axis, Axis]:
    """Return axes on which a unit is as long across as upwards, so that distances can be seen."""
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
    within = points[across.has(points[:, 0]) & up.has(points[:, 1])]
    dots = "".join(f'<circle cx="{across.place(x):.1f}" cy="{up.place(y):.1f}" r="2.2"/>' for x, y in within)
    return f'<g class="dots" style="fill:var(--c{color})">{dots}</g>'


# ---- bars ------------------------------------------------------------------------------------------------------------


def bars(shares: Mapping[str, Mapping[str, float]], title: str, colors: Mapping[str, int] | None = None) -> str:
    """Return a figure with a bar for each class and series; ``shares`` are series -> class -> share from 0 to 1.

    Of many classes those are shown whose shares differ most between series.
    """
    every = list(dict.fromkeys(name for one in shares.values() for name in one))
    classes = _telling(shares, every)
    chosen = _chosen(shares, colors)
    pitch = len(shares) * BAR + GAP
    bottom = TOP + max(1, len(classes)) * pitch
    most = max((shares[name].get(one, 0.0) for name in shares for one in classes), default=0.0)
    across = Axis(0.0, 105 * most or 100.0, NAMES, WIDTH - RIGHT)
    drawn = [*_scale(across, bottom)]
    for row, one in enumerate(classes):
        y = TOP + row * pitch + GAP / 2
        drawn.append(_name(one, y + len(shares) * BAR / 2 + 4))
        for k, (name, of_class) in enumerate(shares.items()):
            drawn.append(_bar(name, one, of_class.get(one, 0.0), y + k * BAR, chosen[name], across))
    named = [(chosen[name], name, "") for name in shares]
    left_out = len(every) - len(classes)
    said = [f"{len(classes)} of {len(every):,} classes, those whose shares differ most."] if left_out else []
    picture = svg(f"{title}: {', '.join(shares)}", drawn, bottom + BOTTOM)
    return f"<figure><h3>{escape(title)}</h3>{legend(named)}{picture}{_note(said)}</figure>"


def _telling(shares: Mapping[str, Mapping[str, float]], classes: list[str]) -> list[str]:
    """Return at most 40 of the classes, in their order: those that differ most, or the largest of one series."""

    def spread(name: str) -> float:
        values = [one.get(name, 0.0) for one in shares.values()]
        return max(values) - (min(values) if len(values) > 1 else 0.0)

    kept = set(sorted(classes, key=spread, reverse=True)[:MOST_CLASSES])
    return [name for name in classes if name in kept]


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
    shown = name if len(name) <= 24 else f"{name[:23]}…"
    return f'<text x="{NAMES - 8}" y="{y:.1f}" text-anchor="end">{escape(shown)}<title>{escape(name)}</title></text>'


def _bar(series: str, name: str, share: float, y: float, color: int, across: Axis) -> str:
    width = across.place(100 * share) - across.start
    said = f"<title>{escape(f'{name}, {series}: {share:.1%}')}</title>"
    shape = f'x="{across.start}" y="{y:.1f}" width="{width:.1f}" height="{BAR - 1}"'
    return f'<rect {shape} style="fill:var(--c{color})">{said}</rect>'


# ---- what they share -------------------------------------------------------------------------------------------------


def _around(series: list[Array], start: float, end: float) -> Axis:
    """Return an axis that spans what nearly all values of each series span: a small one counts as a large one does."""
    spans = [span(values, zero=0.2) for values in series] or [(0.0, 1.0)]
    return Axis(min(low for low, _ in spans), max(high for _, high in spans), start, end)


def _chosen(series: Mapping[str, Values], colors: Mapping[str, int] | None) -> dict[str, int]:
    return {name: (colors or {}).get(name, k) % COLORS for k, name in enumerate(series)}


def _both(color: int) -> str:
    return f'style="fill:var(--c{color});stroke:var(--c{color})"'


def _beyond(series: Mapping[str, Array], axis: Axis) -> list[str]:
    """Return in words, for each series, what the axis leaves out and what is no number."""
    said = []
    for name, values in series.items():
        finite = values[np.isfinite(values)]
        outside = finite[~axis.has(finite)]
        if len(outside):
            farthest = outside[np.abs(outside - (axis.low + axis.high) / 2).argmax()]
            said.append(f"{name}: {len(outside):,} of {len(values):,} values lie beyond the axis, to {farthest:.4g}.")
        if len(finite) < len(values):
            said.append(f"{name}: {len(values) - len(finite):,} of {len(values):,} values are no numbers.")
    return said


def _note(sentences: Sequence[str]) -> str:
    return f'<p class="note">{escape(" ".join(sentences))}</p>' if sentences else ""
