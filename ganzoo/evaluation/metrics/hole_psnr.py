"""hole-psnr: peak signal-to-noise ratio inside the hole that an inpainting model fills."""

from __future__ import annotations

from ganzoo.contracts.metric import MetricResult, metric
from ganzoo.errors import OptionError
from ganzoo.evaluation.metrics.paired_images import ImagePairs, measure_each, pairs
from ganzoo.evaluation.metrics.psnr import psnr
from ganzoo.evaluation.metrics.registry import mean_value
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.degraded_images import HOLE, has_holes


@metric(needs=())
def measure_hole_psnr(context: EvalContext) -> MetricResult:
    """Measure the PSNR of what the model filled in, without the unchanged rest."""
    if not has_holes(context.sides.inputs):
        raise OptionError(f"hole-psnr of {context.name} is for models that fill holes.")
    return MetricResult([mean_value(context, "hole-psnr", measure_each(psnr, _crop_holes(context)), "truths")])


def _crop_holes(context: EvalContext) -> ImagePairs:
    """Yield the holes of outputs and of truths, (N, C, H, W) uint8 each."""
    for outputs, targets in pairs(context):
        yield HOLE.crop(outputs), HOLE.crop(targets)
