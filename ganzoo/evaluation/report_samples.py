"""What a report shows beside numbers: sample sheets, best and worst translations, a map of the features."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ganzoo.evaluation import neighbours, pairs
from ganzoo.evaluation.context import Case
from ganzoo.evaluation.failures import Memorised
from ganzoo.evaluation.features import Features
from ganzoo.evaluation.results import Example, Exhibits

SHEET = 64  # pictures in a sample sheet
ROWS = 6  # translations among the best, and among the worst
PAIRS = 12  # pictures that are shown with their nearest training picture
DOTS = 1500  # of each side in the map


def add(case: Case, exhibits: Exhibits) -> None:
    """Add what every case has, and what can be had of the features that were made for the measures."""
    first = list(range(min(SHEET, case.judged.sample.count)))
    exhibits.samples = case.judged.some(first)
    if case.real:
        exhibits.real = case.real.some(list(range(min(SHEET, len(case.real)))))
    made = case.made_features()
    if made and case.real:
        _map(case, made, exhibits)
    if case.kind == "paired":
        _best_and_worst(case, exhibits, *_by_error(case))
    elif case.inputs and made and case.real:
        _best_and_worst(case, exhibits, *_by_distance(case, made))


def of_memorised(case: Case, found: Memorised, exhibits: Exhibits) -> None:
    """Show the judged pictures that lie nearest to a training picture, each beside it, and how far all of them lie."""
    judged = case.judged.some(found.queries[:PAIRS].tolist())
    trained = case.require("train").some(found.indices[:PAIRS].tolist())
    exhibits.neighbours = [
        Example({"judged": one, "nearest in training": other}, f"distance {distance:.4g}")
        for one, other, distance in zip(judged, trained, found.distances, strict=False)
    ]
    exhibits.histograms["Distance to the nearest training picture"] = {
        "real": found.reference.tolist(),
        "judged": found.distances.tolist(),
    }


def _best_and_worst(case: Case, exhibits: Exhibits, goodness: np.ndarray, words: str, unit: str) -> None:
    """Show the translations of highest and of lowest ``goodness``."""
    order = np.argsort(-goodness, kind="stable").tolist()
    count = min(ROWS, len(order) // 2)
    exhibits.ordered_by = words
    exhibits.best = [_example(case, index, f"{unit} {abs(goodness[index]):.4g}") for index in order[:count]]
    exhibits.worst = [_example(case, index, f"{unit} {abs(goodness[index]):.4g}") for index in order[::-1][:count]]


def _example(case: Case, index: int, caption: str) -> Example:
    sides = {"input": case.inputs, "output": case.judged, "truth": case.truths}
    shown: dict[str, Tensor] = {name: side.some([index])[0] for name, side in sides.items() if side is not None}
    return Example(shown, caption)


def _by_error(case: Case) -> tuple[np.ndarray, str, str]:
    return case.per_pair(pairs.psnr), "PSNR to the truth", "PSNR"


def _by_distance(case: Case, features: Features) -> tuple[np.ndarray, str, str]:
    distances, _ = neighbours.nearest(case.of(features, "judged"), case.of(features, "real"))
    return -distances[:, 0], f"distance to the nearest real picture, in features of {features.label}", "distance"


def _map(case: Case, features: Features, exhibits: Exhibits) -> None:
    """Project both sides onto the two directions in which the real features vary most."""
    sides = {side: _thinned(case.of(features, side)) for side in ("real", "judged")}
    centre = sides["real"].mean(0)
    axes = np.linalg.svd(sides["real"] - centre, full_matrices=False)[2][:2]
    points = {side: ((values - centre) @ axes.T).round(4) for side, values in sides.items()}
    title = f"Features of {features.label}, along the two directions in which the real ones vary most"
    exhibits.scatters[title] = {side: [(float(x), float(y)) for x, y in values] for side, values in points.items()}


def _thinned(features: np.ndarray) -> np.ndarray:
    """Return at most `DOTS` of the features, evenly chosen."""
    chosen = np.unique(np.linspace(0, len(features) - 1, min(DOTS, len(features))).round().astype(int))
    return np.asarray(features[chosen], np.float64)
