"""psnr: peak signal-to-noise ratio of each output and its truth."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.contracts.metric import MetricResult, metric
from ganzoo.evaluation.metrics.paired_images import check, measure_truths, to_array
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.statistics.moments import Array


@metric(needs=("truths",))
def measure_psnr(context: EvalContext) -> MetricResult:
    """Measure the peak signal-to-noise ratio to the truths."""
    return MetricResult([measure_truths(context, "psnr", psnr)])


def psnr(outputs: Tensor, targets: Tensor) -> Array:
    """Return 10 log10(255**2 / mean squared error) in dB, (N,); higher is better, 20 to 30 is common.

    Takes uint8 (N, C, H, W). Equal images have no error; other libraries give them infinity, which makes a mean
    infinite too. Here they count as if one value were off by one step (101 dB for 256x256 RGB). That is the best value
    that an unequal image can have: the order of images stays, and no other value changes.
    """
    check(outputs, targets)
    squared = (outputs.double() - targets.double()).square().sum((1, 2, 3)).clamp_min(1)
    return to_array(10 * torch.log10(255**2 * targets[0].numel() / squared))
