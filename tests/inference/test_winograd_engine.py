"""The engine winograd computes what the generator does, at every size, and leaves the generator as it was."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.errors import DeviceError
from ganzoo_plugins.engines import winograd_layer
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


def test_a_network_without_wide_layers_runs_as_it_is() -> None:
    narrow = ganzoo.build("generator:resnet", width=4, blocks=1)
    assert Winograd().attach(narrow) is narrow


@pytest.mark.parametrize("change", [{"stride": 2}, {"dilation": 2}, {"groups": 2}, {"padding": 2}, {"kernel_size": 1}])
def test_other_convolutions_stay(change: dict[str, int]) -> None:
    assert is_wide(nn.Conv2d(8, 8, 3), 8) and not is_wide(nn.Conv2d(8, 8, 3), 9)
    assert not is_wide(nn.Conv2d(8, 8, **{"kernel_size": 3, **change}), 8)
    assert not is_wide(nn.Conv2d(8, 8, 3, padding_mode="reflect", padding=1), 8)
    assert not is_wide(nn.Conv2d(8, 8, 3).bfloat16(), 8)


def test_what_computes_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    right = winograd_layer.filters
    monkeypatch.setattr(winograd_layer, "filters", lambda weight: 1.1 * right(weight).flip(0))
    with pytest.raises(DeviceError, match="Use the engine torch"):
        Winograd().attach(generator())
