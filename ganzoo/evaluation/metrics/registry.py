"""The metrics of the catalog, and what those of ganzoo share.

A metric is an entry of the kind "metric", from any plugin; see `ganzoo.contracts.metric`. Those of ganzoo are the files
of this folder, and `ganzoo_plugins.metrics` declares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from ganzoo import catalog
from ganzoo.catalog import discovery
from ganzoo.contracts.metric import Metric, MetricValue
from ganzoo.errors import MissingPackage, UnknownName, suggest
from ganzoo.evaluation.samples.context import EvalContext
from ganzoo.evaluation.samples.extractors import INCEPTION
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.statistics import bootstrap
from ganzoo.evaluation.statistics.moments import Array
from ganzoo.version import __version__

# Part of protocols on cards: do not reword.
MEAN_INTERVAL = "95 %, percentiles of 1,000 bootstraps of the pictures"
INCEPTION_NAMES = {"fd": "fid", "kd": "kid", "fd-infinity": "fid-infinity"}


@dataclass(frozen=True)
class KnownMetric:
    """A metric of the catalog.

    Attributes:
        name: What ``--metrics`` takes.
        measure: The function that measures it, a `ganzoo.Metric`.
        needs: Names of `Sides` and `Models` that must be there, checked in this order.
        extractor: The extractor that it uses: "chosen", "inception" or "".
        least: Images that each side must have.
        library: What its numbers are computed with, unless a value says something else.
    """

    name: str
    measure: Metric
    needs: tuple[str, ...]
    extractor: str
    least: int
    library: str


def all_metrics() -> list[str]:
    """Return the names of all metrics."""
    return [entry.name for entry in catalog.entries("metric")]


def find(name: str) -> KnownMetric:
    """Return the metric of that name, which `check` has accepted."""
    entry = catalog.find(f"metric:{name}")
    measure: Metric = entry.build(entry.config())
    return KnownMetric(
        name,
        measure,
        tuple(getattr(measure, "needs", ("real",))),
        getattr(measure, "extractor", ""),
        getattr(measure, "least", 1),
        _library(entry.spec),
    )


def _library(spec: str) -> str:
    """Return the package that measures it, with its version; next to ganzoo if that is a plugin."""
    own, plugin = f"ganzoo {__version__}", discovery.plugin(catalog.origin(spec))
    if plugin.distribution == "ganzoo-core":
        return own
    return f"{own}; {plugin.distribution} {plugin.version}".strip()


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
    names = sorted(all_metrics(), key=len, reverse=True)  # "fd-infinity" before "fd"
    base = next((known for known in names if name.startswith(f"{known}-")), "")
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
) -> MetricValue:
    """Return the mean of one value for each image, (N,), with a bootstrap interval."""
    low, high = bootstrap.mean_interval(per_image, seed=context.config.seed)
    return MetricValue(name, float(per_image.mean()), low, high, MEAN_INTERVAL, extractor, compared_with)
