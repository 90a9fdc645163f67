"""precision, recall (arXiv:1904.06991), density and coverage (arXiv:2002.09797), by nearest neighbors.

Kept by hand: torch-fidelity has precision and recall alone, from features that it extracts itself, and prdc holds all
distances in memory at once. These read features of any extractor in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.evaluation.metrics.registry import full_name
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.statistics import bootstrap
from ganzoo.evaluation.statistics.moments import Array, check
from ganzoo.evaluation.statistics.nearest_neighbors import centered_blocks, mean, nearest_about, pairwise_distances


@metric(extractor="chosen", least=2)
def measure_precision(context: EvalContext) -> MetricResult:
    """Measure the share of evaluated images among the real ones."""
    return _measure(context, "precision", context.config.neighbors or 3)


@metric(extractor="chosen", least=2)
def measure_recall(context: EvalContext) -> MetricResult:
    """Measure the share of real images among the evaluated ones."""
    return _measure(context, "recall", context.config.neighbors or 3)


@metric(extractor="chosen", least=2)
def measure_density(context: EvalContext) -> MetricResult:
    """Measure how many real images' balls an evaluated image lies in."""
    return _measure(context, "density", context.config.neighbors or 5)


@metric(extractor="chosen", least=2)
def measure_coverage(context: EvalContext) -> MetricResult:
    """Measure the share of real images with an evaluated one near."""
    return _measure(context, "coverage", context.config.neighbors or 5)


def _measure(context: EvalContext, name: str, neighbors: int) -> MetricResult:
    extractor = context.extractors.chosen
    manifolds = context.once(f"{extractor.label} manifolds", lambda: _compare_sides(context, extractor))
    settings = {"neighbors": neighbors}
    low, high = bootstrap.mean_interval(manifolds.values(name), seed=context.config.seed)
    value = getattr(manifolds, name)
    counted = "real" if name in ("recall", "coverage") else "evaluated"
    interval = f"95 %, bootstrap over the {counted} images"
    named = full_name(name, extractor)
    return MetricResult([MetricValue(named, value, low, high, interval, extractor, settings=settings)])


def _compare_sides(context: EvalContext, extractor: FeatureExtractor) -> Manifolds:
    neighbors = context.config.neighbors
    fake, real = context.features(extractor, "evaluated"), context.features(extractor, "real")
    return compare_manifolds(fake, real, neighbors or 3, neighbors or 5)


@dataclass(frozen=True, eq=False)
class Manifolds:
    """How two sets of images lie in one another. All four shares are means of one value for each image.

    Attributes:
        in_real: (N,) bool: each generated image lies in the ball of some real one.
        real_balls: (N,) the number of real images' balls that contain each generated image.
        in_fake: (M,) bool: each real image lies in the ball of some generated one.
        covered: (M,) bool: each real image's ball contains a generated image.
        k_density: Neighbors that set the balls of ``real_balls`` and ``covered``.
    """

    in_real: Array
    real_balls: Array
    in_fake: Array
    covered: Array
    k_density: int

    @property
    def precision(self) -> float:
        """Share of generated images among the real ones, 0 to 1, higher is better: quality (arXiv:1904.06991)."""
        return float(self.in_real.mean())

    @property
    def recall(self) -> float:
        """Share of real images among the generated ones, 0 to 1, higher is better: variety (arXiv:1904.06991)."""
        return float(self.in_fake.mean())

    @property
    def density(self) -> float:
        """Real balls that contain a generated image, over k: 1 for sets of one distribution, higher is better.

        It exceeds 1 where real images are dense. A real outlier counts less than in precision (arXiv:2002.09797).
        """
        return float(self.densities.mean())

    @property
    def coverage(self) -> float:
        """Share of real images with a generated one near, 0 to 1, higher is better: variety (arXiv:2002.09797)."""
        return float(self.covered.mean())

    def values(self, name: str) -> Array:
        """Return the values whose mean is one of the four shares: of generated images, or of real ones (M,)."""
        own = {"precision": self.in_real, "recall": self.in_fake, "density": self.densities, "coverage": self.covered}
        return own[name]

    @property
    def densities(self) -> Array:
        """The density of each generated image (N,)."""
        values: Array = self.real_balls / self.k_density
        return values


def compare_manifolds(fake: Array, real: Array, k: int = 3, k_density: int = 5) -> Manifolds:
    """Compare ``fake`` (N, D) with ``real`` (M, D) in one pass over all pairs.

    An image's ball reaches to its k-th nearest neighbor in its own set. A ball contains its edge, as in
    torch-fidelity, but not for density: its authors exclude the edge, and a set has density 1 to itself.

    Args:
        fake: (N, D) features of generated images.
        real: (M, D) features of real images.
        k: For precision and recall, 3 in the paper.
        k_density: For density and coverage, 5 in the paper.

    Raises:
        DataError: a set has at most k images.
    """
    largest = max(k, k_density)
    check(fake, real, least=largest + 1)
    center = mean(real)
    reach_real = nearest_about(real, real, largest, np.arange(len(real)), center)[0]
    reach_fake = nearest_about(fake, fake, k, np.arange(len(fake)), center)[0][:, k - 1]
    reaches = _Reaches(reach_fake, reach_real[:, k - 1], reach_real[:, k_density - 1])
    return _compare(fake, real, center, reaches, k_density)


class _Reaches(NamedTuple):
    """Radii of balls: (N,) of generated images, (M,) of real ones, (M,) of real ones for density and coverage."""

    fake: Tensor
    real: Tensor
    density: Tensor


def _compare(fake: Array, real: Array, center: Array, reach: _Reaches, k_density: int) -> Manifolds:
    in_real, balls = torch.zeros(len(fake), dtype=torch.bool), torch.zeros(len(fake), dtype=torch.int64)
    in_fake, covered = (torch.zeros(len(real), dtype=torch.bool) for _ in range(2))
    # Real images are rows here as they were when the balls were measured: the same bits, so that edges are edges.
    for rows, real_rows in centered_blocks(real, center):
        for columns, fake_rows in centered_blocks(fake, center):
            apart = pairwise_distances(real_rows, fake_rows)
            in_real[columns] |= (apart <= reach.real[rows, None]).any(0)
            in_fake[rows] |= (apart <= reach.fake[columns]).any(1)
            balls[columns] += (apart < reach.density[rows, None]).sum(0)
            covered[rows] |= (apart <= reach.density[rows, None]).any(1)
    return Manifolds(in_real.numpy(), balls.numpy(), in_fake.numpy(), covered.numpy(), k_density)
