"""What a report shows of every evaluation: sample sheets, best and worst translations, a map of the features."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from ganzoo.evaluation.metrics.paired_images import measure_pairs
from ganzoo.evaluation.metrics.psnr import psnr
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.samples.results import Example
from ganzoo.evaluation.statistics.nearest_neighbors import nearest

SHEET = 64  # images in a sample sheet
ROWS = 6  # translations among the best, and among the worst
DOTS = 1500  # of each side in the map


def add(context: EvalContext) -> None:
    """Add to the context's report samples what every evaluation has, and what the extracted features allow."""
    samples, sides = context.report_samples, context.sides
    samples.samples = sides.evaluated.some(list(range(min(SHEET, sides.evaluated.sample.count))))
    if sides.real:
        samples.real = sides.real.some(list(range(min(SHEET, len(sides.real)))))
    extractor = context.used_extractor()
    if extractor and sides.real:
        _add_map(context, extractor)
    if context.kind == "paired":
        _add_best_and_worst(context, measure_pairs(context, psnr), "PSNR to the truth", "PSNR")
    elif sides.inputs and extractor and sides.real:
        order = f"distance to the nearest real image, in features of {extractor.label}"
        _add_best_and_worst(context, -_distances_to_real(context, extractor), order, "distance")


def _add_best_and_worst(context: EvalContext, goodness: np.ndarray, ordered_by: str, unit: str) -> None:
    """Show the translations of highest and of lowest ``goodness``."""
    order = np.argsort(-goodness, kind="stable").tolist()
    count = min(ROWS, len(order) // 2)

    def examples(indices: Sequence[int]) -> list[Example]:
        return [_example(context, index, f"{unit} {abs(goodness[index]):.4g}") for index in indices]

    samples = context.report_samples
    samples.ordered_by = ordered_by
    samples.best, samples.worst = examples(order[:count]), examples(order[::-1][:count])


def _example(context: EvalContext, index: int, caption: str) -> Example:
    sides = {"input": context.sides.inputs, "output": context.sides.evaluated, "truth": context.sides.truths}
    images: dict[str, Tensor] = {name: side.some([index])[0] for name, side in sides.items() if side is not None}
    return Example(images, caption)


def _distances_to_real(context: EvalContext, extractor: FeatureExtractor) -> np.ndarray:
    distances, _ = nearest(context.features(extractor, "evaluated"), context.features(extractor, "real"))
    return distances[:, 0]


def _add_map(context: EvalContext, extractor: FeatureExtractor) -> None:
    """Project both sides onto the two directions in which the real features vary most."""
    sides = {side: _thin(context.features(extractor, side)) for side in ("real", "evaluated")}
    center = sides["real"].mean(0)
    axes = np.linalg.svd(sides["real"] - center, full_matrices=False)[2][:2]
    points = {side: ((values - center) @ axes.T).round(4) for side, values in sides.items()}
    title = f"Features of {extractor.label}, along the two directions in which the real ones vary most"
    context.report_samples.scatters[title] = {
        side: [(float(x), float(y)) for x, y in values] for side, values in points.items()
    }


def _thin(features: np.ndarray) -> np.ndarray:
    """Return at most `DOTS` of the features, evenly chosen."""
    chosen = np.unique(np.linspace(0, len(features) - 1, min(DOTS, len(features))).round().astype(int))
    return np.asarray(features[chosen], np.float64)
