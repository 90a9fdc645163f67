"""A generator as torch's own layers."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

import ganzoo
from ganzoo.layers.replace_custom_layers import replace_custom_layers


@pytest.mark.parametrize("spec", ["generator:resnet", "generator:unet"])
def test_the_plain_copy_computes_the_same(spec):
    options = {"width": 4, "norm": "instance"} | ({"blocks": 1} if spec.endswith("resnet") else {"image_size": 32})
    generator = ganzoo.build(spec, **options).eval()
    images = torch.rand(2, 3, 64, 32) * 2 - 1
    with torch.inference_mode():
        assert torch.allclose(replace_custom_layers(generator)(images), generator(images), atol=2e-6)


def test_only_torchs_layers_remain_and_the_original_keeps_its_own():
    generator = ganzoo.build("generator:resnet", width=4, blocks=1)
    before = [type(layer) for layer in generator.modules()]
    leaves = {type(layer) for layer in replace_custom_layers(generator).modules() if not list(layer.children())}
    assert {nn.Conv2d, nn.InstanceNorm2d} <= leaves and all(leaf.__module__.startswith("torch.") for leaf in leaves)
    assert [type(layer) for layer in generator.modules()] == before


def test_a_reparametrised_layer_gets_the_weights_it_has():
    layer = nn.Sequential(spectral_norm(nn.Conv2d(3, 4, 3))).eval()
    copy = replace_custom_layers(layer)
    assert type(copy[0]) is nn.Conv2d and torch.equal(copy[0].weight, layer[0].weight)
