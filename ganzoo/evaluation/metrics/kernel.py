"""kid and kd: the kernel distance between generated and real features (arXiv:1801.01401)."""

from __future__ import annotations

import numpy as np

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.registry import full_name, library_versions
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.statistics import bootstrap
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
        distance, error = jackknife_of_all_pairs(fake, real)
        low, high = bootstrap.normal_bounds(distance, error) if error else (None, None)
        kind = "95 %, normal, standard error of the jackknife over images of both sides" if error else ""
        all_pairs = {"pairs": "all"}
        return MetricResult([MetricValue(name, distance, low, high, kind, extractor, settings=all_pairs)])
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
    return jackknife_of_all_pairs(fake, real)[0]


def jackknife_of_all_pairs(fake: Array, real: Array) -> tuple[float, float]:
    """Return `kernel_distance_of_all_pairs` and its standard error, 0 with fewer than three images on a side.

    The error is that of the jackknife (Efron and Tibshirani 1993, chapter 11): the value without each image, of one
    side and then of the other. It is too large rather than too small where the sets are alike.
    """
    check(fake, real, least=2)
    (n, m), (ours, theirs) = (len(fake), len(real)), (_sums_within(fake), _sums_within(real))
    across, back = _sums_across(fake, real)
    within, beyond, between = ours.sum(), theirs.sum(), across.sum()
    value = within / (n * (n - 1)) + beyond / (m * (m - 1)) - 2 * between / (n * m)
    if min(n, m) < 3:
        return float(value), 0.0
    without_fake = (within - 2 * ours) / ((n - 1) * (n - 2)) + beyond / (m * (m - 1))
    without_fake -= 2 * (between - across) / ((n - 1) * m)
    without_real = within / (n * (n - 1)) + (beyond - 2 * theirs) / ((m - 1) * (m - 2))
    without_real -= 2 * (between - back) / (n * (m - 1))
    variance = sum((len(each) - 1) * each.var() for each in (without_fake, without_real))
    return float(value), float(np.sqrt(variance))


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


def _sums_across(one: Array, other: Array) -> tuple[Array, Array]:
    """Return the sums of the kernel of each row of ``one`` with all of ``other``, and the other way round."""
    rows, columns = np.zeros(len(one)), np.zeros(len(other))
    for first, a in zip(range(0, len(one), BLOCK), blocks(one), strict=True):
        for second, b in zip(range(0, len(other), BLOCK), blocks(other), strict=True):
            values = _kernel(a, b)
            rows[first : first + len(a)] += values.sum(1)
            columns[second : second + len(b)] += values.sum(0)
    return rows, columns


def _sums_within(features: Array) -> Array:
    """Return the sum of the kernel over all other rows, for each row."""
    rows = np.zeros(len(features))
    starts = range(0, len(features), BLOCK)
    for first, a in zip(starts, blocks(features), strict=True):
        for second, b in zip(starts[first // BLOCK :], blocks(features[first:]), strict=True):
            values = _kernel(a, b)
            rows[first : first + len(a)] += values.sum(1)
            if second > first:  # the kernel is symmetric
                rows[second : second + len(b)] += values.sum(0)
    own = (features.astype(np.float64) ** 2).sum(1) / features.shape[1] + 1
    return np.asarray(rows - own**3)
