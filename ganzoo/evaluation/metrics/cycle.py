"""cycle-psnr: images translated there and back, compared with the originals (arXiv:1703.10593, section 3.2)."""

from __future__ import annotations

from dataclasses import replace

from ganzoo.contracts.metric import MetricResult, metric
from ganzoo.evaluation.metrics.paired_images import ImagePairs, measure_each
from ganzoo.evaluation.metrics.psnr import psnr
from ganzoo.evaluation.metrics.registry import mean_value
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.image_sets import translate, with_channels
from ganzoo.loading.model import Model


@metric(needs=("back", "inputs"))
def measure_cycle_psnr(context: EvalContext) -> MetricResult:
    """Measure the PSNR of images that were translated there and back. An unchanged image wins: read it with fd."""
    back: Model = context.require("back")
    value = mean_value(context, "cycle-psnr", measure_each(psnr, _translate_back(context, back)), "inputs")
    return MetricResult([replace(value, settings={"back": back.card.name})])


def _translate_back(context: EvalContext, back: Model) -> ImagePairs:
    """Yield images translated back and the original inputs, (N, C, H, W) uint8; those in between have 8 bits too."""
    inputs = context.require("inputs").batches(context.config.batch_size)
    for outputs, originals in zip(context.batches(context.sides.evaluated), inputs, strict=True):
        yield translate(back, outputs), with_channels(originals, back.card.out_channels)
