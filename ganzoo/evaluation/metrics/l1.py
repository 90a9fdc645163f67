"""l1: mean absolute difference of each output and its truth."""

from __future__ import annotations

from torch import Tensor

from ganzoo.contracts.metric import MetricResult, metric
from ganzoo.evaluation.metrics.paired_images import check, measure_truths, to_array
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.statistics.moments import Array


@metric(needs=("truths",))
def measure_l1(context: EvalContext) -> MetricResult:
    """Measure the mean absolute difference to the truths."""
    return MetricResult([measure_truths(context, "l1", l1)])


def l1(outputs: Tensor, targets: Tensor) -> Array:
    """Return the mean absolute difference as a share of the range, (N,).

    Takes uint8 (N, C, H, W). 0 is equal, 1 black for white; lower is better.
    """
    check(outputs, targets)
    return to_array((outputs.short() - targets.short()).abs().double().mean((1, 2, 3)) / 255)
