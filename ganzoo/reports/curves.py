"""Curves over the steps of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ganzoo.reports.axes import BOTTOM, COLORS, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Array, Axis, frame, legend, span, svg

MOST_POINTS = 600  # a curve has: more would not be seen
SMOOTH = 25  # parts of a curve, over one of which it is averaged
APART = 8.0  # times by which typical sizes may differ within a chart

Points = Sequence[tuple[float, float]]  # (step, value), by rising step


def grouped(curves: Mapping[str, Points]) -> list[dict[str, Points]]:
    """Put curves of like size together, in their order: an L1 term of 0.05 beside a loss of 5 would look flat."""
    groups: list[tuple[float, dict[str, Points]]] = []
    for name, points in curves.items():
        size = _typical(points)
        for other, group in groups:
            if max(size, other) <= APART * min(size, other) and len(group) < COLORS:
                group[name] = points
                break
        else:
            groups.append((size, {name: points}))
    return [group for _, group in groups]


def chart(curves: Mapping[str, Points], unit: str, best: tuple[float, float] | None = None) -> str:
    """Return a figure with the curves over steps, a legend, and what the axes leave out in words.

    unit  what is drawn, written along the vertical axis
    best  (step, value) to mark
    The vertical axis spans what nearly all values span, so that a single spike does not flatten the rest; spikes are
    cut off there, and marked. Values that are no numbers are crosses on the horizontal axis.
    """
    arrays = {name: np.array(points, dtype=np.float64).reshape(-1, 2) for name, points in curves.items()}
    across, up = _axes(list(arrays.values()))
    drawn = [part for k, values in enumerate(arrays.values()) for part in _curve(values, k, across, up)]
    if best is not None and up.low <= best[1] <= up.high:
        where = f'cx="{across.place(best[0]):.1f}" cy="{up.place(best[1]):.1f}"'
        drawn.append(f'<circle class="best" {where} r="5"><title>best: step {best[0]:,.0f}</title></circle>')
    picture = svg(f"{unit} by step: {', '.join(arrays)}", [*frame(across, up, "steps", unit, whole=True), *drawn])
    return f"<figure>{_legend(arrays)}{picture}{_left_out(arrays, up)}</figure>"


def _axes(curves: list[Array]) -> tuple[Axis, Axis]:
    steps = np.concatenate([values[:, 0] for values in curves])
    first, last = (float(steps.min()), float(steps.max())) if len(steps) else (0.0, 1.0)
    low, high = span(np.concatenate([values[:, 1] for values in curves]))
    return Axis(min(first, last - 1), last, LEFT, WIDTH - RIGHT), Axis(low, high, HEIGHT - BOTTOM, TOP)


def _curve(values: Array, color: int, across: Axis, up: Axis) -> Iterator[str]:
    """Yield the raw curve in pale, the smoothed one over it, and marks of what lies outside."""
    finite = values[np.isfinite(values[:, 1])]
    style = f'style="stroke:var(--c{color % COLORS})"'
    thin = _thinned(finite)
    smooth = _smoothed(finite)
    if len(thin) == 1:
        x, y = across.place(thin[0, 0]), up.place(thin[0, 1])
        yield f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3" {style}/>'
    elif len(finite) < 2 * SMOOTH:
        yield f'<path class="line" d="{_path(thin, across, up)}" {style}/>'
    else:
        yield f'<path class="raw" d="{_path(thin, across, up)}" {style}/>'
        yield f'<path class="line" d="{_path(smooth, across, up)}" {style}/>'
    for step, value in thin[(thin[:, 1] > up.high) | (thin[:, 1] < up.low)]:
        x, (y, tip) = across.place(step), (TOP + 7, -6) if value > up.high else (HEIGHT - BOTTOM - 7, 6)
        shape = f'd="M{x - 4:.1f} {y}h8l-4 {tip}z" style="fill:var(--c{color % COLORS})"'
        yield f'<path class="spike" {shape}><title>step {step:,.0f}: {value:.4g}</title></path>'
    for step, value in _thinned(values[~np.isfinite(values[:, 1])]):
        x, y = across.place(step), HEIGHT - BOTTOM
        shape = f'd="M{x - 4:.1f} {y - 4}l8 8m0-8l-8 8"'
        yield f'<path class="broken" {shape}><title>step {step:,.0f}: {value}</title></path>'


def _thinned(values: Array) -> Array:
    """Return at most 600 of the points: of each stretch its lowest and its highest, so that no spike is lost."""
    if len(values) <= MOST_POINTS:
        return values
    kept: set[int] = set()
    for part in np.array_split(np.arange(len(values)), MOST_POINTS // 2):
        heights = values[part, 1]
        kept |= {int(part[heights.argmin()]), int(part[heights.argmax()])}
    return values[sorted(kept)]


def _smoothed(values: Array) -> Array:
    """Return the mean over a window around each point, at most 600 of them; a median first takes spikes of one out."""
    if len(values) < 2 * SMOOTH:
        return values
    padded = np.pad(values[:, 1], 1, mode="edge")
    calm = np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0)
    half = len(values) // SMOOTH // 2
    sums = np.concatenate([[0.0], np.cumsum(calm)])
    places = np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int)
    begin, end = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return np.stack([values[places, 0], (sums[end] - sums[begin]) / (end - begin)], 1)


def _path(values: Array, across: Axis, up: Axis) -> str:
    """Return the path of a line; what lies outside the axes is drawn at their edge."""
    xs = np.round([across.place(x) for x in values[:, 0]], 1)
    ys = np.round([up.place(y) for y in np.clip(values[:, 1], up.low, up.high)], 1)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in zip(xs, ys, strict=True)) if len(values) else "M0 0"


def _legend(curves: Mapping[str, Array]) -> str:
    """Return a line with each curve's color, name and where it ends, smoothed where it can be."""
    items = []
    for k, (name, values) in enumerate(curves.items()):
        ends = _smoothed(values)[-1, 1] if np.isfinite(values[:, 1]).all() else values[-1, 1]
        items.append((k, name, f"{ends:.4g}"))
    return legend(items)


def _left_out(curves: Mapping[str, Array], up: Axis) -> str:
    """Return a line on values outside the axes and on those that are no numbers, or nothing."""
    values = np.concatenate(list(curves.values()))
    finite = values[np.isfinite(values[:, 1])]
    outside = finite[(finite[:, 1] > up.high) | (finite[:, 1] < up.low)]
    said = []
    if len(outside):
        step, value = outside[np.abs(outside[:, 1] - (up.low + up.high) / 2).argmax()]
        count = f"▲▼ {len(outside)} of {len(values)} values"
        said.append(f"{count} lie beyond the axis, the farthest {value:.4g} at step {step:,.0f}.")
    broken = values[~np.isfinite(values[:, 1])]
    if len(broken):
        said.append(f"✕ {len(broken)} values are no numbers, the first at step {broken[:, 0].min():,.0f}.")
    return f'<p class="note">{" ".join(said)}</p>' if said else ""


def _typical(points: Points) -> float:
    """Return the median size of a curve's values."""
    sizes = [abs(value) for _, value in points if math.isfinite(value)]
    return max(float(np.median(sizes)), 1e-12) if sizes else 1.0
