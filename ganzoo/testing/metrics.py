"""The contract of metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253

from ganzoo.cards.protocol import Sample
from ganzoo.catalog import options
from ganzoo.contracts.entry import Entry
from ganzoo.contracts.metric import NEEDS, Metric, MetricResult, MetricValue
from ganzoo.errors import OptionError
from ganzoo.evaluation.samples.config import EvalConfig
from ganzoo.evaluation.samples.context import EvalContext, Sides
from ganzoo.evaluation.samples.extractors import Extractors
from ganzoo.evaluation.samples.features import FeatureExtractor
from ganzoo.evaluation.samples.image_sets import StoredImages
from ganzoo.testing.expectations import SEED, require

IMAGES, SIDE = 120, 32
NETWORKS = ("model", "discriminator", "back")  # a metric that needs one is measured where there is one


def check_metric(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check a metric on a few small images, with a small network as every extractor.

    It returns finite values, named after it, within their intervals, and the same ones when it is measured again. Of a
    metric that needs a network, or refuses images of files by an OptionError, only what it declares is checked.

    Args:
        entry: The metric's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    metric = entry.build(options.parse(entry, values or {}))
    require(isinstance(metric, Metric), entry, f"builds {type(metric).__name__}, which cannot be called")
    needs = getattr(metric, "needs", ("real",))
    known = isinstance(needs, tuple) and set(needs) <= set(NEEDS)
    require(known, entry, f"has needs {needs!r}, not a tuple of {', '.join(NEEDS)}")
    if set(needs) & set(NETWORKS):
        return
    try:
        with torch.random.fork_rng(devices=[]):
            first, second = (_measured(entry, metric) for _ in range(2))
    except OptionError:  # it is for clips, or for another task
        return
    for value in first.values:
        _check_value(entry, value)
    require(bool(first.values or first.diagnoses), entry, "returns neither values nor diagnoses")
    same = [value.value for value in first.values] == [value.value for value in second.values]
    require(same, entry, "returns other values when it is measured again: draw from context.config.seed")


def _measured(entry: Entry, metric: Any) -> MetricResult:
    context = _context(entry.name)
    result = metric(context)
    require(isinstance(result, MetricResult), entry, f"returns {type(result).__name__}, not a ganzoo.MetricResult")
    require(
        all(isinstance(value, MetricValue) for value in result.values),
        entry,
        "returns values that are not a ganzoo.MetricValue each",
    )
    measured: MetricResult = result
    return measured


def _check_value(entry: Entry, value: MetricValue) -> None:
    named = value.metric == entry.name or value.metric.startswith(f"{entry.name}-")
    require(named, entry, f"returns a value called '{value.metric}', not '{entry.name}' or '{entry.name}-EXTRACTOR'")
    finite = isinstance(value.value, (int, float)) and math.isfinite(value.value)
    require(finite, entry, f"returns {value.metric}={value.value!r}, not a finite number")
    low = value.value if value.low is None else value.low
    high = value.value if value.high is None else value.high
    require(low <= high, entry, f"returns an interval from {value.low} to {value.high}")
    sides = ("", "real", "truths", "inputs", "train")
    require(value.compared_with in sides, entry, f"is compared with '{value.compared_with}', not one of {sides}")


def _context(metric: str) -> EvalContext:
    names = ("evaluated", "real", "truths", "inputs", "train")
    sides = Sides(*(_images(name, seed) for seed, name in enumerate(names)))
    config, device = EvalConfig(extractor="tiny", subsets=2, subset_size=8, resamples=2, cache=False), "cpu"
    context = EvalContext("tested/model", "paired", sides, config, torch.device(device), metric=metric)
    context.extractors = _TinyExtractors(config, context.device, context.on_progress)
    return context


def _images(name: str, seed: int) -> StoredImages:
    random = torch.Generator().manual_seed(SEED + seed)
    smooth = F.interpolate(torch.rand(IMAGES, 3, 4, 4, generator=random), (SIDE, SIDE), mode="bilinear")
    sample = Sample(source=f"random images, {name}", count=IMAGES, sha256="0" * 64)
    return StoredImages(sample, (smooth * 255).to(torch.uint8), "", "none")


class _TinyNetwork(nn.Module):
    """Means of 3x3 cells, and two classes."""

    weights_sha256, resizing, feature_dim, classes = "0" * 64, "area to 3x3", 27, ("bright", "dark")

    def __init__(self, label: str) -> None:
        super().__init__()
        self.label, self.scale = label, nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(self, images: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(images.to(self.scale.dtype) / 255 * self.scale, 3).flatten(1).float()

    def logits(self, features: Tensor) -> Tensor:
        bright = features.mean(1) - 0.5
        return torch.stack([bright, -bright], 1)


class _TinyExtractors(Extractors):
    def _build(self, name: str, options: Mapping[str, Any]) -> FeatureExtractor:
        network: Any = _TinyNetwork(name)
        return FeatureExtractor(network, self._device, "float32", False, IMAGES, self._on_progress)
