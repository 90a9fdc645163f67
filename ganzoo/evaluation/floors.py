"""What real images score against other real images: the floor of a metric, which no model can be expected to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ganzoo.evaluation.metrics.registry import KnownMetric
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.image_sets import StoredImages
from ganzoo.evaluation.statistics.moments import Array

NAME = "real images"


def build_floor(context: EvalContext, metrics: Sequence[KnownMetric]) -> EvalContext | None:
    """Return a context whose evaluated images are real ones, compared with the other real ones; None for too few.

    As many as the evaluated images, but at most half of the real ones, are drawn by the seed. Images of equal content
    count once, so that nothing is compared with itself.

    Args:
        context: Of the evaluation.
        metrics: Of sets of features, measured before.
    """
    real = context.sides.real
    if not isinstance(real, StoredImages) or not real.contents:
        return None
    chosen, rest = split_real(real.contents, context.sides.evaluated.sample.count, context.config.seed)
    if len(chosen) < 2:
        return None
    features: dict[str, Any] = {}
    for role in {metric.extractor for metric in metrics}:
        extractor = getattr(context.extractors, role)
        own = context.features(extractor, "real")
        features |= {f"{extractor.label} evaluated": own[chosen], f"{extractor.label} real": own[rest]}
    one, other = (replace(real, sample=replace(real.sample, count=len(part))) for part in (chosen, rest))
    return context.with_images(replace(context.sides, evaluated=one, real=other), features)


def split_real(contents: Sequence[str], count: int, seed: int) -> tuple[Array, Array]:
    """Return rows of real images to evaluate, and those to compare them with, without any content twice.

    Args:
        contents: A label for the content of each image.
        count: Images to evaluate; at most half of the distinct ones are.
        seed: Of the choice.
    """
    first: Mapping[str, int] = {content: row for row, content in reversed(list(enumerate(contents)))}
    distinct = np.random.default_rng(seed).permutation(sorted(first.values()))
    count = min(count, len(distinct) // 2)
    return np.sort(distinct[:count]), np.sort(distinct[count:])
