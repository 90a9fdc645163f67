"""cmmd: the kernel distance of embeddings under a Gaussian kernel, meant for those of CLIP (arXiv:2401.09603)."""

from __future__ import annotations

import numpy as np

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.evaluation.metrics.registry import full_name
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.statistics.moments import Array, blocks, check

BANDWIDTH = 10.0  # sigma in the paper
SCALE = 1000.0  # what the paper multiplies its values by


@metric(extractor="chosen", least=2)
def measure_cmmd(context: EvalContext) -> MetricResult:
    """Measure the kernel distance of unit vectors, with CLIP as the extractor: CMMD."""
    extractor = context.extractors.chosen
    fake, real = context.features(extractor, "evaluated"), context.features(extractor, "real")
    settings = {"bandwidth": BANDWIDTH, "scale": SCALE}
    name = full_name("cmmd", extractor)
    return MetricResult([MetricValue(name, gaussian_distance(fake, real), extractor=extractor, settings=settings)])


def gaussian_distance(fake: Array, real: Array) -> float:
    """Return 1000 times the squared maximum mean discrepancy under exp(-|x - y|**2 / (2 * 10**2)) of unit vectors.

    Unbiased (arXiv:2401.09603, equation 4): sets of one distribution give values on both sides of 0. The authors' code
    counts each image with itself too, which adds about 1000 * (1 - mean kernel) / count for each side.

    Args:
        fake: (N, D) embeddings, N at least 2; they are scaled to length 1.
        real: (M, D), M at least 2.

    Raises:
        DataError: a side has fewer than 2 images, or dimensions differ.
    """
    check(fake, real, least=2)
    x, y = (each / np.linalg.norm(each, axis=1, keepdims=True).clip(1e-12) for each in (fake, real))
    n, m = len(x), len(y)
    within = sum((_sum(each, each) - len(each)) / (len(each) * (len(each) - 1)) for each in (x, y))
    return float(SCALE * (within - 2 * _sum(x, y) / (n * m)))


def _sum(one: Array, other: Array) -> float:
    """Return the sum of the kernel over all pairs of unit vectors, whose squared distance is 2 - 2 x.y."""
    return sum(float(np.exp((a @ b.T - 1) / BANDWIDTH**2).sum()) for a in blocks(one) for b in blocks(other))
