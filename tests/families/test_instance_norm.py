"""Instance norm by way of group norm and batch norm: equal, and right where F.instance_norm is wrong on CPUs."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import ganzoo
from ganzoo_plugins.cyclegan.networks import instance_norm
from ganzoo_plugins.efficientnet_unet.networks import InstanceNorm as LiteInstanceNorm
from ganzoo_plugins.pix2pix.networks import make_norm

CHANNELS = 5
NORMS = {
    "cyclegan": instance_norm(CHANNELS),
    "patchgan": make_norm("instance", CHANNELS),
    "liteunet": LiteInstanceNorm(CHANNELS),
}


@pytest.fixture(params=sorted(NORMS))
def norm(request: pytest.FixtureRequest) -> nn.Module:
    return NORMS[request.param]


def formula(features: torch.Tensor) -> torch.Tensor:
    mean = features.mean((2, 3), keepdim=True)
    variance = ((features - mean) ** 2).mean((2, 3), keepdim=True)
    return (features - mean) / torch.sqrt(variance + 1e-5)


@pytest.mark.parametrize("batch", [1, 2])
def test_it_equals_instance_norm_in_float64(norm: nn.Module, batch: int) -> None:
    torch.manual_seed(0)
    features = torch.randn(batch, CHANNELS, 6, 7, dtype=torch.float64) * 3 + 1
    assert torch.allclose(norm(features), F.instance_norm(features), rtol=0, atol=1e-12)
    assert torch.allclose(norm(features), formula(features), rtol=0, atol=1e-12)


@pytest.mark.parametrize("batch", [1, 2])
def test_its_gradient_equals_the_numerical_one(norm: nn.Module, batch: int) -> None:
    torch.manual_seed(0)
    features = torch.randn(batch, CHANNELS, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(norm, (features,))


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("inputs_last", [False, True])
@pytest.mark.parametrize("gradient_last", [False, True])
def test_its_gradient_is_right_in_channels_last(
    norm: nn.Module, batch: int, inputs_last: bool, gradient_last: bool
) -> None:
    torch.manual_seed(0)
    layouts = {False: torch.contiguous_format, True: torch.channels_last}
    exact = torch.randn(batch, CHANNELS, 6, 7, dtype=torch.float64, requires_grad=True)
    incoming = torch.randn(batch, CHANNELS, 6, 7, dtype=torch.float64)
    (expected,) = torch.autograd.grad(formula(exact), exact, incoming)

    features = exact.detach().float().contiguous(memory_format=layouts[inputs_last]).requires_grad_()
    given = incoming.float().contiguous(memory_format=layouts[gradient_last])
    (gradient,) = torch.autograd.grad(norm(features), features, given)
    assert torch.allclose(gradient.double(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_half_precision_comes_out_as_it_went_in(norm: nn.Module, batch: int, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    features = torch.randn(batch, CHANNELS, 6, 7).bfloat16().contiguous(memory_format=layout)
    normed = norm(features)
    assert normed.dtype == torch.bfloat16 and normed.is_contiguous(memory_format=layout)
    assert torch.allclose(normed.double(), formula(features.double()), rtol=0.01, atol=0.01)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize(
    ("entry", "options"),
    [
        ("generator:resnet", {"blocks": 1}),
        ("generator:unet", {"image_size": 32, "norm": "instance", "dropout": False}),
        ("generator:efficientnet-unet", {"blocks": 0, "global_skip": False}),
        ("discriminator:patchgan", {}),
    ],
)
def test_a_whole_network_in_channels_last_has_the_gradients_of_float64(
    entry: str, options: dict[str, object], batch: int
) -> None:
    torch.manual_seed(0)
    network = ganzoo.build(entry, width=4, **options)
    images = torch.randn(batch, 3, 32, 32)
    exact = ganzoo.build(entry, width=4, **options).double()
    exact.load_state_dict({name: value.double() for name, value in network.state_dict().items()})
    network.to(memory_format=torch.channels_last)

    def gradients(module: nn.Module, inputs: torch.Tensor) -> list[torch.Tensor]:
        outputs = module(inputs)
        slope = torch.linspace(-1, 1, outputs.numel(), dtype=torch.float64).view_as(outputs).to(outputs)
        weights = [each for each in module.parameters() if each.dim() > 1 and each.requires_grad]
        return list(torch.autograd.grad((outputs * slope).sum(), weights))

    found = gradients(network, images.contiguous(memory_format=torch.channels_last))
    for gradient, expected in zip(found, gradients(exact, images.double()), strict=True):
        assert (gradient.double() - expected).norm() / expected.norm() < 1e-3
