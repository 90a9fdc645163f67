"""fid-infinity and fd-infinity: the Frechet distance of infinitely many images, by extrapolation (arXiv:1911.07023).

A Frechet distance of N images a side is too high, by an amount that falls as 1 / N. The paper extrapolates it in 1 / N
of the generated images, against very many real ones; here both sides shrink alike, since real images are few too. With
fewer images than `LEAST` times the features the fall is no line yet, and the result would still be too high: refused.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.errors import TooFewImages
from ganzoo.evaluation.metrics.frechet import frechet_distance
from ganzoo.evaluation.metrics.registry import full_name
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.statistics import moments
from ganzoo.evaluation.statistics.bootstrap import LEVEL
from ganzoo.evaluation.statistics.moments import Array, check

LEAST = 2  # times as many images as features, on both sides
SHARES = (0.5, 0.6, 0.7, 0.85, 1.0)  # of the images, from which is extrapolated
GROUPS = 8  # of which one at a time is left out, for the interval


@metric(extractor="inception", least=2)
def measure_fid_infinity(context: EvalContext) -> MetricResult:
    """Measure the Frechet Inception distance of infinitely many images."""
    return _measure(context, context.extractors.inception)


@metric(extractor="chosen", least=2)
def measure_fd_infinity(context: EvalContext) -> MetricResult:
    """Measure the Frechet distance of infinitely many images, on the chosen extractor."""
    return _measure(context, context.extractors.chosen)


def _measure(context: EvalContext, extractor: FeatureExtractor) -> MetricResult:
    fake, real = context.features(extractor, "evaluated"), context.features(extractor, "real")
    name, config = full_name("fd-infinity", extractor), context.config
    value = frechet_infinity(fake, real, config.seed)
    settings = {"shares": list(SHARES)}
    if not config.resamples:
        return MetricResult([MetricValue(name, value, extractor=extractor, settings=settings)])
    error = standard_error(fake, real, config.seed)
    interval = f"95 %, normal, standard error of a jackknife of {GROUPS} groups"
    half = NormalDist().inv_cdf((1 + LEVEL) / 2) * error
    return MetricResult([MetricValue(name, value, value - half, value + half, interval, extractor, settings=settings)])


def frechet_infinity(fake: Array, real: Array, seed: int = 0) -> float:
    """Return the Frechet distance that a straight line in 1 / N leads to.

    Args:
        fake: Features (N, D) of generated images.
        real: Features (M, D) of real images.
        seed: Of the subsets, which contain one another.

    Returns:
        The distance in squared units of the features; near 0, it may be negative by its error.

    Raises:
        TooFewImages: A side has fewer than 2 D images.
        DataError: The sides differ in D.
    """
    check(fake, real)
    fewest, features = min(len(fake), len(real)), fake.shape[1]
    if fewest < LEAST * features:
        raise TooFewImages(
            f"{fewest:,} images are too few for features of {features:,} dimensions: a Frechet distance can be "
            f"corrected from {LEAST * features:,} images a side on. Give more images, another extractor, or "
            "measure kd, which is right for any number."
        )
    return _extrapolate(fake, real, seed)


def _extrapolate(fake: Array, real: Array, seed: int) -> float:
    random = np.random.default_rng(seed)
    orders = random.permutation(len(fake)), random.permutation(len(real))
    distances = []
    for share in SHARES:
        some = (side[order[: round(len(side) * share)]] for side, order in zip((fake, real), orders, strict=True))
        distances.append(frechet_distance(*map(moments.compute, some)))
    return float(np.polynomial.Polynomial.fit(1 / np.array(SHARES), distances, 1)(0.0))


def standard_error(fake: Array, real: Array, seed: int = 0) -> float:
    """Return the standard error of `frechet_infinity`: a jackknife that leaves out eighths of both sides."""
    values = [
        _extrapolate(np.delete(fake, slice(g, None, GROUPS), 0), np.delete(real, slice(g, None, GROUPS), 0), seed)
        for g in range(GROUPS)
    ]
    return float(np.sqrt((GROUPS - 1) * np.var(values)))
