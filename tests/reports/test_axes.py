"""Axes: round numbers, and what they span."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.reports import axes


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.13, 0.31, [0.15, 0.2, 0.25, 0.3]),
        (-7, 9, [-5, 0, 5]),
        (1, 10_000, [2000, 4000, 6000, 8000, 10_000]),
    ],
)
def test_ticks_are_round_numbers_within_the_axis(low: float, high: float, expected: list[float]) -> None:
    assert axes.ticks(low, high, 5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"),
        (0, "0"),
        (500, "500"),
        (2000, "2000"),
        (20_000, "20k"),
        (1.5e6, "1.5M"),
        (-3e4, "-30k"),
        (1e-5, "1e-05"),
    ],
)
def test_tick_labels_are_short(value: float, text: str) -> None:
    assert axes.short(value) == text


def test_an_axis_spans_everything_but_what_is_far_off() -> None:
    low, high = axes.span(np.array([10.0, 11, 12, 13, 14]))
    assert low < 10 and high > 14 and high - low < 5
    low, high = axes.span(np.append(np.linspace(10, 20, 500), 1e6))
    assert high < 25
    assert axes.span(np.array([np.nan, np.inf])) == (0, 1)


def test_an_axis_begins_at_zero_where_that_is_near() -> None:
    values = np.array([3.0, 10.0])
    assert axes.span(values)[0] == 0 and axes.span(values, zero=0.2)[0] > 2
