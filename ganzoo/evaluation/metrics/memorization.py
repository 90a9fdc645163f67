"""memorized: the share of generated images that copy training images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.contracts.metric import Diagnosis, MetricResult, MetricValue, metric
from ganzoo.errors import TooFewImages
from ganzoo.evaluation.metrics.registry import full_name
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.results import Example
from ganzoo.evaluation.statistics.moments import Array, check
from ganzoo.evaluation.statistics.nearest_neighbors import nearest

NEAR = 0.01  # share of the real reference that is called near
COPIED = 5.0  # times as many near images as there should be; more is memorization
MIN_REFERENCES = 100  # real images at least, so that a hundredth of them is one
SHOWN = 12  # images that a report shows with their nearest training image


@metric(needs=("train",), extractor="chosen")
def measure_memorized(context: EvalContext) -> MetricResult:
    """Measure the share of images that are near a training image, compared with held-out real ones."""
    extractor = context.extractors.chosen
    held_out = context.features(extractor, "real") if context.sides.real else None
    fake, train = context.features(extractor, "evaluated"), context.features(extractor, "train")
    found = find_memorized(fake, train, held_out)
    _show(context, found)
    value = MetricValue(full_name("memorized", extractor), found.share, extractor=extractor, compared_with="train")
    return MetricResult([value], found.diagnoses)


@dataclass(frozen=True, eq=False)
class Memorized:
    """How near generated images are to their nearest training images.

    Attributes:
        share: Of the N that are nearer than 99 of 100 real images: 0.01 is healthy, 1 is copying.
        threshold: That distance; real images that are in the training set themselves do not count for it.
        queries: (N,) rows of the generated images, the nearest to a training image first.
        indices: (N,) the row of that training image.
        distances: (N,) the distance to it, ascending.
        reference: (M,) distances of real images to their nearest training images, ascending.
        diagnoses: One in words.
    """

    share: float
    threshold: float
    queries: Array
    indices: Array
    distances: Array
    reference: Array
    diagnoses: list[Diagnosis]


def find_memorized(fake: Array, train: Array, held_out: Array | None = None, seed: int = 0) -> Memorized:
    """Compare how near generated images and other real ones are to training images.

    Sources: arXiv:2004.05675 (why held-out images define what is near), arXiv:2002.09797.

    Args:
        fake: (N, D) generated features.
        train: (M, D) features of the training images.
        held_out: Features of other real images. None: up to 10,000 training images, each against all others.
        seed: Draws those training images.

    Raises:
        DataError: there are fewer than 100 other real images.
    """
    check(fake, train)
    reference = _measure_reference(train, held_out, seed)
    distances, indices = (found[:, 0] for found in nearest(fake, train))
    unequal = reference[reference > 0]  # a real image that is there twice does not excuse a copy
    threshold = float(np.quantile(unequal, NEAR)) if len(unequal) else 0.0
    share = float((distances <= threshold).mean())
    order = np.argsort(distances, kind="stable")
    diagnosis = _diagnose(share, len(fake), len(reference))
    return Memorized(share, threshold, order, indices[order], distances[order], reference, [diagnosis])


def _measure_reference(train: Array, held_out: Array | None, seed: int) -> Array:
    """Return the distances of real images to their nearest training image other than themselves, ascending."""
    real = train if held_out is None else held_out
    check(train, real)
    if len(real) < MIN_REFERENCES:
        kind, remedy = ("training", "Give more") if held_out is None else ("held-out", "Give more, or none at all")
        raise TooFewImages(
            f"{len(real)} {kind} images are too few to say how near is near; {MIN_REFERENCES} are needed. {remedy}."
        )
    if held_out is not None:
        return np.sort(nearest(held_out, train)[0][:, 0])
    own = np.sort(np.random.default_rng(seed).permutation(len(train))[:10_000])
    return np.sort(nearest(train[own], train, own=own)[0][:, 0])


def _diagnose(share: float, count: int, references: int) -> Diagnosis:
    text = f"{share:.1%} of the generated images are nearer to a training image than 99 % of real images are"
    # Chance must not be a reason: both the images and the percentile are drawn.
    chance = 4 * np.sqrt(NEAR * (1 - NEAR) * (1 / count + 1 / references))
    if share <= max(COPIED * NEAR, NEAR + chance):
        return Diagnosis("memorized", f"{text}; about {NEAR:.0%} is to be expected.")
    return Diagnosis("memorized", f"{text}, {share / NEAR:.0f} times as many as expected: it copies.", alarm=True)


def _show(context: EvalContext, found: Memorized) -> None:
    """Show the nearest images next to their training images in the report, and the distances of all."""
    evaluated = context.sides.evaluated.some(found.queries[:SHOWN].tolist())
    trained = context.require("train").some(found.indices[:SHOWN].tolist())
    context.report_samples.neighbors = [
        Example({"evaluated": one, "nearest in training": other}, f"distance {distance:.4g}")
        for one, other, distance in zip(evaluated, trained, found.distances, strict=False)
    ]
    context.report_samples.histograms["Distance to the nearest training image"] = {
        "real": found.reference.tolist(),
        "evaluated": found.distances.tolist(),
    }
