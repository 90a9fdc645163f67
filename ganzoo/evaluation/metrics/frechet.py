"""fid and fd: the Frechet distance between generated and real features (arXiv:1706.08500)."""

from __future__ import annotations

import numpy as np

from ganzoo.contracts.metric import Diagnosis, MetricResult, MetricValue, metric
from ganzoo.errors import TooFewImages
from ganzoo.evaluation.metrics.registry import full_name
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.statistics import bootstrap, moments
from ganzoo.evaluation.statistics.bootstrap import LEVEL
from ganzoo.evaluation.statistics.moments import Array, Moments, check


@metric(extractor="inception", least=2)
def measure_fid(context: EvalContext) -> MetricResult:
    """Measure the Frechet Inception distance."""
    return _measure(context, context.extractors.inception)


@metric(extractor="chosen", least=2)
def measure_fd(context: EvalContext) -> MetricResult:
    """Measure the Frechet distance on the chosen extractor."""
    return _measure(context, context.extractors.chosen)


def _measure(context: EvalContext, extractor: FeatureExtractor) -> MetricResult:
    fake, real = context.features(extractor, "evaluated"), context.features(extractor, "real")
    fewest, features = min(len(fake), len(real)), fake.shape[1]
    if not context.requested and fewest < features:
        raise TooFewImages(
            f"{full_name('fd', extractor)} of {fewest:,} images with {features:,} features each is far too high. Give "
            "more images, or ask for it with --metrics."
        )
    real_moments = context.once(f"{extractor.label} moments", lambda: moments.compute(real))
    value = frechet_distance(moments.compute(fake), real_moments)
    name, config = full_name("fd", extractor), context.config
    diagnoses = _diagnose(name, fewest, features)
    if not config.resamples:
        return MetricResult([MetricValue(name, value, extractor=extractor)], diagnoses)
    low, high = frechet_interval(fake, real_moments, LEVEL, config.resamples, config.seed)
    # Part of protocols on cards: do not reword.
    interval = f"95 %, normal, standard error of {config.resamples} bootstraps of the judged pictures"
    return MetricResult([MetricValue(name, value, low, high, interval, extractor)], diagnoses)


def _diagnose(name: str, images: int, features: int) -> list[Diagnosis]:
    """Return a warning where there are fewer images than features: equal sets are then far apart."""
    if images >= features:
        return []
    text = (
        f"{name} of {images:,} images with {features:,} features each is far too high, its interval too: "
        "equal sets would not have 0. It compares with the same counts alone; kd is right for any count."
    )
    return [Diagnosis(name, text, alarm=True)]


def frechet_distance(a: Moments, b: Moments) -> float:
    """Compute |mean_a - mean_b|**2 + tr(A + B - 2 (A B)**0.5) (arXiv:1706.08500, equation 6).

    Returns:
        The distance in squared units of the features: 0 for equal sets, lower is better, no upper bound.

    Raises:
        DataError: a side has fewer than 2 images; the covariance of one is not defined.
    """
    return _frechet_distance_by_root(a, b, _square_root(b.covariance))


def frechet_interval(
    fake: Array, real: Moments, level: float = LEVEL, resamples: int = 20, seed: int = 0
) -> tuple[float, float]:
    """Return low and high for the Frechet distance of ``fake`` (N, D) to ``real``, from 0 upwards.

    The evaluated images are resampled; the real ones stay the same, as they are part of the protocol. It takes the
    time of ``resamples`` distances; the root of the real covariance is computed once.
    """
    random, real_root = np.random.default_rng(seed), _square_root(real.covariance)
    value = _frechet_distance_by_root(moments.compute(fake), real, real_root)
    estimates = []
    for _ in range(resamples):
        counts = np.bincount(random.integers(len(fake), size=len(fake)), minlength=len(fake))
        estimates.append(_frechet_distance_by_root(moments.compute(fake, counts), real, real_root))
    low, high = bootstrap.normal_interval(value, estimates, level)
    return max(0.0, low), high


def _frechet_distance_by_root(evaluated: Moments, real: Moments, real_root: Array) -> float:
    """Return the Frechet distance, given the root of the real covariance: for many sets against one real set.

    The trace of (A B)**0.5 is the sum of the roots of the eigenvalues of B**0.5 A B**0.5, which is symmetric: no
    complex numbers, and half the time of the general eigenvalues.
    """
    for each in (evaluated, real):
        _check_count(each)
    if evaluated.mean.shape != real.mean.shape:
        check(evaluated.mean[None], real.mean[None])
    apart = evaluated.mean - real.mean
    between = np.linalg.eigvalsh(real_root @ evaluated.covariance @ real_root).clip(0)
    traces = np.trace(evaluated.covariance) + np.trace(real.covariance)
    distance = float(apart @ apart + traces - 2 * np.sqrt(between).sum())
    return max(0.0, distance)  # equal sets give -1e-12 or so: the traces cancel to their last digits


def _square_root(covariance: Array) -> Array:
    """Return the symmetric square root of a covariance (D, D)."""
    values, vectors = np.linalg.eigh(covariance)
    root: Array = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return root


def _check_count(side: Moments) -> None:
    if side.count < 2:
        raise TooFewImages(
            f"A Frechet distance needs at least 2 images a side, and one side has {side.count}. "
            "Give more images; a meaningful value takes thousands."
        )
