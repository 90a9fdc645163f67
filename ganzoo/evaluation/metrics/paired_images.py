"""Evaluated images and their truths as pairs, measured one value an image.

Both sides are uint8 (N, C, H, W), C = 1 or 3, of one shape; values are float64 (N,).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts.metric import MetricValue
from ganzoo.errors import DataError
from ganzoo.evaluation.metrics.registry import mean_value
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.image_sets import StoredImages, with_channels
from ganzoo.evaluation.statistics.moments import Array

ImagePairs: TypeAlias = Iterator[tuple[Tensor, Tensor]]
PairMeasure: TypeAlias = Callable[[Tensor, Tensor], Array]


def pairs(context: EvalContext) -> ImagePairs:
    """Yield evaluated images and their truths, (N, C, H, W) uint8 each. Raises OptionError without truths."""
    truths: StoredImages = context.require("truths")
    evaluated = context.batches(context.sides.evaluated)
    for outputs, targets in zip(evaluated, truths.batches(context.config.batch_size), strict=True):
        yield outputs, with_channels(targets, outputs.shape[1])


def measure_pairs(context: EvalContext, measure: PairMeasure) -> Array:
    """Return a measure of each evaluated image and its truth, (N,), computed once."""
    values: Array = context.once(f"pairs {measure}", lambda: measure_each(measure, pairs(context)))
    return values


def measure_truths(context: EvalContext, name: str, measure: PairMeasure) -> MetricValue:
    """Return the mean of a measure over all pairs, and show its distribution in the report."""
    per_image = measure_pairs(context, measure)
    context.report_samples.histograms[f"{name} of each image"] = {"evaluated": per_image.tolist()}
    return mean_value(context, name, per_image, "truths")


def measure_each(measure: PairMeasure, image_pairs: ImagePairs) -> Array:
    """Return a measure of each pair of images, (N,)."""
    return np.concatenate([np.asarray(measure(one, other)) for one, other in image_pairs])


def check(outputs: Tensor, targets: Tensor, smallest: int = 1) -> None:
    """Raise DataError unless both are uint8 (N, C, H, W) of one shape, C 1 or 3, N and sides large enough."""
    for side in (outputs, targets):
        if side.dtype != torch.uint8 or side.ndim != 4 or side.shape[1] not in (1, 3):
            raise DataError(
                f"Images of shape {tuple(side.shape)}, {side.dtype}, cannot be compared as pairs. "
                "Give uint8 (N, C, H, W) with 1 or 3 channels."
            )
    if outputs.shape != targets.shape or not len(outputs):
        raise DataError(
            f"Images of shapes {tuple(outputs.shape)} and {tuple(targets.shape)} are not pairs. "
            "Give as many of one side as of the other, at least one, all of one size."
        )
    if min(outputs.shape[2:]) < smallest:
        raise DataError(
            f"Images of {outputs.shape[3]}x{outputs.shape[2]} pixels are too small for this metric. "
            f"Give images of at least {smallest}x{smallest}, or omit the metric."
        )


def to_array(values: Tensor) -> Array:
    """Return a tensor as a numpy array, from whatever device."""
    array: Array = values.cpu().numpy()
    return array
