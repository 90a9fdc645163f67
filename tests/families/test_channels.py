"""Recipes on images of any channels, with inputs and outputs of unlike channels."""

from __future__ import annotations

import pytest
import torch
from exact import make

import ganzoo
from ganzoo import catalog
from ganzoo.testing.recipes import check_recipe

SMALL = {
    "pix2pix": {"generator": {"width": 4}, "discriminator": {"width": 4}},
    "cyclegan": {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4}},
    "fastcut": {"generator": {"width": 4, "blocks": 5}, "discriminator": {"width": 4}},
    "dualgan": {"generator": {"width": 4}, "discriminator": {"width": 4}},
    "unit": {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4, "layers": 2}},
}
SIZE = {"pix2pix": 32, "cyclegan": 32, "fastcut": 32, "dualgan": 32, "unit": 32}


@pytest.mark.parametrize(("inner", "outer"), [(5, 2), (1, 4)])
@pytest.mark.parametrize("name", SMALL)
def test_a_translation_recipe_takes_unlike_channels_in_and_out(name: str, inner: int, outer: int) -> None:
    values = {"in_channels": inner, "channels": outer, "image_size": SIZE[name]}
    check_recipe(catalog.find(f"recipe:{name}"), values, part_options=SMALL[name])


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("dcgan", {"generator": {"width": 4}, "discriminator": {"width": 4}}),
        ("inpaint", {"generator": {"width": 4}, "discriminator": {"width": 4}}),
        ("stargan", {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4}}),
        ("srresnet", {"generator": {"width": 4, "blocks": 1}}),
        ("srgan", {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4}}),
    ],
)
def test_a_recipe_of_one_set_takes_five_channels(name: str, parts: dict) -> None:
    check_recipe(catalog.find(f"recipe:{name}"), {"channels": 5, "image_size": 64}, part_options=parts)


def test_generators_of_both_directions_have_each_others_channels() -> None:
    recipe = make("cyclegan", SMALL["cyclegan"], channels=2, in_channels=5, image_size=32)
    a, b = torch.zeros(1, 5, 32, 32), torch.zeros(1, 2, 32, 32)
    assert recipe.a2b(a).shape == b.shape
    assert recipe.b2a(b).shape == a.shape
    sheet = recipe.sample(recipe.networks, {"a": a, "b": b})
    assert sheet.shape == (4, 3, 32, 32)


@pytest.mark.parametrize("name", ["cyclegan", "cut"])
def test_an_identity_loss_between_unlike_channels_is_refused(name: str) -> None:
    parts = SMALL["cyclegan"] if name == "cyclegan" else SMALL["fastcut"]
    with pytest.raises(ganzoo.GanzooError, match="identity_weight=0"):
        make(name, parts, channels=2, in_channels=5, image_size=32, identity_weight=0.5)


def test_a_projected_discriminator_refuses_channels_that_its_network_does_not_know() -> None:
    with pytest.raises(ganzoo.GanzooError, match="gray=true"):
        ganzoo.build("discriminator:projected", in_channels=7, image_channels=5, width=4)
    network = ganzoo.build("discriminator:projected", in_channels=7, image_channels=5, width=4, gray=True)
    assert all(each.isfinite().all() for each in network(torch.zeros(1, 7, 64, 64)))


def test_small_images_are_rounded_to_8_bits_only_where_the_data_are() -> None:
    images = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    eight = make("srresnet", {"generator": {"width": 4, "blocks": 0}}, channels=1, image_size=16, depth=8)
    deep = make("srresnet", {"generator": {"width": 4, "blocks": 0}}, channels=1, image_size=16, depth=16)
    levels = (eight.downsample(images) + 1) * 127.5
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert not torch.allclose((deep.downsample(images) + 1) * 127.5, levels.round(), atol=1e-4)
