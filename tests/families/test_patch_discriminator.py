"""PatchGAN discriminators: receptive field, size, shapes, spectral norm, scales."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import ganzoo

FIELDS = [(1, 1), (16, 2), (34, 4), (70, 8), (142, 16), (286, 32)]  # receptive field and total stride, in pixels


@pytest.mark.parametrize(("field", "stride"), FIELDS)
def test_one_score_sees_exactly_its_receptive_field(field: int, stride: int) -> None:
    torch.manual_seed(0)
    network = ganzoo.build("discriminator:patchgan", width=2, receptive_field=field, norm="none").double()
    pixels = 32 * (2 * field // 32 + 2)  # room around the patch, so that padding cuts nothing off
    images = torch.randn(1, 3, pixels, pixels, dtype=torch.float64, requires_grad=True)
    logits = network(images)
    middle = logits.shape[-1] // 2
    (gradient,) = torch.autograd.grad(logits[0, 0, middle, middle], images)
    seen = gradient.abs().sum((0, 1)) > 0
    rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
    assert (len(rows), len(columns)) == (field, field)
    assert rows[-1] - rows[0] + 1 == columns[-1] - columns[0] + 1 == field
    (beside,) = torch.autograd.grad(network(images)[0, 0, middle, middle + 1], images)
    shift = (beside.abs().sum((0, 1)) > 0).any(0).nonzero()[0] - columns[0]
    assert shift.item() == stride


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, 2_764_737),
        ({"in_channels": 6}, 2_764_737 + 3 * 16 * 64),
        ({"norm": "batch"}, 2_764_737 + 128 + 256 + 512),  # three biases go, three scales and shifts come
        ({"receptive_field": 1}, (3 + 1) * 64 + (64 + 1) * 128 + (128 + 1)),
        ({"receptive_field": 16}, (16 * 3 + 1) * 64 + (16 * 64 + 1) * 128 + (16 * 128 + 1)),
        ({"receptive_field": 286}, 2_764_737 + 2 * (16 * 512 + 1) * 512),
    ],
)
def test_parameters_are_as_many_as_in_the_reference(options: dict[str, object], expected: int) -> None:
    with torch.device("meta"):
        network = ganzoo.build("discriminator:patchgan", **options)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected


@pytest.mark.parametrize(("field", "stride"), FIELDS)
def test_logits_have_the_shape_that_forward_states(field: int, stride: int) -> None:
    network = ganzoo.build("discriminator:patchgan", width=2, receptive_field=field)
    height, width = network(torch.randn(2, 3, 128, 192)).shape[2:]
    expected = (128, 192) if field == 1 else (128 // stride - 2, 192 // stride - 2)
    assert (height, width) == expected


def test_every_scale_judges_a_picture_half_as_large_as_the_one_before() -> None:
    network = ganzoo.build("discriminator:patchgan-multiscale", width=2, scales=3)
    images = torch.randn(2, 3, 128, 160)
    logits = network(images)
    assert [tuple(each.shape) for each in logits] == [(2, 1, 14, 18), (2, 1, 6, 8), (2, 1, 2, 3)]
    smaller = F.avg_pool2d(images, 3, 2, 1, count_include_pad=False)
    assert smaller.shape[-2:] == (64, 80)
    assert torch.equal(logits[1], network.discriminators[1](smaller))
    assert not torch.equal(logits[1], network.discriminators[0](smaller)), "scales share no weights"


@pytest.mark.parametrize("field", [1, 16, 70, 286])
def test_spectral_norm_brings_the_largest_singular_value_of_every_layer_to_one(field: int) -> None:
    torch.manual_seed(0)
    network = ganzoo.build("discriminator:patchgan", width=4, receptive_field=field, spectral=True, norm="none")
    with torch.no_grad():
        for _ in range(60):  # each forward pass in training is one power iteration
            network(torch.zeros(1, 3, 128, 128))
    network.eval()
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert len(layers) == {1: 3, 16: 3, 70: 5, 286: 7}[field]
    for layer in layers:
        weight, raw = layer.weight.double(), layer.parametrizations.weight.original.double()
        assert torch.linalg.svdvals(weight.flatten(1))[0].item() == pytest.approx(1, abs=0.02)
        assert torch.linalg.svdvals(raw.flatten(1))[0].item() < 0.9


def test_weights_are_drawn_from_a_normal_distribution_of_0_02() -> None:
    torch.manual_seed(0)
    for options in ({}, {"spectral": True}, {"antialias": True}):
        network = ganzoo.build("discriminator:patchgan", width=16, **options)
        drawn = [parameter.detach() for parameter in network.parameters() if parameter.dim() == 4]
        weights = torch.cat([each.flatten() for each in drawn])
        assert len(drawn) == 5
        assert weights.std().item() == pytest.approx(0.02, rel=0.01)
        assert abs(weights.mean().item()) < 3e-4
        assert all(not parameter.any() for parameter in network.parameters() if parameter.dim() == 1)
