"""Curves: where their numbers are, whatever the numbers."""

from __future__ import annotations

import math
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from ganzoo.reports import axes, curves


def drawn(series: dict[str, list[tuple[float, float]]], **options: Any) -> tuple[ElementTree.Element, str]:
    """Return a chart as a tree, which it is only where it is well-formed, and as text."""
    text = curves.chart(series, "loss", **options)
    return ElementTree.fromstring(text), text


def paths(tree: ElementTree.Element, kind: str) -> list[list[tuple[float, float]]]:
    found = [one.attrib["d"] for one in tree.iter("path") if one.attrib["class"] == kind]
    return [[tuple(map(float, point.split())) for point in d[1:].split("L")] for d in found]  # type: ignore[misc]


def test_a_curve_is_where_its_numbers_are() -> None:
    tree, _ = drawn({"a": [(0, 0.0), (50, 5.0), (100, 10.0)]})
    (line,) = paths(tree, "line")
    assert [x for x, _ in line] == pytest.approx([axes.LEFT, (axes.LEFT + axes.WIDTH - axes.RIGHT) / 2, 746])
    ticked = {
        one.text: float(one.attrib["y"]) - 4 for one in tree.iter("text") if one.attrib.get("text-anchor") == "end"
    }
    assert line[0][1] == pytest.approx(ticked["0"], abs=0.1) and line[2][1] == pytest.approx(ticked["10"], abs=0.1)
    assert {"loss", "steps", "100"} <= {one.text for one in tree.iter("text")}


def test_one_spike_does_not_flatten_the_rest_and_is_marked() -> None:
    values = [(k, 1 + 0.5 * math.sin(k / 9)) for k in range(400)]
    values[200] = (200, 1e6)
    tree, text = drawn({"a": values})
    (line,) = paths(tree, "line")
    heights = [y for _, y in line]
    assert max(heights) - min(heights) > 0.4 * axes.HEIGHT
    assert [one.find("title").text for one in tree.iter("path") if one.attrib["class"] == "spike"] == [
        "step 200: 1e+06"
    ]  # type: ignore[union-attr]
    assert "1 of 400 values are outside of the axis, the farthest 1e+06 at step 200." in text
    assert min(y for _, y in paths(tree, "raw")[0]) >= axes.TOP


def test_a_start_far_above_the_rest_is_cut_off_too() -> None:
    _, text = drawn({"a": [(1, 90.0), *((k, 1 + 0.1 * math.cos(k)) for k in range(2, 300))]})
    assert "the farthest 90 at step 1." in text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_a_cross(value: float) -> None:
    tree, text = drawn({"a": [(1, 1.0), (2, value), (3, 2.0)]})
    (cross,) = [one for one in tree.iter("path") if one.attrib["class"] == "broken"]
    assert cross.find("title").text == f"step 2: {value}"  # type: ignore[union-attr]
    assert "1 values are not finite, the first at step 2." in text
    assert len(paths(tree, "line")[0]) == 2
    assert "nan" not in str(paths(tree, "line")) and "inf" not in str(paths(tree, "line"))


@pytest.mark.parametrize(
    "points",
    [
        [(1, 0.5)],
        [(1, 0.0), (2, 0.0)],
        [(1, math.nan)],
        [(7, 3.0), (7, 3.0)],
        [(1, -1e-9), (2, 1e-9)],
        [(1, 1e38), (2, -1e38)],
    ],
)
def test_odd_curves_are_drawn_too(points: list[tuple[float, float]]) -> None:
    tree, _ = drawn({"a": points})
    assert tree.find("svg") is not None


def test_curves_are_thinned_without_losing_a_spike() -> None:
    values = [(k, math.sin(k / 500)) for k in range(10_000)]
    values[7777] = (7777, 1.4)
    tree, _ = drawn({"a": values})
    (raw,), (line,) = paths(tree, "raw"), paths(tree, "line")
    assert len(raw) <= 600 and len(line) <= 600
    steps = {round((x - axes.LEFT) / (axes.WIDTH - axes.LEFT - axes.RIGHT) * 9999) for x, y in raw if y < 30}
    assert any(abs(step - 7777) < 20 for step in steps)
    assert raw == sorted(raw, key=lambda point: point[0])


def test_the_smoothed_line_follows_the_mean_of_the_noise() -> None:
    draw = np.random.default_rng(1)
    tree, text = drawn({"a": [(k, 3 + draw.normal()) for k in range(2000)]})
    heights = np.array([y for _, y in paths(tree, "line")[0]])
    raw = np.array([y for _, y in paths(tree, "raw")[0]])
    assert heights.std() < raw.std() / 5
    ends = float(re.findall(r"a <b>([\d.]+)</b>", text)[0])
    assert ends == pytest.approx(3, abs=0.5)


def test_the_best_step_is_marked() -> None:
    tree, _ = drawn({"psnr": [(1, 20.0), (2, 22.0), (3, 21.0)]}, best=(2, 22.0))
    (mark,) = [one for one in tree.iter("circle") if one.attrib["class"] == "best"]
    x, y = paths(tree, "line")[0][1]
    assert (float(mark.attrib["cx"]), float(mark.attrib["cy"])) == pytest.approx((x, y), abs=0.11)


def test_curves_of_other_sizes_have_charts_of_their_own() -> None:
    series = {name: [(k, size + 0.1 * size * k) for k in range(5)] for name, size in
             {"generator": 2.0, "l1": 0.05, "discriminator": 0.5, "zero": 0.0, "penalty": 0.04}.items()}  # fmt: skip
    assert [list(group) for group in curves.group_by_size(series)] == [
        ["generator", "discriminator"],
        ["l1", "penalty"],
        ["zero"],
    ]
