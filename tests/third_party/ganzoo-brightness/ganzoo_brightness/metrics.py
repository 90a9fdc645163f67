"""The metric of this plugin."""

from __future__ import annotations

import torch

from ganzoo import MetricContext, MetricResult, MetricValue


def measure_brightness(context: MetricContext) -> MetricResult:
    """Measure the difference of the mean values, in [-255, 255]; 0 for equal sets."""
    evaluated, real = (
        torch.cat([batch.double().mean((1, 2, 3)) for batch in context.batches(side)]).mean().item()
        for side in (context.sides.evaluated, context.require("real"))
    )
    return MetricResult([MetricValue("brightness", evaluated - real)])
