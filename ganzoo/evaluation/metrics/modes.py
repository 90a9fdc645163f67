"""modes: the share of real modes that generated images cover, classes or clusters of features (arXiv:1611.02163)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ganzoo.contracts.metric import Diagnosis, MetricResult, MetricValue, metric
from ganzoo.data.listing import some
from ganzoo.errors import TooFewImages
from ganzoo.evaluation.metrics.registry import full_name
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.statistics.clusters import Scatter, find_centers, scatter
from ganzoo.evaluation.statistics.mode_counts import count_labels, find_covered
from ganzoo.evaluation.statistics.moments import Array, check

ENOUGH = 0.8  # share of modes; fewer is collapse
VARIED = 0.5  # of the real images' variety; less is collapse
MAX_CLUSTERS, CLUSTER_SIZE = 50, 20  # clusters at most, and images in each at least, unless the number is given


@metric(extractor="chosen")
def measure_modes(context: EvalContext) -> MetricResult:
    """Measure the modes that are covered: the extractor's classes, or clusters of the real features."""
    extractor, config = context.extractors.chosen, context.config
    if extractor.classes and not config.clusters:
        fake, real = (context.labels(extractor, side) for side in ("evaluated", "real"))
        modes = compare_classes(fake, real, extractor.classes)
        settings: dict[str, Any] = {"modes": "classes"}
    else:
        fake, real = context.features(extractor, "evaluated"), context.features(extractor, "real")
        modes = compare_clusters(fake, real, config.clusters or None, config.seed)
        settings = {"modes": f"{len(modes.covered)} clusters"}
    value = MetricValue(full_name("modes", extractor), modes.share, extractor=extractor, settings=settings)
    return MetricResult([value], modes.diagnoses)


@dataclass(frozen=True, eq=False)
class Modes:
    """How generated images spread over K modes of the real ones, classes or clusters.

    Attributes:
        share: Of the evaluated modes that generated images cover, 0 to 1, higher is better.
        covered: (K,) bool: a quarter of its fair number of generated images is there.
        evaluated: (K,) bool: at least 10 generated images are to be expected, and 10 real ones are there.
        fake, real: (K,) share of the generated and of the real images in each mode.
        diagnoses: One on the modes, for clusters another on variety.
        differing: Share of evaluated modes whose two shares differ at the 5 % level (NDB / K, arXiv:1805.12462): sets
            of one distribution have about 0.05.
        variety: Typical distance of generated images to one another, over that of real ones; None for classes.
        variety_within: The same inside modes: near 0 if each mode is one image again and again; None for classes.
    """

    share: float
    covered: Array
    evaluated: Array
    fake: Array
    real: Array
    diagnoses: list[Diagnosis]
    differing: float
    variety: float | None = None
    variety_within: float | None = None


def compare_clusters(fake: Array, real: Array, clusters: int | None = None, seed: int = 0) -> Modes:
    """Find which clusters of real features generated ones cover, and how much both vary.

    One half of the real images, drawn by ``seed``, forms the clusters, and the other half says what to expect: in many
    dimensions a cluster attracts the images that formed it far more often than others of the same kind.
    Sources: number of modes, arXiv:1611.02163; bins of k-means, arXiv:1805.12462.

    Args:
        fake: (N, D) generated features.
        real: (M, D) real features.
        clusters: None: 50, or fewer so that each has 20 images.
        seed: Of the halves and the clusters.

    Raises:
        DataError: there are too few images.
    """
    check(fake, real)
    clusters = clusters or _suggest_clusters(len(fake), len(real))
    random = np.random.default_rng(seed)
    order = random.permutation(len(real))
    forming, expecting = (np.sort(half) for half in np.array_split(order, 2))
    centers = find_centers(real, clusters, random, forming)
    return _compare_scatters(scatter(fake, centers), scatter(real, centers, expecting))


def compare_classes(fake_labels: Array, real_labels: Array, classes: Sequence[str]) -> Modes:
    """Find which classes of real images generated ones cover (arXiv:1611.02163).

    Args:
        fake_labels: (N,) places in ``classes``.
        real_labels: (M,) places in ``classes``.
        classes: K names.

    Raises:
        DataError: a label is not in ``classes``, or no class has enough images.
    """
    fake, real = (count_labels(labels, len(classes)) for labels in (fake_labels, real_labels))
    covered, evaluated, share = find_covered(fake, real)
    missing = [classes[k] for k in range(len(classes)) if evaluated[k] and not covered[k]]
    text = f"{int((covered & evaluated).sum())} of {int(evaluated.sum())} classes are generated"
    diagnosis = Diagnosis("modes", text + (f"; missing: {some(missing)}." if missing else "."), alarm=share < ENOUGH)
    differing = _share_differing(fake, real, evaluated)
    return Modes(share, covered, evaluated, fake / fake.sum(), real / real.sum(), [diagnosis], differing)


def _suggest_clusters(fake: int, real: int) -> int:
    clusters = min(MAX_CLUSTERS, real // 2 // CLUSTER_SIZE, fake // CLUSTER_SIZE)
    if clusters < 2:
        raise TooFewImages(
            f"{fake:,} generated and {real:,} real images are too few to look for modes: at least "
            f"{2 * CLUSTER_SIZE} generated and {4 * CLUSTER_SIZE} real ones are needed. Give more images."
        )
    return clusters


def _compare_scatters(fake: Scatter, real: Scatter) -> Modes:
    covered, evaluated, share = find_covered(fake.counts, real.counts)
    both = covered & evaluated
    variety = _ratio(fake.variance(), real.variance())
    within = _ratio(fake.variance_within(both), real.variance_within(both))
    text = f"{int(both.sum())} of {int(evaluated.sum())} clusters of real images contain generated ones."
    diagnoses = [Diagnosis("modes", text, alarm=share < ENOUGH), _diagnose_variety(variety, within)]
    shares = fake.counts / fake.counts.sum(), real.counts / real.counts.sum()
    differing = _share_differing(fake.counts, real.counts, evaluated)
    return Modes(share, covered, evaluated, *shares, diagnoses, differing, variety, within)


def _share_differing(fake: Array, real: Array, evaluated: Array) -> float:
    """Return the share of evaluated modes whose proportions differ in a two-sided z test at 5 % (arXiv:1805.12462)."""
    fake_total, real_total = fake.sum(), real.sum()
    pooled = (fake + real) / (fake_total + real_total)
    # 0 without the last term if one mode has all images.
    error = np.sqrt(pooled * (1 - pooled) * (1 / fake_total + 1 / real_total)) + 1e-12
    return float((np.abs(fake / fake_total - real / real_total) > 1.96 * error)[evaluated].mean())


def _diagnose_variety(variety: float, within: float) -> Diagnosis:
    text = f"Generated images vary {variety:.2f} times as much as real ones, {within:.2f} times inside a mode"
    if min(variety, within) >= VARIED:
        return Diagnosis("variety", f"{text}.")
    return Diagnosis("variety", f"{text}: the generator repeats itself.", alarm=True)


def _ratio(fake: float, real: float) -> float:
    """Return the ratio of two sets' typical distances, given their variances; 1 if both are 0."""
    return float(np.sqrt(fake / real)) if real else float(fake == 0)
