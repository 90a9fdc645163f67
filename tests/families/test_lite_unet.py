"""The U-Net on EfficientNet-Lite0: its encoder is that network, what it starts as, what it learns."""

from __future__ import annotations

import pytest
import torch
from colored_discs import colored, discs
from learning import Measures

import ganzoo


def begun(**options: object) -> torch.nn.Module:
    torch.manual_seed(0)
    network = ganzoo.build("generator:efficientnet-unet", width=4, **options)
    network.begin()
    return network


@pytest.mark.parametrize("size", [(64, 96), (32, 32), (224, 160)])
def test_the_encoder_begins_as_efficientnet_lite0_in_float64(size: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 2 - 1
    found = begun().double().encoder(images)
    stages = ganzoo.build("features:efficientnet-lite0").double()(images)[1:]
    assert [tuple(each.shape[2:]) for each in found] == [tuple(side // 2**n for side in size) for n in range(1, 6)]
    for ours, theirs in zip(found, (stages[place] for place in (0, 1, 2, 4, 6)), strict=True):
        assert theirs.std() > 0.1
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


def test_four_levels_are_the_first_four_of_the_same_encoder() -> None:
    images = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(1)) * 2 - 1
    short, whole = begun(levels=4), begun()
    assert short.stride == 16 and short(images).shape == images.shape
    for ours, theirs in zip(short.encoder(images), whole.encoder(images)[:4], strict=True):
        assert torch.equal(ours, theirs)
    sizes = [sum(each.numel() for each in network.parameters()) for network in (short, whole)]
    assert sizes[0] < sizes[1] / 3


def test_it_starts_by_changing_nothing() -> None:
    images = torch.rand(1, 3, 64, 64) * 2 - 1
    torch.testing.assert_close(begun()(images), 0.98 * images, rtol=0, atol=1e-5)
    assert begun(global_skip=False)(images).std() > 0.05


def test_without_the_beginning_its_weights_are_random() -> None:
    network, other = begun(), ganzoo.build("generator:efficientnet-unet", width=4)
    assert not torch.equal(network.encoder.stem[0][1].weight, other.encoder.stem[0][1].weight)


@pytest.mark.parametrize("trained", [False, True])
def test_the_encoder_learns_only_where_that_is_asked_for(trained: bool) -> None:
    network = begun(trained=trained)
    torch.nn.init.normal_(network.last.weight)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    network(torch.rand(1, 3, 64, 64)).square().mean().backward()
    optimizer.step()
    moved = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name.partition(".")[0] for name in moved} == {"rises", "last", *(["encoder"] if trained else [])}


def test_one_picture_does_not_depend_on_the_others_while_it_learns() -> None:
    network = begun().train()
    torch.nn.init.normal_(network.last.weight, std=0.1)
    images = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(2)) * 2 - 1
    torch.testing.assert_close(network(images)[:1], network(images[:1]), rtol=0, atol=1e-4)


@pytest.mark.learning
@pytest.mark.parametrize("global_skip", [True, False])
def test_it_learns_to_translate(global_skip: bool, double: None, seed: int, measured: Measures) -> None:
    """Discs on paper into other colors, shown in pairs."""
    torch.manual_seed(seed)
    network = ganzoo.build("generator:efficientnet-unet", width=8, global_skip=global_skip)
    network.begin()
    steps, optimizer = 150, torch.optim.Adam(network.parameters(), 0.01)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    random, errors = torch.Generator().manual_seed(1 + 1000 * seed), []
    for _ in range(steps):
        shapes = discs(4, 64, random)
        error = (network(colored(shapes, "a")) - colored(shapes, "b")).abs().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        falling.step()
        errors.append(error.item())
    measured("error", sum(errors[-5:]) / 5, limit=errors[0] / 3, untrained=errors[0])
