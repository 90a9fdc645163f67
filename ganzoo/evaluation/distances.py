"""How far generated pictures' features are from real ones': Frechet and kernel distance, and the Inception score.

The names that a user sees are fd-, kd- and is- with the extractor's name; with the Inception network of the papers
they are FID, KID and the Inception score.
"""

from __future__ import annotations

import numpy as np

from ganzoo.errors import DataError
from ganzoo.evaluation.moments import BLOCK, Array, Moments, blocks, check


def frechet(a: Moments, b: Moments) -> float:
    """Return |mean_a - mean_b|**2 + tr(A + B - 2 (A B)**0.5): 0 is alike, lower is better, no upper bound.

    In squared units of the features. Raises DataError for fewer than 2 pictures a side: one has no covariance.
    Source: arXiv:1706.08500, equation 6.
    """
    return frechet_by_root(a, b, root(b.covariance))


def frechet_by_root(evaluated: Moments, real: Moments, real_root: Array) -> float:
    """Return `frechet` where the root of the real covariance is known: for many judged sets against one real set.

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
    return max(0.0, distance)  # equal sets come out at -1e-12 or so: the traces cancel to their last digits


def root(covariance: Array) -> Array:
    """Return the symmetric square root of a covariance (D, D)."""
    values, vectors = np.linalg.eigh(covariance)
    found: Array = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    return found


def kernel(fake: Array, real: Array, subsets: int = 100, subset_size: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Return mean and standard deviation of the kernel distance over random subsets; near 0 is alike, lower is better.

    The squared maximum mean discrepancy under (x y / D + 1)**3, unbiased, so that alike sets come out on either side
    of 0. torch-fidelity draws the same subsets for the same ``seed`` and its estimator is used, here with float64 and
    only a subset's rows at a time. Raises DataError where a side has fewer pictures than ``subset_size``.
    Source: arXiv:1801.01401.
    """
    from torch_fidelity.metric_kid import mmd2

    check(fake, real)
    _check_subsets(min(len(fake), len(real)), subset_size)
    random = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        made, request = (_draw(features, subset_size, random) for features in (fake, real))
        values.append(mmd2(_kernel(made, made), _kernel(made, request), _kernel(request, request)))
    return float(np.mean(values)), float(np.std(values))


def kernel_whole(fake: Array, real: Array) -> float:
    """Return the kernel distance over all pairs: one value without drawing, for sets too small for `kernel`.

    Unbiased for sets of any two sizes from 2. The time grows with the product of the counts. Source: arXiv:1801.01401,
    equation 4.
    """
    check(fake, real, least=2)
    return _within(fake) + _within(real) - 2 * _across(fake, real) / (len(fake) * len(real))


def inception_score(logits: Array, splits: int = 10, seed: int = 2020) -> tuple[float, float]:
    """Return mean and standard deviation over splits of exp(E KL(p(y|x) || p(y))): 1 to the classes, higher is better.

    ``logits`` (N, classes) come from a classifier, before its softmax. Pictures are shuffled by ``seed`` and each of
    the ``splits`` parts is scored by torch-fidelity, whose own default seed this is. Raises DataError for fewer
    pictures than splits. Source: arXiv:1606.03498.
    """
    import torch
    from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, isc_features_to_metric

    check(logits, least=splits)
    count, order = len(logits), np.random.RandomState(seed).permutation(len(logits))
    scores = []
    for split in range(splits):
        rows = logits[order[split * count // splits : (split + 1) * count // splits]]
        scores.append(isc_features_to_metric(torch.from_numpy(np.asarray(rows)), 1, shuffle=False)[KEY_METRIC_ISC_MEAN])
    return float(np.mean(scores)), float(np.std(scores))


def _check_count(moments: Moments) -> None:
    if moments.count < 2:
        raise DataError(
            f"A Frechet distance needs at least 2 pictures a side, and one side has {moments.count}. "
            "Give more pictures: thousands, where the value is to mean something."
        )


def _check_subsets(count: int, subset_size: int) -> None:
    if subset_size < 2:
        raise DataError(
            f"subset_size is {subset_size}, and a kernel distance needs at least 2. Write subset_size=1000."
        )
    if count < subset_size:
        raise DataError(
            f"The kernel distance draws subsets of subset_size={subset_size:,} pictures, and one side has only "
            f"{count:,}. Give more pictures, or set subset_size to at most {count:,} (--subset-size), or to 0 for all "
            "pairs of pictures; such scores compare only with one another."
        )


def _draw(features: Array, size: int, random: np.random.RandomState) -> Array:
    return np.asarray(features[random.choice(len(features), size, replace=False)], dtype=np.float64)


def _kernel(one: Array, other: Array) -> Array:
    values = one @ other.T / one.shape[1] + 1  # of one array with itself numpy computes half
    cubes: Array = values * values * values  # numpy's power takes ten times as long
    return cubes


def _across(one: Array, other: Array) -> float:
    """Return the sum of the kernel over all pairs of a row of one and a row of the other."""
    return sum(float(_kernel(a, b).sum()) for a in blocks(one) for b in blocks(other))


def _within(features: Array) -> float:
    """Return the mean of the kernel over all pairs of two different rows."""
    total = 0.0
    for number, block in enumerate(blocks(features)):
        itself = _kernel(block, block)
        total += float(itself.sum() - np.trace(itself))
        total += 2 * _across(block, features[(number + 1) * BLOCK :])
    return total / (len(features) * (len(features) - 1))
