"""pix2pix's U-Net: size, shapes, shortcuts, dropout."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import ganzoo


def test_parameters_are_as_many_as_in_the_reference() -> None:
    with torch.device("meta"):
        counts = {
            size: sum(parameter.numel() for parameter in ganzoo.build("generator:unet", image_size=size).parameters())
            for size in (128, 256)
        }
    # One level fewer: a 4x4 convolution of 512 to 512, one of 1024 to 512 back, and a norm of 512 after each.
    assert counts == {256: 54_413_955, 128: 54_413_955 - 16 * 512 * 512 - 16 * 1024 * 512 - 2 * 2 * 512}


@pytest.mark.parametrize("size", [32, 64, 128, 256])
def test_the_innermost_level_is_one_pixel(size: int) -> None:
    network = ganzoo.build("generator:unet", width=2, image_size=size, in_channels=1).eval()
    seen: list[torch.Size] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
    assert network(torch.randn(1, 1, size, size)).shape == (1, 3, size, size)
    assert [shape[-1] for shape in seen] == [size >> level for level in range(1, size.bit_length())]
    assert network.stride == size


def test_multiples_of_the_stride_come_out_as_they_went_in() -> None:
    network = ganzoo.build("generator:unet", width=2, image_size=32).eval()
    assert network(torch.randn(2, 3, 64, 96)).shape == (2, 3, 64, 96)


@pytest.mark.parametrize(("size", "layers"), [(32, 0), (64, 1), (128, 2), (256, 3)])
def test_dropout_of_one_half_follows_inner_levels_and_acts_in_training_only(size: int, layers: int) -> None:
    network = ganzoo.build("generator:unet", width=2, image_size=size, norm="none")
    drops = [module.p for module in network.modules() if isinstance(module, nn.Dropout)]
    assert drops == [0.5] * layers
    picture = torch.randn(1, 3, size, size)
    assert torch.equal(network(picture), network(picture)) == (layers == 0)
    network.eval()
    assert torch.equal(network(picture), network(picture))
    without = ganzoo.build("generator:unet", width=2, image_size=size, norm="none", dropout=False)
    without.load_state_dict(network.state_dict())
    assert torch.equal(without(picture), network(picture))


def test_every_level_but_the_outermost_passes_its_input_by() -> None:
    """With all inner convolutions at zero, what is left is the shortcut of the first convolution's output."""
    torch.manual_seed(0)
    network = ganzoo.build("generator:unet", width=2, image_size=32, norm="none").eval()
    first, level, _, last = network.layers
    with torch.no_grad():
        for parameter in level.parameters():
            parameter.zero_()
        picture = torch.randn(1, 3, 32, 32)
        features = first(picture)
        expected = torch.tanh(last(torch.cat([features, torch.zeros_like(features)], 1).relu()))
        assert torch.allclose(network(picture), expected)
        assert expected.std() > 0
