"""Curves over the steps of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ganzoo.reports.axes import BOTTOM, COLORS, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Array, Axis, frame, legend, span, svg

MAX_POINTS = 600  # of a curve: more are not visible
SMOOTH = 25  # parts of a curve; each is one window of the moving average
SIZE_RATIO = 8.0  # by which typical sizes may differ within a chart

Points = Sequence[tuple[float, float]]  # (step, value), by rising step


def group_by_size(curves: Mapping[str, Points]) -> list[dict[str, Points]]:
    """Group curves of similar size, in their order: an L1 term of 0.05 next to a loss of 5 would look flat."""
    groups: list[tuple[float, dict[str, Points]]] = []
    for name, points in curves.items():
        size = _typical_size(points)
        for other, group in groups:
            if max(size, other) <= SIZE_RATIO * min(size, other) and len(group) < COLORS:
                group[name] = points
                break
        else:
            groups.append((size, {name: points}))
    return [group for _, group in groups]


def chart(curves: Mapping[str, Points], unit: str, best: tuple[float, float] | None = None) -> str:
    """Return a figure with the curves over steps, a legend, and a note on values outside of the axes.

    The vertical axis spans nearly all values, so that a single spike does not flatten the rest. Spikes are cut off and
    marked. NaN and infinity are crosses on the horizontal axis.

    Args:
        curves: Name -> points.
        unit: Label of the vertical axis.
        best: (step, value) to mark.
    """
    arrays = {name: np.array(points, dtype=np.float64).reshape(-1, 2) for name, points in curves.items()}
    across, up = _axes(list(arrays.values()))
    shapes = [shape for k, values in enumerate(arrays.values()) for shape in _curve(values, k, across, up)]
    if best is not None and up.low <= best[1] <= up.high:
        where = f'cx="{across.place(best[0]):.1f}" cy="{up.place(best[1]):.1f}"'
        shapes.append(f'<circle class="best" {where} r="5"><title>best: step {best[0]:,.0f}</title></circle>')
    chart_svg = svg(f"{unit} by step: {', '.join(arrays)}", [*frame(across, up, "steps", unit, integers=True), *shapes])
    return f"<figure>{_legend(arrays)}{chart_svg}{_note_outside(arrays, up)}</figure>"


def _axes(curves: list[Array]) -> tuple[Axis, Axis]:
    steps = np.concatenate([values[:, 0] for values in curves])
    first, last = (float(steps.min()), float(steps.max())) if len(steps) else (0.0, 1.0)
    low, high = span(np.concatenate([values[:, 1] for values in curves]))
    return Axis(min(first, last - 1), last, LEFT, WIDTH - RIGHT), Axis(low, high, HEIGHT - BOTTOM, TOP)


def _curve(values: Array, color: int, across: Axis, up: Axis) -> Iterator[str]:
    """Yield the pale raw curve, the smoothed one over it, and marks of values outside of the axes."""
    finite = values[np.isfinite(values[:, 1])]
    style = f'style="stroke:var(--c{color % COLORS})"'
    thin, smooth = _thin(finite), _smooth(finite)
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
    for step, value in _thin(values[~np.isfinite(values[:, 1])]):
        x, y = across.place(step), HEIGHT - BOTTOM
        shape = f'd="M{x - 4:.1f} {y - 4}l8 8m0-8l-8 8"'
        yield f'<path class="broken" {shape}><title>step {step:,.0f}: {value}</title></path>'


def _thin(values: Array) -> Array:
    """Return at most 600 of the points: the lowest and the highest of each stretch, so that no spike is lost."""
    if len(values) <= MAX_POINTS:
        return values
    chosen: set[int] = set()
    for part in np.array_split(np.arange(len(values)), MAX_POINTS // 2):
        heights = values[part, 1]
        chosen |= {int(part[heights.argmin()]), int(part[heights.argmax()])}
    return values[sorted(chosen)]


def _smooth(values: Array) -> Array:
    """Return moving means at up to 600 points; a median first removes spikes of one point."""
    if len(values) < 2 * SMOOTH:
        return values
    padded = np.pad(values[:, 1], 1, mode="edge")
    despiked = np.median([padded[:-2], padded[1:-1], padded[2:]], axis=0)
    half = len(values) // SMOOTH // 2
    sums = np.concatenate([[0.0], np.cumsum(despiked)])
    places = np.linspace(0, len(values) - 1, min(len(values), MAX_POINTS)).round().astype(int)
    begin, end = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    return np.stack([values[places, 0], (sums[end] - sums[begin]) / (end - begin)], 1)


def _path(values: Array, across: Axis, up: Axis) -> str:
    """Return the path of a line; values outside of the axes are drawn at their edge."""
    xs = np.round([across.place(x) for x in values[:, 0]], 1)
    ys = np.round([up.place(y) for y in np.clip(values[:, 1], up.low, up.high)], 1)
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in zip(xs, ys, strict=True)) if len(values) else "M0 0"


def _legend(curves: Mapping[str, Array]) -> str:
    """Return a line with the color, the name and the last value of each curve, smoothed if all are finite."""
    items = []
    for k, (name, values) in enumerate(curves.items()):
        last = _smooth(values)[-1, 1] if np.isfinite(values[:, 1]).all() else values[-1, 1]
        items.append((k, name, f"{last:.4g}"))
    return legend(items)


def _note_outside(curves: Mapping[str, Array], up: Axis) -> str:
    """Return a line on values outside of the axes and on those that are not finite, or nothing."""
    values = np.concatenate(list(curves.values()))
    finite = values[np.isfinite(values[:, 1])]
    outside = finite[(finite[:, 1] > up.high) | (finite[:, 1] < up.low)]
    sentences = []
    if len(outside):
        step, value = outside[np.abs(outside[:, 1] - (up.low + up.high) / 2).argmax()]
        count = f"▲▼ {len(outside)} of {len(values)} values"
        sentences.append(f"{count} are outside of the axis, the farthest {value:.4g} at step {step:,.0f}.")
    broken = values[~np.isfinite(values[:, 1])]
    if len(broken):
        sentences.append(f"✕ {len(broken)} values are not finite, the first at step {broken[:, 0].min():,.0f}.")
    return f'<p class="note">{" ".join(sentences)}</p>' if sentences else ""


def _typical_size(points: Points) -> float:
    """Return the median absolute value of a curve."""
    sizes = [abs(value) for _, value in points if math.isfinite(value)]
    return max(float(np.median(sizes)), 1e-12) if sizes else 1.0
