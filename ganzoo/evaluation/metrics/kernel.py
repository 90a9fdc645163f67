"""kid and kd: the kernel distance between generated and real features (arXiv:1801.01401)."""

from __future__ import annotations

import numpy as np

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.registry import full_name, library_versions
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.statistics.moments import BLOCK, Array, blocks, check


@metric(extractor="inception", least=2)
def measure_kid(context: EvalContext) -> MetricResult:
    """Measure the kernel Inception distance."""
    return _measure(context, context.extractors.inception)


@metric(extractor="chosen", least=2)
def measure_kd(context: EvalContext) -> MetricResult:
    """Measure the kernel distance on the chosen extractor."""
    return _measure(context, context.extractors.chosen)


def _measure(context: EvalContext, extractor: FeatureExtractor) -> MetricResult:
    fake, real = context.features(extractor, "evaluated"), context.features(extractor, "real")
    name, config = full_name("kd", extractor), context.config
    if not config.subset_size:
        distance = kernel_distance_of_all_pairs(fake, real)
        return MetricResult([MetricValue(name, distance, extractor=extractor, settings={"pairs": "all"})])
    library = library_versions("torch-fidelity")
    mean, std = kernel_distance(fake, real, config.subsets, config.subset_size, config.seed)
    settings = {"subsets": config.subsets, "subset_size": config.subset_size}
    interval = "one standard deviation over the subsets"
    value = MetricValue(name, mean, mean - std, mean + std, interval, extractor, library=library, settings=settings)
    return MetricResult([value])


def kernel_distance(
    fake: Array, real: Array, subsets: int = 100, subset_size: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return mean and standard deviation of the kernel distance over random subsets (arXiv:1801.01401).

    The squared maximum mean discrepancy under (x y / D + 1)**3, unbiased: sets of one distribution give values on
    both sides of 0; lower is better. The subsets are those that torch-fidelity draws for the same ``seed``, and the
    estimator is torch-fidelity's, here in float64 and with only the rows of one subset in memory.

    Raises:
        DataError: a side has fewer images than ``subset_size``.
    """
    from torch_fidelity.metric_kid import mmd2

    check(fake, real)
    _check_subsets(min(len(fake), len(real)), subset_size)
    random = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        one, other = (_draw(features, subset_size, random) for features in (fake, real))
        values.append(mmd2(_kernel(one, one), _kernel(one, other), _kernel(other, other)))
    return float(np.mean(values)), float(np.std(values))


def kernel_distance_of_all_pairs(fake: Array, real: Array) -> float:
    """Return the kernel distance over all pairs: one value without drawing, for sets too small for subsets.

    Unbiased for sets of any two sizes from 2 (arXiv:1801.01401, equation 4). The time grows with the product of the
    counts.
    """
    check(fake, real, least=2)
    return _mean_within(fake) + _mean_within(real) - 2 * _sum_across(fake, real) / (len(fake) * len(real))


def _check_subsets(count: int, subset_size: int) -> None:
    if subset_size < 2:
        raise DataError(
            f"subset_size is {subset_size}, and a kernel distance needs at least 2. Write subset_size=1000."
        )
    if count < subset_size:
        raise DataError(
            f"The kernel distance draws subsets of subset_size={subset_size:,} images, and one side has only "
            f"{count:,}. Give more images, or set subset_size to at most {count:,} (--subset-size), or to 0 for all "
            "pairs of images; such scores compare only with one another."
        )


def _draw(features: Array, size: int, random: np.random.RandomState) -> Array:
    return np.asarray(features[random.choice(len(features), size, replace=False)], dtype=np.float64)


def _kernel(one: Array, other: Array) -> Array:
    values = one @ other.T / one.shape[1] + 1  # of one array with itself numpy computes half
    cubes: Array = values * values * values  # numpy's power takes ten times as long
    return cubes


def _sum_across(one: Array, other: Array) -> float:
    """Return the sum of the kernel over all pairs of a row of one and a row of the other."""
    return sum(float(_kernel(a, b).sum()) for a in blocks(one) for b in blocks(other))


def _mean_within(features: Array) -> float:
    """Return the mean of the kernel over all pairs of two different rows."""
    total = 0.0
    for number, block in enumerate(blocks(features)):
        itself = _kernel(block, block)
        total += float(itself.sum() - np.trace(itself))
        total += 2 * _sum_across(block, features[(number + 1) * BLOCK :])
    return total / (len(features) * (len(features) - 1))
