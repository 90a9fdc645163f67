"""d-loss, d-accuracy, d-precision, d-recall, d-f1, d-specificity: the discriminator as a classifier."""

from __future__ import annotations

from itertools import repeat

import numpy as np
import torch
from torch import Tensor, nn

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.data.preprocessing import to_floats
from ganzoo.errors import DataError, OptionError
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.image_sets import with_channels
from ganzoo.evaluation.statistics.moments import Array
from ganzoo.layers.image_sizes import sides


@metric(needs=("discriminator", "real"))
def measure_discriminator(context: EvalContext) -> MetricResult:
    """Measure how well the discriminator tells real from generated images."""
    real, fake = (_compute_logits(context, side) for side in ("real", "evaluated"))
    scores = classify(torch.cat(real).numpy(), torch.cat(fake).numpy())
    return MetricResult([MetricValue(f"d-{name}", value) for name, value in scores.items()])


def classify(real_logits: Array, fake_logits: Array) -> dict[str, float]:
    """Score a discriminator as a binary classifier; real is the positive class.

    An image counts as real if its logit is above 0, a sigmoid of 0.5. The logit of a map of patches is the mean over
    its patches.

    Args:
        real_logits: (N, ...) of real images.
        fake_logits: (M, ...) of generated images.

    Returns:
        All but the loss are in [0, 1], higher is a better classifier; a generator that fools it brings accuracy to 0.5.

        - loss: binary cross entropy in nats, mean over all images; 0 is best, 0.693 is guessing.
        - accuracy: share of all images that are classified correctly.
        - precision: share of real images among those classified as real; 0 if there are none.
        - recall: share of the real images that are classified as real.
        - f1: harmonic mean of precision and recall; 0 if both are 0.
        - specificity: share of the generated images that are classified as generated.

    Raises:
        DataError: a side has no images, or logits that are not finite.
    """
    real, fake = _mean_logits(real_logits, "real"), _mean_logits(fake_logits, "generated")
    losses = np.logaddexp(0, np.concatenate([-real, fake]))  # -log s(x) of real, -log(1 - s(x)) of generated
    true_positives, false_positives = int((real > 0).sum()), int((fake > 0).sum())
    return {
        "loss": float(losses.mean()),
        "accuracy": (true_positives + len(fake) - false_positives) / len(losses),
        "precision": true_positives / max(1, true_positives + false_positives),
        "recall": true_positives / len(real),
        "f1": 2 * true_positives / (len(real) + true_positives + false_positives),
        "specificity": 1 - false_positives / len(fake),
    }


def _mean_logits(logits: Array, kind: str) -> Array:
    """Return float64 (N,): the mean over all but the first axis."""
    each = np.asarray(logits, dtype=np.float64)
    if not each.size:
        raise DataError(f"There are no logits of {kind} images (shape {each.shape}). Give at least one image.")
    values: Array = each.reshape(len(each), -1).mean(1)
    if not np.isfinite(values).all():
        raise DataError(f"The discriminator gives NaN or infinity for {kind} images. Its training has diverged.")
    return values


def _compute_logits(context: EvalContext, side: str) -> list[Tensor]:
    """Return the discriminator's logits of "evaluated" or "real" images, batch by batch.

    A discriminator that takes more channels than images have gets the input before the image, as pix2pix's does.
    """
    discriminator: nn.Module = context.require("discriminator")
    if getattr(discriminator, "conditional", False):
        raise OptionError(
            f"discriminator of {context.name} needs the class of each real image, which is not known here. "
            "Omit discriminator."
        )
    channels = context.require("model").card.out_channels
    takes_inputs = int(discriminator.in_channels) > channels  # type: ignore[arg-type]
    inputs = context.require("inputs").batches(context.config.batch_size) if takes_inputs else repeat(None)
    logits = []
    for batch, conditioning in zip(context.batches(context.require(side)), inputs, strict=False):
        images = to_floats(with_channels(batch, channels))
        _require_size(context, discriminator, images)
        shown = images if conditioning is None else torch.cat([to_floats(conditioning), images], 1)
        with torch.inference_mode():
            logits.append(_full_scale(discriminator(shown.to(context.device))).float().cpu())
    return logits


def _require_size(context: EvalContext, discriminator: nn.Module, images: Tensor) -> None:
    """Raise OptionError for images of another size than the discriminator takes."""
    height, width = sides(discriminator)
    if height and tuple(images.shape[-2:]) != (height, width):
        raise OptionError(
            f"The discriminator of {context.name} takes images of {width}x{height} pixels, not of "
            f"{images.shape[-1]}x{images.shape[-2]}: give --size {height}."
        )


def _full_scale(logits: Tensor | list[Tensor]) -> Tensor:
    """Return the logits of the full scale if a discriminator has several."""
    return logits if isinstance(logits, Tensor) else logits[0]
