"""is: the Inception score, on any extractor that is a classifier (arXiv:1606.03498)."""

from __future__ import annotations

import numpy as np

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.evaluation.metrics.registry import full_name, library_versions
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.statistics.moments import Array, check

SPLITS = 10


@metric(needs=(), extractor="chosen")
def measure_is(context: EvalContext) -> MetricResult:
    """Measure the Inception score of the evaluated images alone."""
    library, extractor = library_versions("torch-fidelity"), context.extractors.chosen
    mean, std = inception_score(extractor.logits(context.features(extractor, "evaluated")), SPLITS)
    name, interval = full_name("is", extractor), "one standard deviation over the splits"
    value = MetricValue(name, mean, mean - std, mean + std, interval, extractor, "", library, {"splits": SPLITS})
    return MetricResult([value])


def inception_score(logits: Array, splits: int = SPLITS, seed: int = 2020) -> tuple[float, float]:
    """Return mean and standard deviation over splits of exp(E KL(p(y|x) || p(y))) (arXiv:1606.03498).

    Images are shuffled by ``seed`` and torch-fidelity, whose default seed this is, scores each split.

    Args:
        logits: (N, classes) of a classifier, before its softmax.
        splits: Parts of the images that are scored by themselves.
        seed: Of the shuffling.

    Returns:
        Scores from 1 to the number of classes; higher is better.

    Raises:
        DataError: there are fewer images than splits.
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
