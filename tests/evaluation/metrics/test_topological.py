"""topp and topr: against the formula written once more, and on sets whose scores are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.topological import compare_supports, project


def written_again(fake: np.ndarray, real: np.ndarray, seed: int) -> tuple[float, float]:
    """Return both scores by arXiv:2306.08013, equation 3, point by point, for features of 32 dimensions or fewer."""
    random = np.random.default_rng(seed)

    def density(points: np.ndarray, width: float):
        def at(x: np.ndarray, counts: np.ndarray | None = None) -> float:
            total = 0.0
            for point, times in zip(points, np.ones(len(points)) if counts is None else counts, strict=True):
                u = math.dist(x, point) / width
                total += times * (math.cos(math.pi / 2 * u) if u < 1 else 0.0)
            return total / len(points)

        return at

    supports = []
    for points in (fake, real):
        near = [sorted(math.dist(x, y) for y in points)[math.isqrt(len(points))] for x in points]
        at = density(points, float(np.median(near)))
        draws = random.multinomial(len(points), np.full(len(points), 1 / len(points)), 100)
        apart = sorted(max(abs(at(x, draw) - at(x)) for x in points) for draw in draws)
        supports.append((at, apart[math.ceil(0.9 * 99)]))
    (q, q_band), (p, p_band) = supports
    own = [y for y in fake if q(y) > q_band]
    others = [x for x in real if p(x) > p_band]
    return sum(p(y) > p_band for y in own) / len(own), sum(q(x) > q_band for x in others) / len(others)


def test_the_scores_are_those_of_the_formula() -> None:
    random = np.random.default_rng(4)
    fake, real = random.normal(0.4, 0.7, (45, 2)), random.normal(0, 1, (60, 2))
    found = compare_supports(fake, real, seed=5)
    scores = found.fake_in_real.mean(), found.real_in_fake.mean()
    assert scores == pytest.approx(written_again(fake, real, 5))
    assert 0 < scores[1] < 1, "neither all nor nothing"


def test_equal_sets_overlap_and_distant_ones_do_not() -> None:
    random = np.random.default_rng(0)
    fake, real = random.normal(0, 1, (2, 300, 6))
    same = compare_supports(fake, real)
    assert same.fake_in_real.mean() > 0.7 and same.real_in_fake.mean() > 0.7
    apart = compare_supports(fake + 20, real)
    assert apart.fake_in_real.mean() == apart.real_in_fake.mean() == 0
    half = compare_supports(fake, np.concatenate([real[:150], real[150:] + 20]))
    assert 0.2 < half.real_in_fake.mean() < 0.6, "half of the real modes are missed"
    assert half.fake_in_real.mean() > 0.7, "and no image is wrong"


def test_outliers_are_in_no_support_and_add_nothing() -> None:
    random = np.random.default_rng(1)
    fake, real = random.normal(0, 1, (2, 300, 6))
    outliers = random.normal(0, 1, (15, 6)) * 100
    before = compare_supports(fake, real)
    after = compare_supports(np.concatenate([fake, outliers]), np.concatenate([real, outliers]))
    assert abs(after.fake_in_real.mean() - before.fake_in_real.mean()) < 0.05
    assert len(after.fake_in_real) <= 300


def test_wide_features_are_projected_to_32_dimensions_that_keep_distances() -> None:
    random = np.random.default_rng(2)
    wide, other = random.normal(0, 1, (2, 40, 500))
    one, two = project(np.random.default_rng(3), wide, other)
    assert one.shape == two.shape == (40, 32)
    ratio = ((one - two) ** 2).sum(1).mean() / ((wide - other) ** 2).sum(1).mean()
    assert ratio == pytest.approx(1, abs=0.15)
    assert np.array_equal(project(np.random.default_rng(3), wide[:, :8], other[:, :8])[0], wide[:, :8])


def test_too_few_images_are_refused() -> None:
    with pytest.raises(DataError, match="at least 10"):
        compare_supports(np.zeros((5, 3)), np.zeros((20, 3)))
