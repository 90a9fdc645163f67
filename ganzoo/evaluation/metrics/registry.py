"""The registry of metrics, and what a metric returns.

To add a metric, add one file to this folder with one registered function:

    @metric("mean-color", position=95, needs=("real",))
    def measure_mean_color(context: EvalContext) -> MetricResult:
        ...
        return MetricResult([Value("mean-color", distance)])
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

from ganzoo.errors import MissingPackage, UnknownName, suggest
from ganzoo.evaluation import metrics
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.extractors import INCEPTION
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.samples.results import Diagnosis
from ganzoo.evaluation.statistics import bootstrap
from ganzoo.evaluation.statistics.moments import Array
from ganzoo.version import __version__

# Part of protocols on cards: do not reword.
MEAN_INTERVAL = "95 %, percentiles of 1,000 bootstraps of the pictures"
INCEPTION_NAMES = {"fd": "fid", "kd": "kid"}


@dataclass(frozen=True)
class Value:
    """One measured number, and what its protocol records of the metric.

    Attributes:
        metric: The full name, as "fd-efficientnet-lite0".
        value: The number.
        low, high: Bounds of the interval, if there is one.
        interval: What kind of interval it is, in words.
        extractor: The extractor of the features it is computed from, or None.
        compared_with: The side it is measured against: "real", "truths", "inputs", "train", or "".
        library: What did the arithmetic, with versions.
        settings: The metric's own numbers.
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    interval: str = ""
    extractor: FeatureExtractor | None = None
    compared_with: str = "real"
    library: str = f"ganzoo {__version__}"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class MetricResult:
    """What one metric returns: values, and diagnoses in words."""

    values: list[Value] = field(default_factory=list)
    diagnoses: list[Diagnosis] = field(default_factory=list)


Measure: TypeAlias = Callable[[EvalContext], MetricResult]


@dataclass(frozen=True)
class Metric:
    """A registered metric.

    Attributes:
        name: What ``--metrics`` takes.
        measure: The function that measures it.
        needs: Names of `Sides` and `Models` that must be there, checked in this order.
        paper: Where it is defined, as "arXiv:1706.08500"; "" if it has no paper.
        position: Its place in the list of metrics.
    """

    name: str
    measure: Measure
    needs: tuple[str, ...]
    paper: str
    position: int


_registered: dict[str, Metric] = {}


def metric(
    name: str, *, position: int, paper: str = "", needs: tuple[str, ...] = ("real",)
) -> Callable[[Measure], Measure]:
    """Register a function as the metric ``name``; see `Metric`."""

    def register(measure: Measure) -> Measure:
        _registered[name] = Metric(name, measure, needs, paper, position)
        return measure

    return register


@cache
def all_metrics() -> Mapping[str, Metric]:
    """Import every file of this folder and return the metrics by name, ordered by position."""
    for module in pkgutil.iter_modules(metrics.__path__):
        importlib.import_module(f"{metrics.__name__}.{module.name}")
    return {one.name: one for one in sorted(_registered.values(), key=lambda one: one.position)}


def find(name: str) -> Metric:
    """Return the metric of that name, which `check` has accepted."""
    return all_metrics()[name]


def check(names: Sequence[str] | str) -> list[str]:
    """Return the names of metrics, each once; a string is split at commas. Raises UnknownName with a suggestion."""
    listed = names.split(",") if isinstance(names, str) else names
    chosen = [name.strip() for name in listed if name.strip()]
    known = all_metrics()
    for name in chosen:
        if name not in known:
            raise UnknownName(f"No metric is called '{name}'.{_hint(name)} Metrics: {', '.join(known)}.")
    return list(dict.fromkeys(chosen))


def _hint(name: str) -> str:
    """Return a suggestion; for a full name, as "fd-fashion-mnist", how to select its extractor."""
    base = next((known for known in all_metrics() if name.startswith(f"{known}-")), "")
    if not base:
        return suggest(name, all_metrics())
    extractor = name.removeprefix(f"{base}-")
    return f" Give '{base}' with the extractor '{extractor}': scores are named after it."


# ---- for metrics -----------------------------------------------------------------------------------------------------


def full_name(metric_name: str, extractor: FeatureExtractor) -> str:
    """Return a metric's name on an extractor: "fid" and "kid" on Inception, "fd-<label>" on others."""
    if extractor.label == INCEPTION:
        return INCEPTION_NAMES.get(metric_name, metric_name)
    return f"{metric_name}-{extractor.label}"


def library_versions(package: str) -> str:
    """Return the versions of ganzoo and of a package. Raises MissingPackage if it is not installed."""
    try:
        return f"ganzoo {__version__}; {package} {version(package)}"
    except PackageNotFoundError as error:
        raise MissingPackage.of("This metric", package, "eval") from error


def mean_value(
    context: EvalContext, name: str, per_image: Array, compared_with: str, extractor: FeatureExtractor | None = None
) -> Value:
    """Return the mean of one value for each image, (N,), with a bootstrap interval."""
    low, high = bootstrap.mean_interval(per_image, seed=context.config.seed)
    return Value(name, float(per_image.mean()), low, high, MEAN_INTERVAL, extractor, compared_with)
