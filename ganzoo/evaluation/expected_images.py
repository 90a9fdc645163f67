"""How many images an evaluation is expected to process, from which the time left is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ganzoo.evaluation.metrics.registry import KnownMetric
from ganzoo.evaluation.samples.context import EvalContext


def by_metric(context: EvalContext, metrics: Sequence[KnownMetric]) -> list[int]:
    """Return how many images each metric processes that none before it did: features are extracted once.

    An estimate: a metric says which sides it needs, but not how often it goes through them.
    """
    known, counts = set[tuple[str, str]](), []
    for metric in metrics:
        passes = {*_passes(context, metric)} - known
        known |= passes
        counts.append(sum(getattr(context.sides, side).sample.count for _, side in passes))
    return counts


def _passes(context: EvalContext, metric: KnownMetric) -> Iterator[tuple[str, str]]:
    """Yield (extractor or metric, side) for each pass through a side."""
    who = getattr(context.extractors, metric.extractor).label if metric.extractor else metric.name
    yield who, "evaluated"
    for side in ("real", "train") if metric.extractor else ():
        if side in metric.needs and getattr(context.sides, side) is not None:
            yield who, side
