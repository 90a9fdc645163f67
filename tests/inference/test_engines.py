"""Which engine runs a model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny_models import maker, translator

import ganzoo
from ganzoo.catalog import discovery
from ganzoo.catalog.tasks import find
from ganzoo.contracts.engine import Engine, Signature
from ganzoo.errors import DeviceError
from ganzoo.inference import engine_selection


class Distant(Engine):
    """The fastest, whose package nobody has."""

    rank = 9.0
    packages = ("no_such_package",)
    torch_free = True


@pytest.fixture
def auto(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let "auto" mean what it means to users; the other tests run torch."""
    monkeypatch.delenv(engine_selection.VARIABLE)


@pytest.fixture
def distant(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin with an engine that cannot be used."""

    class Plugin:
        @staticmethod
        @ganzoo.hookimpl
        def ganzoo_entries() -> list[ganzoo.Entry]:
            return [ganzoo.Entry("engine", "distant", ganzoo.Config, lambda config: Distant(), "Far away")]

    discovery.registered().register(Plugin(), name="distant")


def test_auto_takes_the_fastest_that_is_installed_and_torch_after_it(auto: None) -> None:
    choices = engine_selection.choose("auto", "cpu")
    assert [choice.name for choice in choices] == ["openvino", "onnxruntime", "compile", "torch", "winograd"]
    assert {choice.dtype for choice in choices} == {"float32"}
    assert [choice.name for choice in engine_selection.choose("auto", "cpu", "int8")] == ["openvino"]
    assert [choice.name for choice in engine_selection.choose("auto", "cpu", "float16")] == ["compile", "torch"]


def test_latents_are_torchs(auto: None) -> None:
    choices = engine_selection.choose("auto", "cpu")
    fitting = engine_selection.fitting(choices, find("unconditional-image-generation"))
    assert [choice.name for choice in fitting] == ["torch"]
    assert engine_selection.fitting(choices, find("image-to-image")) == choices
    with pytest.raises(DeviceError, match="'winograd' runs generators that take an image"):
        engine_selection.fitting(engine_selection.choose("winograd"), find("unconditional-image-generation"))


def test_an_engine_that_is_not_installed_is_passed_over_and_refused_by_name(auto: None, distant: None) -> None:
    assert engine_selection.choose("auto", "cpu")[0].name == "openvino"
    with pytest.raises(DeviceError, match=r"'distant' cannot be used: no_such_package not installed \(pip install"):
        engine_selection.choose("distant", "cpu")


def test_what_an_engine_does_not_do_is_refused(auto: None) -> None:
    with pytest.raises(DeviceError, match="'onnxruntime' cannot be used: it computes in float32, not in bfloat16"):
        engine_selection.choose("onnxruntime", "cpu", "bfloat16")
    with pytest.raises(
        DeviceError, match=r"No engine that is installed computes in 'half' on cpu. .*openvino: float32"
    ):
        engine_selection.choose("auto", "cpu", "half")


def test_the_environment_says_what_auto_means(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engine_selection.VARIABLE, "onnxruntime")
    assert [choice.name for choice in engine_selection.choose()] == ["onnxruntime"]
    monkeypatch.setenv(engine_selection.VARIABLE, "nonsense")
    with pytest.raises(DeviceError, match="No engine is called 'nonsense'"):
        engine_selection.choose()


def test_every_engine_is_evaluated_with_a_reason(auto: None, distant: None) -> None:
    verdicts = {verdict.name: verdict for verdict in engine_selection.assess("cpu", None)}
    assert list(verdicts)[:2] == ["distant", "openvino"] and verdicts["compile"].why == "for long videos"
    assert isinstance(verdicts["openvino"], engine_selection.Choice) and "not installed" in verdicts["distant"].why
    on_gpu = engine_selection.assess("cuda:1", None)
    assert [verdict.name for verdict in on_gpu if isinstance(verdict, engine_selection.Choice)] == ["torch"]


def test_a_signature_has_sides_that_converters_leave_open() -> None:
    assert Signature(channels=3).example_shape() == (2, 3, 65, 67)
    assert Signature(channels=3, stride=4).example_shape() == (2, 3, 68, 76)
    assert Signature(channels=1, stride=256).example_shape() == (2, 1, 768, 512)
    assert Signature(channels=3, stride=8, least=100).example_shape() == (2, 3, 104, 120)
    assert Signature(latent_dim=7).example_shape() == (2, 7)
    assert (Signature(3, 4).smallest, Signature(3, 3).smallest, Signature(3, 256).smallest) == (16, 18, 256)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_light_engine_generates_what_torch_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    maker().save(tmp_path / "m")
    latents = torch.randn(3, 8)
    expected = ganzoo.load(f"dir:{tmp_path / 'm'}", "cpu", engine="torch")(latents)
    assert torch.allclose(ganzoo.load(f"dir:{tmp_path / 'm'}", "cpu", engine=engine)(latents), expected, atol=1e-4)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "torch"])
@pytest.mark.slow
def test_every_engine_takes_batches_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    model = translator()
    model.save(tmp_path / "t")
    other = ganzoo.load(f"dir:{tmp_path / 't'}", "cpu", engine=engine)
    for shape in ((2, 3, 33, 50), (1, 3, 70, 17), (3, 3, 20, 64)):
        images = torch.rand(shape) * 2 - 1
        assert torch.allclose(other(images), model(images), atol=1e-4), shape
    assert other.engine == engine
