"""identity: how much a model changes images that are in the target domain already (arXiv:1703.10593, section 5.2)."""

from __future__ import annotations

from ganzoo.contracts.metric import MetricResult, metric
from ganzoo.evaluation.metrics.l1 import l1
from ganzoo.evaluation.metrics.paired_images import ImagePairs, measure_each
from ganzoo.evaluation.metrics.registry import mean_value
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.image_sets import StoredImages, translated_images, with_channels
from ganzoo.loading.model import Model


@metric(needs=("model", "real"))
def measure_identity(context: EvalContext) -> MetricResult:
    """Measure the mean absolute change of real images of the target domain."""
    return MetricResult([mean_value(context, "identity", measure_each(l1, _translate_real(context)), "real")])


def _translate_real(context: EvalContext) -> ImagePairs:
    """Yield translations of the real images, and the real images, (N, C, H, W) uint8 each."""
    model: Model = context.require("model")
    real: StoredImages = context.require("real")
    translations = context.batches(translated_images(model, real, context.models.label))
    for outputs, originals in zip(translations, real.batches(context.config.batch_size), strict=True):
        yield outputs, with_channels(originals, outputs.shape[1])
