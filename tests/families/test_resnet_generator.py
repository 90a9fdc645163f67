"""CycleGAN's generator: size, shapes, initial weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo import testing
from ganzoo.errors import OptionError


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
