"""The registry of metrics, and the keywords of `ganzoo.evaluate`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from evaluation_cases import arrays, lay

import ganzoo
from ganzoo import Config, Entry, MetricContext, MetricResult, MetricValue, catalog, metric, testing
from ganzoo.catalog import discovery
from ganzoo.contracts.metric import NEEDS
from ganzoo.errors import OptionError, UnknownName
from ganzoo.evaluation import options
from ganzoo.evaluation.evaluate import DEFAULT_METRICS
from ganzoo.evaluation.metrics import registry
from ganzoo.evaluation.request import EvalRequest
from ganzoo.evaluation.samples.config import EvalConfig
from ganzoo.evaluation.samples.context import Models, Sides
from ganzoo.evaluation.samples.reading import Reading


def test_what_metrics_need_exists() -> None:
    known = {field.name for kind in (Sides, Models) for field in fields(kind)}
    assert set(NEEDS) <= known
    for name in registry.all_metrics():
        metric = registry.find(name)
        assert set(metric.needs) <= set(NEEDS), name
        assert metric.measure.__doc__, name
        paper = catalog.find(f"metric:{name}").paper
        assert paper.startswith(("arXiv:", "doi:")) or not paper, name


def test_default_metrics_are_registered() -> None:
    for names in DEFAULT_METRICS.values():
        assert registry.check(names) == list(names)


def test_a_plugins_metric_is_measured_and_names_its_package(fresh: None, tmp_path: Path) -> None:
    catalog.refresh()

    @metric(needs=("truths",))
    def brightness(context: MetricContext) -> MetricResult:
        """Measure the mean brightness."""
        images = torch.cat(list(context.batches(context.sides.evaluated)))
        return MetricResult([MetricValue("brightness", float(images.float().mean()), compared_with="truths")])

    entry = Entry("metric", "brightness", Config, lambda config: brightness, "Mean brightness")
    discovery.manager().register(SimpleNamespace(ganzoo_entries=ganzoo.hookimpl(lambda: [entry])), "a-test-s-metric")
    testing.check_entry(entry)
    outputs, truths = lay(tmp_path / "outputs", 3), lay(tmp_path / "truths", 3)
    result = ganzoo.evaluate(f"images:{outputs}", truths, metrics="brightness")
    assert result["brightness"] == pytest.approx(arrays(outputs).mean(), abs=1e-4)
    assert result.scores[0].protocol.library.startswith("ganzoo ")


def test_names_are_split_and_suggested() -> None:
    assert registry.check("fd, recall,fd") == ["fd", "recall"]
    with pytest.raises(UnknownName, match=r"No metric is called 'recal'. Did you mean 'recall'"):
        registry.check("recal")


def test_every_field_has_a_keyword_and_every_keyword_a_field() -> None:
    config = {field.name for field in fields(EvalConfig)}
    request = {field.name for kind in (EvalRequest, Reading) for field in fields(kind)}
    assert set(options.ConfigOptions.__annotations__) == config
    assert set(options.RequestOptions.__annotations__) == request - {"data", "metrics", "reading", "channels", "width"}


def test_keywords_become_a_request_and_a_config() -> None:
    given: options.EvalOptions = {"size": 64, "resize": "nearest", "train": "here/train", "seed": 3, "neighbors": 4}
    assert options.build_config(given) == EvalConfig(seed=3, neighbors=4)
    request = options.build_request(["a", "b"], ["fd"], given)
    assert request == EvalRequest(("a", "b"), Reading(64, "nearest"), ("fd",), train=("here/train",))
    with pytest.raises(OptionError, match="Evaluation has no option 'channels'"):
        options.check({"channels": 3})  # type: ignore[typeddict-unknown-key]


def test_a_call_lists_what_differs_from_the_defaults() -> None:
    given: options.EvalOptions = {"size": 64, "resize": "bicubic", "train": ["deep/train"], "seed": 0, "subsets": 7}
    assert options.describe_call("deep/real", given) == {
        "data": ["real"], "size": 64, "train": ["train"], "subsets": 7
    }  # fmt: skip
