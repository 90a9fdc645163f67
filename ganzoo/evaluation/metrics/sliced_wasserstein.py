"""swd-frames, swd-motion: sliced Wasserstein distance of clips' frames and of their changes (arXiv:1710.10196)."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ganzoo.contracts.metric import MetricResult, MetricValue, metric
from ganzoo.errors import OptionError
from ganzoo.evaluation.samples.clips import StoredClips
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.image_sets import GeneratedImages
from ganzoo.recipes.sliced_wasserstein import sliced_wasserstein

MAX_CLIPS = 1024  # of each side


@metric()
def measure_swd_frames(context: EvalContext) -> MetricResult:
    """Measure the distance between generated and real frames."""
    return _measure(context, "swd-frames", to_frames)


@metric()
def measure_swd_motion(context: EvalContext) -> MetricResult:
    """Measure the distance between the changes from frame to frame."""
    return _measure(context, "swd-motion", to_changes)


def _measure(context: EvalContext, name: str, to_images: Callable[[Tensor], Tensor]) -> MetricResult:
    real, evaluated = context.sides.real, context.sides.evaluated
    if not isinstance(real, StoredClips) or not isinstance(evaluated, GeneratedImages):
        raise OptionError(f"{name} is for models that generate clips, and {context.name} gives images. Use fd instead.")
    count = min(MAX_CLIPS, len(real), evaluated.sample.count)
    fake_clips = context.once("clips of evaluated", lambda: evaluated.clips(count, context.config.batch_size))
    real_clips = context.once("clips of real", lambda: real.first(count))
    distance = sliced_wasserstein(to_images(fake_clips), to_images(real_clips), context.config.seed)
    return MetricResult([MetricValue(name, distance, settings={"clips": count, "times": 1000})])


def to_frames(clips: Tensor) -> Tensor:
    """Return the frames (N * T, C, H, W) of clips (N, C, T, H, W), one clip after the other."""
    return clips.transpose(1, 2).flatten(0, 1)


def to_changes(clips: Tensor) -> Tensor:
    """Return the difference of each frame to the frame before, (N * (T - 1), C, H, W)."""
    return to_frames(clips.diff(dim=2))
