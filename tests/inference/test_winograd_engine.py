"""The engine winograd computes what the generator does, at every size, and leaves the generator as it was."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from tiny_models import translator
from torch import nn

import ganzoo
from ganzoo.cards.card import Card
from ganzoo.errors import MeasuredDifference, UnsuitedNetwork
from ganzoo.inference import conversions
from ganzoo.inference.engine_selection import Choice
from ganzoo.loading.model import Model
from ganzoo_plugins.engines import winograd_layer
from ganzoo_plugins.engines.pytorch import Eager
from ganzoo_plugins.engines.winograd import Winograd
from ganzoo_plugins.engines.winograd_layer import WinogradInference, is_wide


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("size", [(6, 6), (7, 12), (9, 18), (3, 5)])
def test_the_layer_is_the_convolution(size: tuple[int, int], padding: int) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(12, 10, 3, padding=padding, bias=padding == 1).requires_grad_(False)
    features = torch.randn(2, 12, *size)
    expected = copy.deepcopy(layer).double()(features.double())
    found = WinogradInference(layer)(features)
    assert found.shape == expected.shape and found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5)


def test_rounding_errors_are_small() -> None:
    """They were 1.8e-6 of the standard deviation with other points of interpolation."""
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 64, 3, bias=False).requires_grad_(False)
    features = torch.randn(1, 64, 42, 42)
    expected = copy.deepcopy(layer).double()(features.double())
    error = (WinogradInference(layer)(features) - expected).square().mean().sqrt() / expected.std()
    assert error < 1.3e-6


def generator() -> nn.Module:
    torch.manual_seed(0)
    return ganzoo.build("generator:resnet", width=32, blocks=2).eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(64, 64), (40, 72)])
def test_a_network_of_residual_blocks_keeps_its_output(size: tuple[int, int]) -> None:
    network = generator()
    before = copy.deepcopy(network.state_dict())
    run = Winograd().attach(network)
    images = torch.rand(2, 3, *size) * 2 - 1
    with torch.inference_mode():
        exact = copy.deepcopy(network).double()(images.double())
        found = run(images)
    assert not torch.equal(found, network(images))  # other arithmetic
    torch.testing.assert_close(found.double(), exact, rtol=0, atol=1e-4)
    assert found.is_contiguous() and all(torch.equal(network.state_dict()[name], each) for name, each in before.items())


def test_a_network_without_wide_layers_is_refused() -> None:
    with pytest.raises(UnsuitedNetwork, match="at least 128 channels"):
        Winograd().attach(ganzoo.build("generator:resnet", width=4, blocks=1))


@pytest.mark.parametrize("change", [{"stride": 2}, {"dilation": 2}, {"groups": 2}, {"padding": 2}, {"kernel_size": 1}])
def test_other_convolutions_stay(change: dict[str, int]) -> None:
    assert is_wide(nn.Conv2d(8, 8, 3), 8) and not is_wide(nn.Conv2d(8, 8, 3), 9)
    assert not is_wide(nn.Conv2d(8, 8, **{"kernel_size": 3, **change}), 8)
    assert not is_wide(nn.Conv2d(8, 8, 3, padding_mode="reflect", padding=1), 8)
    assert not is_wide(nn.Conv2d(8, 8, 3).bfloat16(), 8)


def test_what_computes_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = winograd_layer.filters
    monkeypatch.setattr(winograd_layer, "filters", lambda weight: 1.1 * right(weight).flip(0))
    with pytest.raises(MeasuredDifference, match="Use the engine torch"):
        Winograd().attach(generator())


CHOICES = [Choice(name, each, "float32", "cpu", "") for name, each in (("torch", Eager()), ("winograd", Winograd()))]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[nn.Module]:
    """The networks that the engine is asked for, with an empty cache."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    networks: list[nn.Module] = []
    attach = Winograd.attach

    def noted(engine: Winograd, generator: nn.Module) -> object:
        networks.append(generator)
        return attach(engine, generator)

    monkeypatch.setattr(Winograd, "attach", noted)
    return networks


def saved(folder: Path, width: int) -> Card:
    torch.manual_seed(0)
    options = {"width": width, "blocks": 1}
    Model(ganzoo.build("generator:resnet", **options), translator(options=options).card).save(folder)
    return ganzoo.info(f"dir:{folder}")


def test_auto_asks_once_for_a_narrow_network_and_says_nothing(tmp_path: Path, asked: list[nn.Module]) -> None:
    card, said = saved(tmp_path / "narrow", 4), []
    for _ in range(2):
        model = Model(ganzoo.build("generator:resnet", width=4, blocks=1), card, choices=CHOICES, log=said.append)
        assert model.engine == "torch"
    assert len(asked) == 1 and said == []


def test_auto_weighs_it_for_a_wide_network(
    tmp_path: Path, asked: list[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = saved(tmp_path / "wide", 32)
    monkeypatch.setattr("ganzoo.inference.engine_timing.time_runner", lambda *_, **__: (0.0, 0.1 if asked else 9.0))
    model = Model(ganzoo.load(f"dir:{tmp_path / 'wide'}", engine="torch").generator, card, choices=CHOICES)
    assert model.engine == "winograd" and len(asked) == 2


def test_auto_says_and_remembers_that_it_computes_something_else(
    tmp_path: Path, asked: list[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    card, said = saved(tmp_path / "wide", 32), []
    right = winograd_layer.filters
    monkeypatch.setattr(winograd_layer, "filters", lambda weight: 1.1 * right(weight).flip(0))
    for _ in range(2):
        model = Model(ganzoo.build("generator:resnet", width=32, blocks=1), card, choices=CHOICES, log=said.append)
        assert model.engine == "torch"
    assert len(asked) == 1 and ["change this network's output" in line for line in said] == [True]
    found = conversions.find(card, "winograd", CHOICES[1].engine, "float32")
    assert found is not None and found.facts.refused == said[0]
