"""Dense blocks whose concatenated features are transformed once compute what they did."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo.errors import UnsuitedNetwork
from ganzoo_plugins.engines import dense_winograd
from ganzoo_plugins.engines.dense_winograd import TiledConvolution, Tiles, share_transforms
from ganzoo_plugins.engines.winograd import Winograd
from ganzoo_plugins.restore.networks import Enlarger

WIDTH, GROWTH = 24, 16


@pytest.fixture(autouse=True)
def _small_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(dense_winograd, "TILES", 10)  # several bands, the last one smaller


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("size", [(1, 24, 16), (2, 13, 22), (1, 3, 45), (1, 1, 1)])
def test_parts_are_convolved_as_their_concatenation(size: tuple[int, int, int], bias: bool) -> None:
    count, *sides = size
    parts = [torch.randn(count, channels, *sides) for channels in (20, 16, 7)]
    tiles = Tiles(parts[0], 43)
    for index, part in enumerate(parts, 1):
        tiles.append(part)
        together = torch.cat(parts[:index], 1)
        layer = nn.Conv2d(together.shape[1], 9, 3, padding=1, bias=bias).requires_grad_(False)
        found = TiledConvolution(layer)(tiles)
        assert found.dtype == torch.float32
        assert torch.equal(found, TiledConvolution(layer)(Tiles(together, together.shape[1]).append(together)))
        expected = copy.deepcopy(layer).double()(together.double())
        torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5)


class Block(nn.Module):
    """Five convolutions that read more and more; ``join`` says how their features are concatenated."""

    def __init__(self, join: Callable[[list[Tensor]], Tensor], **options: Any) -> None:
        super().__init__()
        settings = {"kernel_size": 3, "padding": 1, **options}
        self.layers = nn.ModuleList(nn.Conv2d(WIDTH + k * GROWTH, GROWTH, **settings) for k in range(5))
        self.activation, self.join = nn.LeakyReLU(0.2, inplace=True), join

    def forward(self, features: Tensor) -> Tensor:
        parts = [features]
        for layer in self.layers[:-1]:
            parts.append(self.activation(layer(self.join(parts))))
        return self.layers[-1](self.join(parts)) * 0.2 + features[:, :GROWTH]


def at_once(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts, 1)


def one_by_one(parts: list[Tensor]) -> Tensor:
    joined = parts[0]
    for part in parts[1:]:
        joined = torch.cat((joined, part), dim=1)
    return joined


def newest_first(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts[::-1], 1)


def by_size(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts, 1) if parts[0].sum() < 1e9 else parts[0]


class Network(nn.Module):
    """Two dense blocks, with a convolution before and after."""

    in_channels = 3

    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__()
        widen = nn.Conv2d(GROWTH, WIDTH, 1)
        self.layers = nn.Sequential(nn.Conv2d(3, WIDTH, 3, padding=1), blocks[0], widen, *blocks[1:])

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


def count(network: nn.Module) -> int:
    return sum(isinstance(layer, TiledConvolution) for layer in network.modules())


@pytest.mark.parametrize("join", [at_once, one_by_one])
def test_each_part_of_a_dense_block_is_transformed_once(
    join: Callable[[list[Tensor]], Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(Block(join), Block(join)).eval().requires_grad_(False)
    changed = share_transforms(copy.deepcopy(network))
    assert count(changed) == 10
    transformed: list[int] = []
    append = Tiles.append
    monkeypatch.setattr(Tiles, "append", lambda tiles, part: transformed.append(part.shape[1]) or append(tiles, part))
    images = torch.randn(2, 3, 21, 18)
    found = changed(images)
    assert transformed == [WIDTH, *[GROWTH] * 4] * 2
    torch.testing.assert_close(found.double(), network.double()(images.double()), rtol=0, atol=1e-5)


def test_features_without_activations_between_are_followed() -> None:
    block = Block(at_once).eval().requires_grad_(False)
    block.activation = nn.Identity()
    changed = share_transforms(copy.deepcopy(block))  # the network itself is the block
    features = torch.randn(1, WIDTH, 12, 12)
    assert count(changed) == 5
    torch.testing.assert_close(changed(features), block(features), rtol=0, atol=1e-5)


def test_a_block_that_cannot_be_traced_stays_and_others_do_not() -> None:
    network = Network(Block(by_size), Block(at_once)).eval().requires_grad_(False)
    changed = share_transforms(copy.deepcopy(network))
    assert count(changed) == 5 and isinstance(changed.layers[1], Block)
    images = torch.randn(1, 3, 16, 16)
    torch.testing.assert_close(changed(images), network(images), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "network",
    [
        Network(Block(newest_first)),
        Network(Block(at_once, padding_mode="reflect")),
        Network(Block(at_once, kernel_size=1, padding=0)),
        Network(Block(at_once)).bfloat16(),
        Network(Block(by_size)),
    ],
)
def test_other_networks_are_refused(network: Network) -> None:
    assert count(share_transforms(copy.deepcopy(network))) == 0
    with pytest.raises(UnsuitedNetwork, match="dense blocks"):
        Winograd().attach(network)


def test_esrgan_keeps_its_output() -> None:
    network = Enlarger("ESRGAN", "RRDBNet", {"num_blocks": 1, "scale": 2}).eval().requires_grad_(False)
    before = copy.deepcopy(network.state_dict())
    run = Winograd().attach(network)
    images = torch.rand(2, 3, 19, 26) * 2 - 1
    with torch.inference_mode():
        found = run(images)
        plain = network(images)
    assert not torch.equal(found, plain)  # other arithmetic
    torch.testing.assert_close(found, plain, rtol=0, atol=1e-5)
    assert all(torch.equal(network.state_dict()[name], each) for name, each in before.items())


def test_a_network_that_does_not_run_is_refused() -> None:
    class Picky(Network):
        def forward(self, images: Tensor) -> Tensor:
            if images.shape[-1] != 512:
                raise ValueError("512 pixels, please")
            return super().forward(images)

    with pytest.raises(UnsuitedNetwork, match="512 pixels, please"):
        Winograd().attach(Picky(Block(at_once)))
