"""The study of distances by count: its true values, against sets that are large."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from conftest import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import distances_by_count


@pytest.mark.parametrize("shift", [0.0, 1.5])
def test_the_true_kernel_distance_is_that_of_large_sets(shift: float) -> None:
    random = np.random.default_rng(0)
    x, y = (random.normal(0, 1, (200_000, 6)) for _ in range(2))
    x[:, 0] += shift
    means = {}
    for name, (a, b, one, other) in {"xx": (x, x[::-1], shift, shift), "xy": (x, y, shift, 0.0)}.items():
        means[name] = ((a * b).sum(1) / 6 + 1) ** 3
        error = means[name].std() / np.sqrt(len(a))
        assert abs(means[name].mean() - distances_by_count.expected_kernel(one, other, 6)) < 4 * error
    assert distances_by_count.true_distances(0.0) == (0.0, 0.0)


def test_the_table_has_a_row_for_each_count_and_shift() -> None:
    lines = distances_by_count.table(counts=(20, 40), repetitions=2).splitlines()
    assert len(lines) == 6
    cells = lines[2].strip("| ").split(" | ")
    assert cells[0] == "20" and float(cells[1]) == 0 and float(cells[2]) > 100, "fd of equal sets"
    assert abs(float(cells[5])) < 0.2, "kd of equal sets"
