"""What a report shows beside numbers: sample sheets, best and worst translations, a map of the features."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ganzoo.evaluation import neighbors, pairs
from ganzoo.evaluation.context import EvalContext
from ganzoo.evaluation.failures import Memorized
from ganzoo.evaluation.features import Features
from ganzoo.evaluation.results import Example, ReportSamples

SHEET = 64  # pictures in a sample sheet
ROWS = 6  # translations among the best, and among the worst
PAIRS = 12  # pictures that are shown with their nearest training picture
DOTS = 1500  # of each side in the map


def add(context: EvalContext, report_samples: ReportSamples) -> None:
    """Add what every case has, and what can be had of the features that were made for the measures."""
    first = list(range(min(SHEET, context.evaluated.sample.count)))
    report_samples.samples = context.evaluated.some(first)
    if context.real:
        report_samples.real = context.real.some(list(range(min(SHEET, len(context.real)))))
    made = context.computed_features()
    if made and context.real:
        _map(context, made, report_samples)
    if context.kind == "paired":
        _best_and_worst(context, report_samples, *_by_error(context))
    elif context.inputs and made and context.real:
        _best_and_worst(context, report_samples, *_by_distance(context, made))


def of_memorized(context: EvalContext, found: Memorized, report_samples: ReportSamples) -> None:
    """Show the judged pictures that lie nearest to a training picture, each beside it, and how far all of them lie."""
    evaluated = context.evaluated.some(found.queries[:PAIRS].tolist())
    trained = context.require("train").some(found.indices[:PAIRS].tolist())
    report_samples.neighbors = [
        Example({"evaluated": one, "nearest in training": other}, f"distance {distance:.4g}")
        for one, other, distance in zip(evaluated, trained, found.distances, strict=False)
    ]
    report_samples.histograms["Distance to the nearest training picture"] = {
        "real": found.reference.tolist(),
        "evaluated": found.distances.tolist(),
    }


def _best_and_worst(
    context: EvalContext, report_samples: ReportSamples, goodness: np.ndarray, words: str, unit: str
) -> None:
    """Show the translations of highest and of lowest ``goodness``."""
    order = np.argsort(-goodness, kind="stable").tolist()
    count = min(ROWS, len(order) // 2)
    report_samples.ordered_by = words
    report_samples.best = [_example(context, index, f"{unit} {abs(goodness[index]):.4g}") for index in order[:count]]
    report_samples.worst = [
        _example(context, index, f"{unit} {abs(goodness[index]):.4g}") for index in order[::-1][:count]
    ]


def _example(context: EvalContext, index: int, caption: str) -> Example:
    sides = {"input": context.inputs, "output": context.evaluated, "truth": context.truths}
    shown: dict[str, Tensor] = {name: side.some([index])[0] for name, side in sides.items() if side is not None}
    return Example(shown, caption)


def _by_error(context: EvalContext) -> tuple[np.ndarray, str, str]:
    return context.per_pair(pairs.psnr), "PSNR to the truth", "PSNR"


def _by_distance(context: EvalContext, features: Features) -> tuple[np.ndarray, str, str]:
    distances, _ = neighbors.nearest(context.of(features, "evaluated"), context.of(features, "real"))
    return -distances[:, 0], f"distance to the nearest real picture, in features of {features.label}", "distance"


def _map(context: EvalContext, features: Features, report_samples: ReportSamples) -> None:
    """Project both sides onto the two directions in which the real features vary most."""
    sides = {side: _thinned(context.of(features, side)) for side in ("real", "evaluated")}
    center = sides["real"].mean(0)
    axes = np.linalg.svd(sides["real"] - center, full_matrices=False)[2][:2]
    points = {side: ((values - center) @ axes.T).round(4) for side, values in sides.items()}
    title = f"Features of {features.label}, along the two directions in which the real ones vary most"
    report_samples.scatters[title] = {
        side: [(float(x), float(y)) for x, y in values] for side, values in points.items()
    }


def _thinned(features: np.ndarray) -> np.ndarray:
    """Return at most `DOTS` of the features, evenly chosen."""
    chosen = np.unique(np.linspace(0, len(features) - 1, min(DOTS, len(features))).round().astype(int))
    return np.asarray(features[chosen], np.float64)
