"""CycleGAN's generator: size, shapes, initial weights."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import ganzoo
from ganzoo import testing
from ganzoo.errors import OptionError
from ganzoo.layers.narrow_output import NarrowOutputConv2d
from ganzoo.layers.winograd import Winograd, WinogradConv2d


@pytest.mark.parametrize(
    ("blocks", "norm", "expected"),
    [
        (9, "instance", 11_378_179),
        # Three blocks fewer: each has two 3x3 convolutions of 256 to 256 channels with bias.
        (6, "instance", 11_378_179 - 3 * 2 * (9 * 256 * 256 + 256)),
        # Where a norm follows, a bias goes, and a scale and a shift come.
        (9, "batch", 11_378_179 + 64 + 128 + 256 + 18 * 256 + 128 + 64),
    ],
)
def test_parameters_are_as_many_as_in_the_reference(blocks: int, norm: str, expected: int) -> None:
    with torch.device("meta"):
        network = ganzoo.build("generator:resnet", blocks=blocks, norm=norm)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


def test_the_mobile_generator_is_as_small_as_the_one_that_gan_compression_found() -> None:
    with torch.device("meta"):
        network = ganzoo.build("generator:mobile-resnet", inner="64,64,64,128,128,128,128,128,128")
    assert round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 3) == 0.357


@pytest.mark.parametrize(("height", "width"), [(8, 8), (12, 32), (36, 20), (64, 44)])
def test_every_size_in_multiples_of_the_stride_comes_out_as_it_went_in(height: int, width: int) -> None:
    network = ganzoo.build("generator:resnet", width=2, blocks=1, in_channels=1, out_channels=3)
    assert network.stride == 4
    assert network(torch.randn(2, 1, height, width)).shape == (2, 3, height, width)


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_weights_are_drawn_from_a_normal_distribution_of_0_02(norm: str) -> None:
    torch.manual_seed(0)
    network = ganzoo.build("generator:resnet", width=16, blocks=4, norm=norm)
    convolutions = [module for module in network.modules() if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d))]
    weights = torch.cat([module.weight.detach().flatten() for module in convolutions])
    assert abs(weights.mean().item()) < 2e-4
    assert weights.std().item() == pytest.approx(0.02, rel=0.01)
    assert (weights.abs() < 0.02).float().mean().item() == pytest.approx(0.6827, abs=0.005)
    assert all(not module.bias.any() for module in convolutions if module.bias is not None)
    scales = [module.weight.detach() for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    if norm == "batch":
        assert torch.cat(scales).mean().item() == pytest.approx(1, abs=0.005)
        assert torch.cat(scales).std().item() == pytest.approx(0.02, rel=0.15)


def test_dropout_acts_in_training_only() -> None:
    network = ganzoo.build("generator:resnet", width=4, blocks=2, dropout=True)
    picture = torch.randn(1, 3, 16, 16)
    assert not torch.equal(network(picture), network(picture))
    network.eval()
    assert torch.equal(network(picture), network(picture))


def test_a_global_skip_starts_as_the_identity_and_learns_like_any_other() -> None:
    torch.manual_seed(0)
    network = ganzoo.build("generator:resnet", width=4, blocks=1, global_skip=True)
    picture = torch.rand(2, 3, 16, 16) * 2 - 1
    picture[0, 0, 0, :2] = torch.tensor([-1.0, 1.0])
    assert torch.allclose(network(picture), 0.98 * picture, atol=1e-5), "white and black lose two hundredths"
    with torch.no_grad():
        network.layers[-1].weight.normal_(0, 0.02)
    network(picture).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    with pytest.raises(OptionError, match="in_channels=3 and out_channels=1 should be equal"):
        ganzoo.build("generator:resnet", global_skip=True, out_channels=1)


def test_a_recipe_trains_every_layer_behind_a_global_skip() -> None:
    testing.check_entry(
        "recipe:cyclegan",
        {"image_size": 32},
        part_options={"generator": {"width": 4, "blocks": 1, "global_skip": True}, "discriminator": {"width": 4}},
    )


def gradients(out: Tensor, incoming: Tensor, *inputs: Tensor) -> list[Tensor]:
    return [out.detach(), *torch.autograd.grad(out, inputs, incoming.to(out))]


def apart(found: Tensor, wanted: Tensor) -> float:
    return ((found.double() - wanted.double()).norm() / wanted.double().norm()).item()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("count", "height", "width"), [(1, 6, 6), (2, 10, 14)])
def test_winograd_is_the_convolution_in_float64(
    count: int, height: int, width: int, layout: torch.memory_format
) -> None:
    torch.manual_seed(0)
    features = torch.randn(count, 3, height, width, dtype=torch.float64).contiguous(memory_format=layout)
    weight = torch.randn(5, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    features.requires_grad_()
    wanted = F.conv2d(features, weight)
    incoming = torch.randn_like(wanted)
    found = gradients(Winograd.apply(features, weight), incoming, features, weight)
    for mine, right in zip(found, gradients(wanted, incoming, features, weight), strict=True):
        assert mine.shape == right.shape and torch.allclose(mine, right, rtol=0, atol=1e-11)


def test_winograd_has_second_derivatives_and_skips_slopes_that_nobody_asks_for() -> None:
    torch.manual_seed(0)
    features = torch.randn(1, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(2, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Winograd.apply, (features, weight))
    assert torch.autograd.gradgradcheck(Winograd.apply, (features, weight))
    assert torch.autograd.gradcheck(Winograd.apply, (features.detach(), weight))
    assert torch.autograd.gradcheck(Winograd.apply, (features, weight.detach()))


def calls_of_winograd(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    calls: list[object] = []
    apply = Winograd.apply
    monkeypatch.setattr(Winograd, "apply", lambda *inputs: calls.append(inputs) or apply(*inputs))
    return calls


@pytest.mark.parametrize("bias", [True, False])
def test_a_residual_convolution_takes_winograd_for_training_in_float32_only(
    bias: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    calls = calls_of_winograd(monkeypatch)
    monkeypatch.setattr(WinogradConv2d, "least_channels", 64)
    layer = WinogradConv2d(64, 64, 3, bias=bias)
    features = torch.randn(2, 64, 34, 18)  # 2 * 8 * 4 tiles
    exact = copy.deepcopy(layer).double()(features.double())
    assert not calls, "float64 is somebody's reference"
    assert apart(layer(features), exact) < 1e-5 and len(calls) == 1
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(features).dtype == torch.bfloat16
    with torch.no_grad():
        assert torch.equal(layer(features), F.conv2d(features, layer.weight, layer.bias))
    assert layer(torch.randn(1, 64, 65, 66)).shape == (1, 64, 63, 64), "no whole number of tiles"
    layer(features[:1])
    layer.eval()
    assert torch.equal(layer(features), F.conv2d(features, layer.weight, layer.bias))
    WinogradConv2d(16, 64, 3)(features[:, :16])
    assert len(calls) == 1


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_to_few_channels_is_the_convolution_in_float64(bias: bool, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    layer = NarrowOutputConv2d(4, 3, (5, 7), bias=bias).double()
    features = torch.randn(2, 4, 11, 13, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    wanted = F.conv2d(features, layer.weight, layer.bias)
    incoming = torch.randn_like(wanted)
    inputs = [features, *layer.parameters()]
    right = gradients(wanted, incoming, *inputs)
    for mine, wanted in zip(gradients(layer(features), incoming, *inputs), right, strict=True):
        assert mine.shape == wanted.shape and torch.allclose(mine, wanted, rtol=0, atol=1e-11)
    half = layer.bfloat16()(features.bfloat16())
    assert half.dtype == torch.bfloat16 and apart(half, right[0]) < 0.01


def test_a_generator_trains_by_winograd_with_the_gradients_of_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    calls = calls_of_winograd(monkeypatch)
    monkeypatch.setattr(WinogradConv2d, "least_channels", 64)
    monkeypatch.setattr(WinogradConv2d, "least_tiles", 4)
    network = ganzoo.build("generator:resnet", width=16, blocks=2)
    exact = copy.deepcopy(network).double()
    picture, slope = torch.rand(1, 3, 32, 32) * 2 - 1, torch.randn(1, 3, 32, 32)
    (network(picture) * slope).sum().backward()
    assert len(calls) == 4
    (exact(picture.double()) * slope).sum().backward()
    for mine, right in zip(network.parameters(), exact.parameters(), strict=True):
        if right.dim() > 1:  # a bias before a norm has no slope but rounding's
            assert apart(mine.grad, right.grad) < 1e-4
