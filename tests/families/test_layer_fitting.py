"""A small U-Net that starts as an excerpt of its teacher: the equations, how close it comes, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from colored_discs import colored, discs
from torch import Tensor, nn

import ganzoo
from ganzoo import GanzooError


def unet(seed: int, **options: Any) -> nn.Module:
    """Return a network whose decoder is random, and which changes its input."""
    torch.manual_seed(seed)
    network = ganzoo.build("generator:efficientnet-unet", **{"width": 8, **options})
    network.begin()
    torch.nn.init.normal_(network.last.weight, std=0.1)
    return network.eval()


def crops(count: int, size: int) -> Tensor:
    return colored(discs(count, size, torch.Generator().manual_seed(3)), "a")


@torch.no_grad()
def apart(one: nn.Module, two: nn.Module, images: Tensor) -> float:
    return (one(images) - two(images)).abs().mean().item()


def test_least_squares_find_the_convolution_that_made_the_targets() -> None:
    from ganzoo_plugins.efficientnet_unet.layer_fitting import LeastSquares

    torch.manual_seed(0)
    true, found = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 3, padding=1)
    images = torch.randn(4, 3, 12, 12)
    with torch.no_grad():
        system = LeastSquares(found)
        for few in images.split(2):
            system.add(few, true(few))
        system.solve()
        assert (found(images) - true(images)).abs().max() < 0.01 * true(images).std()


def test_as_wide_as_its_teacher_it_is_its_teacher() -> None:
    teacher, student, images = unet(1, levels=4), unet(2, levels=4), crops(12, 64)
    before = apart(student, teacher, images)
    student.fit_to(teacher, images)
    assert apart(student, teacher, images) < 0.1 * before


def test_narrower_and_less_deep_it_comes_close_on_other_images() -> None:
    teacher, student = unet(1), unet(2, width=6, levels=4)
    images, others = crops(24, 64).split((16, 8))
    random = apart(student, teacher, others)
    nn.init.zeros_(student.last.weight)  # returns its input
    unchanged = apart(student, teacher, others)
    student.fit_to(teacher, images)
    assert apart(student, teacher, others) < 0.6 * unchanged < 0.6 * random
    encoders = (each.encoder.state_dict() for each in (student, teacher))
    own, known = encoders
    assert all(torch.equal(own[name], known[name]) for name in own)


@pytest.mark.parametrize(
    ("student", "teacher", "message"),
    [
        ({}, {"width": 6}, "wider than its teacher"),
        ({"levels": 5}, {"levels": 4}, "differ in levels or blocks"),
        ({}, {"blocks": 2}, "differ in levels or blocks"),
        ({}, {"norm": "batch"}, "Set generator.norm=instance"),
        ({"norm": "batch"}, {}, "Set generator.norm=instance"),
        ({"global_skip": False}, {}, "differ in in_channels, out_channels or global_skip"),
    ],
)
def test_networks_that_do_not_match_are_refused(student: dict[str, Any], teacher: dict[str, Any], message: str) -> None:
    own, known = (ganzoo.build("generator:efficientnet-unet", **{"width": 8, **each}) for each in (student, teacher))
    before = own.rises[0][0].weight.clone()
    with pytest.raises(GanzooError, match=message):
        own.fit_to(known, torch.zeros(1, 3, 32, 32))
    assert torch.equal(own.rises[0][0].weight, before)


def test_another_kind_of_network_is_no_teacher() -> None:
    student, teacher = ganzoo.build("generator:efficientnet-unet", width=4), ganzoo.build("generator:pixelwise")
    with pytest.raises(GanzooError, match="can be fitted to another one only"):
        student.fit_to(teacher, torch.zeros(1, 3, 32, 32))
