"""fd-infinity against distances that are known: of two normal populations, whatever the number of images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluation_cases import add_extractor, lay

from ganzoo.errors import DataError, TooFewImages
from ganzoo.evaluation.evaluate import evaluate
from ganzoo.evaluation.metrics.frechet import frechet_distance
from ganzoo.evaluation.metrics.frechet_infinity import frechet_infinity, standard_error
from ganzoo.evaluation.statistics import moments
from ganzoo.evaluation.statistics.moments import Moments

FEATURES = 24


def population(seed: int, shift: float) -> tuple[np.ndarray, np.ndarray]:
    """Return a mean (D,), and a root (D, D) of a covariance whose eigenvalues fall as those of features do."""
    random = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(random.normal(size=(FEATURES, FEATURES)))
    return random.normal(size=FEATURES) * shift, (axes * np.arange(1, FEATURES + 1) ** -0.5) @ axes.T


def drawn(of: tuple[np.ndarray, np.ndarray], count: int, seed: int) -> np.ndarray:
    return of[0] + np.random.default_rng(seed).normal(size=(count, FEATURES)) @ of[1]


def plain(fake: np.ndarray, real: np.ndarray) -> float:
    return frechet_distance(moments.compute(fake), moments.compute(real))


@pytest.mark.parametrize("shift", [0.0, 0.5])
@pytest.mark.parametrize("count", [3 * FEATURES, 10 * FEATURES])
def test_it_is_right_where_the_plain_distance_is_too_high(count: int, shift: float) -> None:
    one, other = population(1, 0), population(1 if not shift else 2, shift)
    true = frechet_distance(*(Moments(10**9, mean, root @ root.T) for mean, root in (one, other)))
    seeds = range(12)
    samples = [(drawn(one, count, 2 * seed), drawn(other, count, 2 * seed + 1)) for seed in seeds]
    found, biased = (np.array([measure(*pair) for pair in samples]) for measure in (frechet_infinity, plain))
    spread = found.std(ddof=1)
    assert abs(found.mean() - true) < 4 * spread / np.sqrt(len(found)) + 0.02 * biased.mean()
    if not shift:  # else the scatter of the means hides it
        assert biased.mean() > 5 * abs(found.mean())
    errors = [standard_error(*pair) for pair in samples[:4]]
    assert 0.3 * spread < np.mean(errors) < 4 * spread


def test_fewer_images_than_twice_the_features_are_refused() -> None:
    few, many = drawn(population(1, 0), 2 * FEATURES - 1, 0), drawn(population(1, 0), 500, 1)
    for pair in ((few, many), (many, few)):
        with pytest.raises(TooFewImages, match=r"47 images are too few for features of 24 dimensions.*from 48 images"):
            frechet_infinity(*pair)
    with pytest.raises(DataError):
        frechet_infinity(many, many[:, :5])


def test_eval_measures_it_and_fd_warns_of_few_images(tmp_path: Path, fresh: None) -> None:
    add_extractor()
    options: dict[str, Any] = {"extractor": "grid", "device": "cpu", "extractor_options": {"cells": 2}}
    real, outputs = lay(tmp_path / "real", 60), lay(tmp_path / "outputs", 50, first=60)
    found = evaluate(f"images:{outputs}", real, metrics=["fd", "fd-infinity"], **options)
    (score,) = [one for one in found.scores if one.metric.startswith("fd-infinity")]
    assert score.low is not None and score.high is not None and score.low < score.value < score.high
    assert not found.diagnoses
    few = lay(tmp_path / "few", 3, first=200)
    warned = evaluate(f"images:{few}", real, metrics=["fd"], **options)
    assert [one.alarm for one in warned.diagnoses] == [True] and "far too high" in warned.diagnoses[0].text
