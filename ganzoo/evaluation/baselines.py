"""What costs nothing, next to a model's scores: the input as it is, a constant, the mean image, an interpolation.

Sets: "real images", some of the real ones against the others: what a perfect model would score. Paired images:
"constant", their mean color, and "mean image", their mean at each pixel, are the best of their kind by squared error,
since they know the truths. Translators: "input". Super-resolution: "bicubic" and "lanczos". Inpainting: "laplace", the
smoothest surface that continues what is around the hole. "bicubic" and "laplace" are measured as sets, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo.cards import metric_direction
from ganzoo.cards.protocol import Sample
from ganzoo.contracts.metric import Diagnosis
from ganzoo.data.preprocessing import to_bytes, to_floats
from ganzoo.errors import DataError
from ganzoo.evaluation import floors
from ganzoo.evaluation.metrics import registry
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.degraded_images import HOLE, DegradedImages, has_holes
from ganzoo.evaluation.samples.image_sets import ImageSet, StoredImages, with_channels
from ganzoo.evaluation.samples.results import Evaluation
from ganzoo.image_io.resizing import resize

PAIRED = ("l1", "psnr", "ssim", "hole-psnr")
OF_SETS = (
    *("fd", "kd", "fid", "kid", "fd-infinity", "fid-infinity", "cmmd", "balance", "topp", "topr"),
    *("precision", "recall", "density", "coverage"),
)

_AS_SETS = ("bicubic", "laplace")
_UNCHANGED = {"identity": 0.0}  # of an input that is left as it is, which says nothing about a model

Compute = Callable[[Tensor, Tensor], Tensor]  # inputs and truths, uint8 (N, C, H, W), to outputs


@dataclass
class BaselineImages:
    """What a baseline makes of the inputs, or of the truths where it needs no inputs."""

    sample: Sample
    inputs: ImageSet
    truths: StoredImages
    compute: Compute

    key = ""

    def batches(self, batch_size: int) -> Iterator[Tensor]:
        """Yield all images, (N, C, H, W) uint8."""
        for inputs, truths in zip(self.inputs.batches(batch_size), self.truths.batches(batch_size), strict=True):
            yield self.compute(inputs, truths)

    def some(self, indices: list[int]) -> list[Tensor]:
        """Return the chosen images, (C, H, W) uint8."""
        pairs = zip(self.inputs.some(indices), self.truths.some(indices), strict=True)
        return [self.compute(one[None], other[None])[0] for one, other in pairs]


def add(context: EvalContext, evaluation: Evaluation, metrics: Sequence[registry.KnownMetric]) -> None:
    """Measure the baselines of an evaluation, and say where a model is no better than one."""
    paired = [one for one in metrics if one.name in PAIRED]
    of_sets = [one for one in metrics if one.name in OF_SETS]
    degraded = isinstance(context.sides.inputs, DegradedImages)
    if (paired or (of_sets and degraded)) and context.sides.truths is not None:
        for name, images in _compared(context, bool(paired)).items():
            of_images = context.with_images(replace(context.sides, evaluated=images), context.known("real"))
            asked = [*paired, *(of_sets if name in _AS_SETS else ())]
            if asked:
                evaluation.baselines[name] = _measure(of_images, asked)
    if of_sets and context.models.model is not None and isinstance(context.sides.inputs, StoredImages):
        of_input = context.with_images(replace(context.sides, evaluated=context.sides.inputs), context.known("real"))
        found = {**_measure(of_input, of_sets), **_UNCHANGED}
        evaluation.baselines["input"] = {**evaluation.baselines.get("input", {}), **found}
    floor = floors.build_floor(context, of_sets) if of_sets else None
    if floor is not None:
        evaluation.baselines[floors.NAME] = _measure(floor, of_sets)
    measured = [score.metric for score in evaluation.scores]
    evaluation.baselines = {
        name: {metric: value for metric, value in values.items() if metric in measured}
        for name, values in evaluation.baselines.items()
    }
    evaluation.diagnoses += list(_diagnose(evaluation))


def expect_images(context: EvalContext, metrics: Sequence[registry.KnownMetric]) -> int:
    """Return about how many images `add` processes: three baselines of pairs, and for each extractor a set or two."""
    sides, count = context.sides, 0
    extractors = {getattr(context.extractors, one.extractor).label for one in metrics if one.name in OF_SETS}
    if sides.truths is not None:
        count += 3 * sides.truths.sample.count * sum(one.name in PAIRED for one in metrics)
        count += isinstance(sides.inputs, DegradedImages) * sides.truths.sample.count * len(extractors)
    if context.models.model is not None and isinstance(sides.inputs, StoredImages):
        count += sides.inputs.sample.count * len(extractors)
    return count


def _compared(context: EvalContext, in_pairs: bool) -> dict[str, ImageSet]:
    """Return what a model's outputs are compared with: of sets, without the mean image and its color."""
    truths: StoredImages = context.require("truths")
    inputs = context.sides.inputs
    computed: dict[str, Compute] = {}
    if in_pairs:
        total = torch.stack([batch.double().sum(0) for batch in truths.batches(context.config.batch_size)]).sum(0)
        mean = total / truths.sample.count
        color = mean.mean((1, 2), keepdim=True).expand_as(mean)
        computed["constant"] = lambda _, wanted: _repeat(color, wanted)
        computed["mean image"] = lambda _, wanted: _repeat(mean, wanted)
    if has_holes(inputs):
        computed["laplace"] = fill_smoothly
    elif isinstance(inputs, DegradedImages):
        computed |= {"bicubic": _bicubic, "lanczos": _lanczos}
    elif inputs is not None:
        computed["input"] = lambda given, wanted: with_channels(given, wanted.shape[1])
    source = truths if inputs is None else inputs
    return {
        name: BaselineImages(replace(truths.sample, source=name), source, truths, compute)
        for name, compute in computed.items()
    }


def _measure(context: EvalContext, metrics: Sequence[registry.KnownMetric]) -> dict[str, float]:
    """Return metric -> value of a context made by `EvalContext.with_images`."""
    values: dict[str, float] = {}
    for metric in metrics:
        context.metric = metric.name
        try:
            values |= {value.metric: value.value for value in metric.measure(context).values}
        except DataError:  # of another size than the truths, say: there is nothing to compare
            continue
    return values


def _diagnose(evaluation: Evaluation) -> Iterator[Diagnosis]:
    """Yield a sentence for each score that a baseline reaches too."""
    for score in evaluation.scores:
        better = metric_direction.better(score.metric)
        if not better or not math.isfinite(score.value) or score.metric in _UNCHANGED:
            continue
        sign = 1 if better == "higher" else -1
        as_good = {
            name: values[score.metric]
            for name, values in evaluation.baselines.items()
            if name != floors.NAME and score.metric in values and sign * values[score.metric] >= sign * score.value
        }
        if as_good:
            listed = ", ".join(f"{name} {value:.4g}" for name, value in as_good.items())
            yield Diagnosis(
                score.metric, f"{score.metric} {score.value:.4g} is not better than without the model: {listed}."
            )


def _repeat(image: Tensor, wanted: Tensor) -> Tensor:
    return image.round().to(torch.uint8).expand(len(wanted), *image.shape)


def _bicubic(inputs: Tensor, truths: Tensor) -> Tensor:
    return to_bytes(resize(to_floats(inputs), truths.shape[-2], truths.shape[-1], "bicubic"))


def _lanczos(inputs: Tensor, truths: Tensor) -> Tensor:
    height, width = truths.shape[-2:]
    planes = [
        np.asarray(Image.fromarray(plane.numpy()).resize((width, height), Image.Resampling.LANCZOS))
        for plane in inputs.flatten(0, 1)
    ]
    return torch.from_numpy(np.stack(planes)).view(*inputs.shape[:2], height, width)


def fill_smoothly(inputs: Tensor, truths: Tensor) -> Tensor:
    """Fill the hole of uint8 images (N, C, H, W) so that each pixel is the mean of its four neighbors.

    The discrete Laplace equation on a rectangle, solved exactly by sine transforms. Pixels around the hole are those of
    ``truths``, which the inputs share.
    """
    filled = with_channels(truths, truths.shape[1]).double()
    hole = HOLE.crop(filled)
    high, wide = hole.shape[-2:]
    top, left = filled.shape[-2] // 4, filled.shape[-1] // 4
    around = torch.zeros_like(hole)  # what the hole's edge pixels get from outside
    around[..., 0, :] += filled[..., top - 1, left : left + wide]
    around[..., -1, :] += filled[..., top + high, left : left + wide]
    around[..., :, 0] += filled[..., top : top + high, left - 1]
    around[..., :, -1] += filled[..., top : top + high, left + wide]
    (rows, row_values), (columns, column_values) = _sines(high), _sines(wide)
    hole.copy_(rows @ ((rows @ around @ columns) / (row_values[:, None] + column_values)) @ columns)
    return filled.round().clamp(0, 255).to(torch.uint8)


def _sines(count: int) -> tuple[Tensor, Tensor]:
    """Return the orthogonal sine transform (count, count), and eigenvalues of the second difference."""
    steps = torch.arange(1, count + 1, dtype=torch.float64) * math.pi / (count + 1)
    transform = torch.sin(steps[:, None] * torch.arange(1, count + 1, dtype=torch.float64))
    return transform * math.sqrt(2 / (count + 1)), 2 - 2 * torch.cos(steps)
