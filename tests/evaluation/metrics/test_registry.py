"""The registry of metrics, and the keywords of `ganzoo.evaluate`."""

from __future__ import annotations

from dataclasses import fields

import pytest

from ganzoo.errors import OptionError, UnknownName
from ganzoo.evaluation import options
from ganzoo.evaluation.evaluate import DEFAULT_METRICS
from ganzoo.evaluation.metrics import registry
from ganzoo.evaluation.metrics.registry import MetricResult
from ganzoo.evaluation.request import EvalRequest
from ganzoo.evaluation.samples.config import EvalConfig
from ganzoo.evaluation.samples.context import EvalContext, Models, Sides
from ganzoo.evaluation.samples.reading import Reading


def test_metrics_come_in_the_order_of_their_positions() -> None:
    assert list(registry.all_metrics()) == [
        *("fid", "kid", "is", "fd", "kd", "precision", "recall", "density", "coverage"),
        *("l1", "psnr", "ssim", "lpips", "hole-psnr", "cycle-psnr", "identity", "swd-frames", "swd-motion"),
        *("discriminator", "modes", "memorized", "balance", "class-accuracy"),
    ]
    positions = [metric.position for metric in registry.all_metrics().values()]
    assert len(set(positions)) == len(positions)


def test_what_metrics_need_exists() -> None:
    known = {field.name for kind in (Sides, Models) for field in fields(kind)}
    for metric in registry.all_metrics().values():
        assert set(metric.needs) <= known, metric.name
        assert metric.measure.__doc__, metric.name
        assert metric.paper.startswith(("arXiv:", "doi:")) or not metric.paper, metric.name


def test_default_metrics_are_registered() -> None:
    for names in DEFAULT_METRICS.values():
        assert registry.check(names) == list(names)


def test_one_decorated_function_makes_a_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})

    @registry.metric("mean-color", position=95, paper="arXiv:0000.00000")
    def measure_mean_color(context: EvalContext) -> MetricResult:
        return MetricResult()

    (metric,) = registry._registered.values()
    assert (metric.name, metric.measure, metric.needs) == ("mean-color", measure_mean_color, ("real",))


def test_names_are_split_and_suggested() -> None:
    assert registry.check("fd, recall,fd") == ["fd", "recall"]
    with pytest.raises(UnknownName, match=r"No metric is called 'recal'. Did you mean 'recall'"):
        registry.check("recal")


def test_every_field_has_a_keyword_and_every_keyword_a_field() -> None:
    config = {field.name for field in fields(EvalConfig)}
    request = {field.name for kind in (EvalRequest, Reading) for field in fields(kind)}
    assert set(options.ConfigOptions.__annotations__) == config
    assert set(options.RequestOptions.__annotations__) == request - {"data", "metrics", "reading", "channels"}


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
