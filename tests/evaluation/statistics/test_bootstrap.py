"""Intervals: as wide as values that are known to scatter, repeatable, and fast."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.frechet import frechet_distance, frechet_interval
from ganzoo.evaluation.statistics import bootstrap, moments
from ganzoo.evaluation.statistics.moments import Array


def features(count: int, seed: int, shift: float = 0.0) -> Array:
    return (np.random.default_rng(seed).normal(size=(count, 6)) * np.arange(1, 7) + shift).astype(np.float32)


@pytest.mark.parametrize(("level", "deviations"), [(0.95, 1.96), (0.68, 0.994)])
def test_an_interval_of_a_mean_is_as_wide_as_theory_says(level: float, deviations: float) -> None:
    values = np.random.default_rng(0).normal(10, 2, 400)
    low, high = bootstrap.mean_interval(values, level, resamples=4000)
    half = deviations * values.std() / math.sqrt(400)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_an_interval_of_a_mean_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    bounds = [bootstrap.mean_interval(random.exponential(1, 100), 0.9, 200, seed) for seed in range(200)]
    assert 0.82 < np.mean([low < 1 < high for low, high in bounds]) < 0.96


def test_a_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(0).random(50)
    assert bootstrap.mean_interval(values, seed=3) == bootstrap.mean_interval(values, seed=3)
    assert bootstrap.mean_interval(values, seed=3) != bootstrap.mean_interval(values, seed=4)


def test_equal_values_are_sure() -> None:
    assert bootstrap.mean_interval([0.5] * 20) == (0.5, 0.5)


@pytest.mark.parametrize("values", [[], [1.0, math.inf]])
def test_values_without_a_mean_are_refused(values: list[float]) -> None:
    with pytest.raises(DataError, match="finite values"):
        bootstrap.mean_interval(values)


def test_a_standard_error_makes_an_interval_round_the_value() -> None:
    estimates = [12.0, 14.0, 16.0]  # all above the value
    assert bootstrap.normal_interval(10, estimates) == pytest.approx((10 - 2 * 1.95996, 10 + 2 * 1.95996), abs=1e-4)
    with pytest.raises(DataError, match="at least 2"):
        bootstrap.normal_interval(10, [1.0])


def test_a_frechet_interval_is_as_wide_as_new_images_scatter() -> None:
    real = moments.compute(features(4000, 0))
    anew = [frechet_distance(moments.compute(features(300, seed, 1.0)), real) for seed in range(1, 120)]
    widths = []
    for seed in range(1, 11):
        fake = features(300, seed, 1.0)
        low, high = frechet_interval(fake, real, resamples=30, seed=seed)
        assert low < frechet_distance(moments.compute(fake), real) < high
        widths.append((high - low) / 2 / 1.96)
    assert np.mean(widths) == pytest.approx(np.std(anew), rel=0.25)


def test_a_frechet_interval_does_not_go_below_0() -> None:
    same = features(60, 0)
    low, high = frechet_interval(same, moments.compute(same), resamples=10)
    assert low == 0 < high
