"""topp, topr: precision and recall within supports that are there with confidence (TopP&R, arXiv:2306.08013).

A support is where a kernel density exceeds the half width of its confidence band, by a bootstrap: an outlier, whose
density the band covers, is in none, and adds nothing to either score.

Choices of ours: features are projected at random to 32 dimensions, the kernel is the cosine one, and its bandwidth the
median distance to the neighbor number sqrt(N) in the set itself. Scores of other implementations are therefore others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.registry import full_name
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.statistics import bootstrap
from ganzoo.evaluation.statistics.moments import Array, blocks, check
from ganzoo.evaluation.statistics.nearest_neighbors import nearest

DIMENSIONS = 32  # that features are projected to
LEVEL = 0.9  # of the confidence band
RESAMPLES = 100  # of the bootstrap
LEAST = 10  # images of a side


@metric(extractor="chosen", least=LEAST)
def measure_topp(context: EvalContext) -> MetricResult:
    """Measure the share of evaluated images, of those in their own support, that lie in the real one."""
    return _measure(context, "topp")


@metric(extractor="chosen", least=LEAST)
def measure_topr(context: EvalContext) -> MetricResult:
    """Measure the share of real images, of those in their own support, that lie in the evaluated one."""
    return _measure(context, "topr")


def _measure(context: EvalContext, name: str) -> MetricResult:
    extractor = context.extractors.chosen
    fake, real = context.features(extractor, "evaluated"), context.features(extractor, "real")
    seed = context.config.seed
    found = context.once(f"{extractor.label} supports", lambda: compare_supports(fake, real, seed))
    inside = found.fake_in_real if name == "topp" else found.real_in_fake
    low, high = bootstrap.mean_interval(inside, seed=seed)
    interval = f"95 %, bootstrap over the {'evaluated' if name == 'topp' else 'real'} images of the support"
    settings = {"dimensions": min(DIMENSIONS, fake.shape[1]), "level": LEVEL, "resamples": RESAMPLES}
    value, named = float(inside.mean()), full_name(name, extractor)
    return MetricResult([MetricValue(named, value, low, high, interval, extractor, settings=settings)])


@dataclass(frozen=True, eq=False)
class Supports:
    """How two supports lie in one another.

    Attributes:
        fake_in_real: For each generated image in the support of the generated ones: whether it is in the real one.
        real_in_fake: For each real image in the support of the real ones: whether it is in the generated one.
    """

    fake_in_real: Array
    real_in_fake: Array


def compare_supports(fake: Array, real: Array, seed: int = 0) -> Supports:
    """Compare the supports of generated features (N, D) and real ones (M, D) (arXiv:2306.08013).

    Args:
        fake: N at least `LEAST`.
        real: M at least `LEAST`.
        seed: Of the projection and the bootstrap.

    Raises:
        DataError: A side has too few images, or none of them is in its support.
    """
    check(fake, real, least=LEAST)
    random = np.random.default_rng(seed)
    fake, real = project(random, fake, real)
    own, other = _Support.of(fake, random), _Support.of(real, random)
    found = Supports(other.holds(fake[own.inside]), own.holds(real[other.inside]))
    for side, inside in (("evaluated", found.fake_in_real), ("real", found.real_in_fake)):
        if not len(inside):
            raise DataError(f"No {side} image is in a support with confidence. Give more images.")
    return found


def project(random: np.random.Generator, *sides: Array) -> list[Array]:
    """Return features in at most 32 dimensions, by one random matrix of normal numbers that keeps mean distances."""
    features = sides[0].shape[1]
    if features <= DIMENSIONS:
        return [np.asarray(side, dtype=np.float64) for side in sides]
    matrix = random.normal(0, 1 / math.sqrt(DIMENSIONS), (features, DIMENSIONS))
    return [np.concatenate([block @ matrix for block in blocks(side)]) for side in sides]


@dataclass(frozen=True, eq=False)
class _Support:
    """Where the density of ``points`` (N, D) exceeds ``band``, and which of the points do (N,) bool."""

    points: Array
    bandwidth: float
    band: float
    inside: Array

    @classmethod
    def of(cls, points: Array, random: np.random.Generator) -> _Support:
        count = len(points)
        bandwidth = float(np.median(nearest(points, points, math.isqrt(count), np.arange(count))[0][:, -1]))
        counts = random.multinomial(count, np.full(count, 1 / count), RESAMPLES).T
        weights = np.concatenate([np.ones((count, 1)), counts], 1) / count
        densities = _density(points, points, bandwidth, weights)
        apart = np.abs(densities[:, 1:] - densities[:, :1]).max(0)
        band = float(np.quantile(apart, LEVEL, method="higher"))
        return cls(points, bandwidth, band, densities[:, 0] > band)

    def holds(self, queries: Array) -> Array:
        """Return whether each query lies in the support, as 0.0 or 1.0."""
        weights = np.full((len(self.points), 1), 1 / len(self.points))
        return (_density(queries, self.points, self.bandwidth, weights)[:, 0] > self.band).astype(np.float64)


def _density(queries: Array, points: Array, bandwidth: float, weights: Array) -> Array:
    """Return the kernel densities (Q, K) at queries (Q, D) of points (N, D) with K weights (N, K), up to a factor."""
    squares = (points**2).sum(1)
    found = []
    for block in blocks(queries):
        apart = np.sqrt(((block**2).sum(1)[:, None] + squares - 2 * block @ points.T).clip(0))
        found.append(np.cos(np.minimum(apart / max(bandwidth, 1e-300), 1) * (math.pi / 2)) @ weights)
    return np.concatenate(found) if found else np.empty((0, weights.shape[1]))
