"""Histograms, scatter plots and bars: each part is where its numbers are, whatever the numbers."""

from __future__ import annotations

import itertools
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from ganzoo.reports import axes, distributions

EVIL = "<b>&\"'{}"


def tree(text: str) -> ElementTree.Element:
    """Return the figure, which is well-formed or raises."""
    return ElementTree.fromstring(text)


def scale(figure: ElementTree.Element, anchor: str) -> tuple[float, float]:
    """Return (a, b) so that an axis's number stands at a + b * number: "end" upwards, "middle" across."""
    key, shift = ("y", 4.0) if anchor == "end" else ("x", 0.0)
    found = []
    for text in figure.iter("text"):
        if text.get("text-anchor") == anchor and "transform" not in text.attrib:
            try:
                found.append((float((text.text or "").replace("k", "e3")), float(text.attrib[key]) - shift))
            except ValueError:
                continue
    slope, start = np.polyfit(*zip(*found, strict=True), 1)
    return float(start), float(slope)


def words(figure: ElementTree.Element) -> str:
    return " ".join(" ".join(figure.itertext()).split())


# ---- histogram


def outline(figure: ElementTree.Element, which: int = 0) -> tuple[list[float], list[float]]:
    """Return a series' bin edges and heights in the drawing's units."""
    path = [one.attrib["d"] for one in figure.iter("path") if one.get("class") == "steps"][which]
    first = float(path[1:].split(" ")[0])
    steps = re.findall(r"V([\d.]+)H([\d.]+)", path)
    return [first, *(float(x) for _, x in steps)], [float(y) for y, _ in steps]


def test_a_histogram_holds_what_its_axes_say() -> None:
    values = [1.0] * 10 + [2.0] * 30 + [4.0] * 60
    figure = tree(distributions.histogram({"evaluated": values}, "PSNR, dB"))
    edges, heights = outline(figure)
    (left, wide), (bottom, tall) = scale(figure, "middle"), scale(figure, "end")
    shares = {}
    for start, end, height in zip(edges, edges[1:], heights, strict=False):
        share = (height - bottom) / tall
        if share > 0.5:
            shares[(start - left) / wide, (end - left) / wide] = share
    for value, expected in ((1, 10), (2, 30), (4, 60)):
        assert any(a - 0.02 <= value <= b + 0.02 and share == pytest.approx(expected, abs=0.5)
                   for (a, b), share in shares.items())  # fmt: skip
    assert len(shares) == 3
    assert "PSNR, dB" in words(figure) and "share of images, %" in words(figure)
    assert "evaluated median 4, n = 100" in words(figure)


def test_series_share_bins_and_each_adds_up_to_all_of_it() -> None:
    draw = np.random.default_rng(0)
    series = {"evaluated": draw.normal(5, 1, 500).tolist(), "held-out": draw.normal(9, 1, 50).tolist()}
    figure = tree(distributions.histogram(series, "distance"))
    bottom, tall = scale(figure, "end")
    edges = [outline(figure, k)[0] for k in (0, 1)]
    assert edges[0] == edges[1]
    for k in (0, 1):
        assert sum((y - bottom) / tall for y in outline(figure, k)[1]) == pytest.approx(100, abs=3)
    left, wide = scale(figure, "middle")
    medians = [one for one in figure.iter("path") if one.get("class") == "median"]
    for mark, values in zip(medians, series.values(), strict=True):
        x = float(mark.attrib["d"][1:].split(" ")[0])
        assert (x - left) / wide == pytest.approx(float(np.median(values)), abs=0.05)


def test_copies_at_zero_stay_on_the_axis_of_far_more_others() -> None:
    series = {"evaluated": [0.01] * 20, "held-out": np.linspace(8, 20, 10_000).tolist()}
    figure = tree(distributions.histogram(series, "distance"))
    left, wide = scale(figure, "middle")
    assert left + wide * 0.01 >= axes.LEFT and "outside" not in words(figure)


def test_what_a_histogram_leaves_out_is_reported() -> None:
    values = [*np.linspace(1, 2, 300).tolist(), 1e6, math.nan, math.inf]
    said = words(tree(distributions.histogram({"evaluated": values}, "distance")))
    assert "evaluated: 1 of 303 values are outside of the axis, up to 1e+06." in said
    assert "evaluated: 2 of 303 values are not finite." in said


@pytest.mark.parametrize("values", [[], [3.0], [math.nan], [0.0] * 9, [-1e-9, 1e-9], [1e38, -1e38]])
def test_odd_values_are_drawn_too(values: list[float]) -> None:
    text = distributions.histogram({"evaluated": values}, "x")
    assert tree(text).find("svg") is not None
    assert not re.search(r'd="[^"]*(nan|inf)', text)


# ---- scatter plot


def test_dots_are_where_their_numbers_are_and_the_first_series_lies_undermost() -> None:
    series = {"real": [(0.0, 0.0), (10.0, 2.0)], "evaluated": [(5.0, 1.0)]}
    figure = tree(distributions.scatter(series, "Features"))
    (left, wide), (bottom, tall) = scale(figure, "middle"), scale(figure, "end")
    groups = [one for one in figure.iter("g") if one.get("class") == "dots"]
    for group, points in zip(groups, series.values(), strict=True):
        dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in group]
        assert dots == [pytest.approx((left + wide * x, bottom + tall * y), abs=0.2) for x, y in points]
    assert wide == pytest.approx(-tall, rel=1e-3)  # one scale: a circle would be round
    assert "Features" in words(figure) and "real n = 2" in words(figure)


def test_a_scatter_plot_thins_and_says_what_it_leaves_out() -> None:
    draw = np.random.default_rng(0).normal(size=(5000, 2))
    points = [*map(tuple, draw.tolist()), (1e5, 0.0), (math.nan, 1.0)]
    text = distributions.scatter({"real": points[:100], "evaluated": points[::-1]}, "Features")  # type: ignore[dict-item]
    figure = tree(text)
    counts = [len(group) for group in figure.iter("g")]
    assert counts[0] == 100 and 1_990 <= counts[1] <= 2_000
    assert "1 points are outside of the axes." in words(figure)
    assert "At most 2,000 points of a series are drawn." in words(figure)
    assert len(text) < 200_000


@pytest.mark.parametrize("points", [[], [(1.0, 1.0)], [(math.nan, 0.0)], [(2.0, 2.0)] * 5, [(1e38, 0.0), (-1e38, 1.0)]])
def test_odd_points_are_drawn_too(points: list[tuple[float, float]]) -> None:
    assert tree(distributions.scatter({"real": points}, "x")).find("svg") is not None


# ---- bars


def test_bars_are_as_long_as_their_shares() -> None:
    shares = {"real": {"coat": 0.5, "shirt": 0.5}, "evaluated": {"coat": 0.8, "shirt": 0.15, "bag": 0.05}}
    figure = tree(distributions.bars(shares, "Classes"))
    left, wide = scale(figure, "middle")
    drawn = {bar.find("title").text: bar for bar in figure.iter("rect")}  # type: ignore[union-attr]
    assert set(drawn) == {
        *("coat, real: 50.0%", "coat, evaluated: 80.0%", "shirt, real: 50.0%", "shirt, evaluated: 15.0%"),
        *("bag, real: 0.0%", "bag, evaluated: 5.0%"),
    }
    for title, bar in drawn.items():
        percent = float(re.findall(r"([\d.]+)%", title or "")[0])
        assert float(bar.attrib["x"]) == pytest.approx(left, abs=0.2)
        assert float(bar.attrib["width"]) == pytest.approx(wide * percent, abs=0.2)
    rows = sorted(drawn.values(), key=lambda bar: float(bar.attrib["y"]))
    gaps = [float(b.attrib["y"]) - float(a.attrib["y"]) for a, b in itertools.pairwise(rows)]
    assert min(gaps) >= float(rows[0].attrib["height"])  # none covers another


def test_of_many_classes_those_that_differ_most_are_shown() -> None:
    real = {f"class {k}": 0.005 for k in range(200)}
    evaluated = {**real, "class 3": 0.05, "class 150": 0.0}
    figure = tree(distributions.bars({"real": real, "evaluated": evaluated}, "Classes"))
    assert len(list(figure.iter("rect"))) == 2 * 40
    assert "class 150" in words(figure) and "class 3" in words(figure)
    assert "40 of 200 classes, those whose shares differ most." in words(figure)


def test_a_long_name_is_cut_and_whole_in_its_title() -> None:
    said = words(tree(distributions.bars({"real": {"a very long name of a class": 1.0}}, "Classes")))
    assert "a very long name of a c… a very long name of a class" in said


@pytest.mark.parametrize("shares", [{}, {"real": {}}, {"real": {"a": 0.0}}])
def test_no_shares_are_drawn_too(shares: dict[str, dict[str, float]]) -> None:
    assert tree(distributions.bars(shares, "Classes")).find("svg") is not None


# ---- all


@pytest.mark.parametrize(
    "text",
    [
        distributions.histogram({EVIL: [1.0, 2.0]}, EVIL),
        distributions.scatter({EVIL: [(1.0, 2.0)]}, EVIL),
        distributions.bars({EVIL: {EVIL: 1.0}}, EVIL),
    ],
    ids=["histogram", "scatter", "bars"],
)
def test_names_are_escaped(text: str) -> None:
    figure = tree(text)
    assert figure.find(".//svg//b") is None and EVIL in words(figure)
    assert EVIL in figure.find("svg").attrib["aria-label"]  # type: ignore[union-attr]


def test_a_series_keeps_the_color_it_is_given() -> None:
    text = distributions.histogram({"evaluated": [1.0, 2.0]}, "x", {"real": 0, "evaluated": 3})
    assert "var(--c3)" in text and "var(--c0)" not in text
    assert "var(--c1)" in distributions.scatter({"a": [(0, 0)], "b": [(1, 1)]}, "x", {"b": 7})
