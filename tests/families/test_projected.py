"""The projected discriminator: what it looks through stays as it was, how maps are mixed, what is judged."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import ganzoo
from ganzoo import catalog
from ganzoo.testing import check_recipe
from ganzoo_plugins.projected.networks import Mixer


def build(**options: object) -> torch.nn.Module:
    torch.manual_seed(0)
    return ganzoo.build("discriminator:projected", width=4, **options)


def pictures(size: int = 96, channels: int = 3) -> Tensor:
    return torch.rand(2, channels, size, size, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_what_it_looks_through_is_neither_saved_nor_trained() -> None:
    network = build()
    assert not any("looks" in name or "stages" in name for name in network.state_dict())
    own = sum(parameter.numel() for parameter in network.parameters())
    assert own < 10_000 < sum(parameter.numel() for parameter in network.features[0].parameters())
    assert not any(parameter.requires_grad for parameter in network.features[0].parameters())


def test_a_step_moves_the_heads_and_neither_the_mixer_nor_the_features() -> None:
    network = build()
    seen = copy.deepcopy(network.features[0].state_dict())
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    sum(each.square().mean() for each in network(pictures())).backward()
    optimizer.step()
    moved = {name.split(".")[0] for name, p in network.named_parameters() if not torch.equal(p, before[name])}
    assert moved == {"heads", "pixels"}
    assert all(torch.equal(tensor, seen[name]) for name, tensor in network.features[0].state_dict().items())


def test_maps_are_mixed_from_deep_to_shallow_by_the_formula_in_float64() -> None:
    torch.manual_seed(0)
    mixer, maps = Mixer((5, 7), 3).double(), [torch.randn(2, 5, 8, 8).double(), 40 * torch.randn(2, 7, 4, 4).double()]
    found = mixer(maps)
    expected = []
    for n in range(2):
        fine, coarse = (
            torch.einsum("oi,ihw->ohw", layer.weight[:, :, 0, 0], one[n])
            for layer, one in zip(mixer.channels, maps, strict=True)
        )
        coarse = F.conv2d(coarse / coarse.square().mean().sqrt(), mixer.scales[1].weight, padding=1)
        above = coarse.repeat_interleave(2, 1).repeat_interleave(2, 2)
        expected.append(
            (F.conv2d(fine / fine.square().mean().sqrt() + above, mixer.scales[0].weight, padding=1), coarse)
        )
    for ours, theirs in zip(found, zip(*expected, strict=True), strict=True):
        torch.testing.assert_close(ours, torch.stack(theirs), rtol=0, atol=1e-7)
    scaled = mixer([1000 * one for one in maps])
    torch.testing.assert_close(scaled[0], found[0], rtol=1e-5, atol=1e-6)  # how large a map's values are does not count


@pytest.mark.parametrize("pixels", [2.0, 0.0])
def test_logits_are_of_four_scales_and_of_the_picture_itself(pixels: float) -> None:
    sizes = [tuple(each.shape) for each in build(pixels=pixels)(pictures(128))]
    assert sizes == [(2, 1, side, side) for side in (8, 8, 4, 4, *([14, 64] if pixels else []))]


def test_gradients_reach_the_picture_from_every_scale() -> None:
    network, images = build(), pictures().requires_grad_()
    for logits in network(images):
        (gradient,) = torch.autograd.grad(logits.square().sum(), images, retain_graph=True)
        assert gradient.isfinite().all() and gradient.abs().amax((1, 2, 3)).min() > 0


def test_gray_pictures_are_judged_too() -> None:
    images = pictures(64, channels=1)
    assert all(each.isfinite().all() for each in build(in_channels=1)(images))


def test_without_colors_the_frozen_network_sees_their_mean_and_the_patches_see_them_all() -> None:
    network, images = build(gray=True), pictures(64)
    moved = images + torch.tensor([0.3, -0.1, -0.2]).view(1, 3, 1, 1)  # another color, the same mean
    network.double().eval().features[0].double()  # in training, spectral norms move with each call
    before, after = network(images.double()), network(moved.double())
    for plain, colored in zip(before[:4], after[:4], strict=True):
        torch.testing.assert_close(plain, colored, rtol=0, atol=1e-6)
    for plain, colored in zip(before[4:], after[4:], strict=True):
        assert not torch.allclose(plain, colored, rtol=0, atol=1e-4)
    assert not torch.allclose(build()(images)[0], build()(moved)[0], rtol=0, atol=1e-3)


def test_a_factor_on_the_pictures_own_logits() -> None:
    once, thrice = build()(pictures(64)), build(pixels=3.0)(pictures(64))
    for one, three in zip(once[4:], thrice[4:], strict=True):
        torch.testing.assert_close(3 * one, three)
    assert torch.equal(once[0], thrice[0])


@pytest.mark.parametrize("channels", [1, 3])
def test_of_two_stacked_pictures_the_second_is_looked_at_and_both_are_judged(channels: int) -> None:
    network, first, second = build(in_channels=2 * channels).eval(), pictures(64, channels), -pictures(64, channels)
    found = network(torch.cat([first, second], 1))
    other = network(torch.cat([-first, second], 1))
    alone = build(in_channels=channels).eval()(second)
    for ours, theirs, plain in zip(found[:4], other[:4], alone[:4], strict=True):
        assert torch.equal(ours, theirs) and torch.equal(ours, plain)
    assert not any(torch.allclose(ours, theirs) for ours, theirs in zip(found[4:], other[4:], strict=True))


def test_colors_are_judged_one_by_one_wherever_they_lie() -> None:
    network, images = build().eval(), pictures(64)
    turned = F.avg_pool2d(images, 2).rot90(1, (2, 3)).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(network(turned)[5], network(images)[5].rot90(1, (2, 3)), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "recipe", [pytest.param("r3gan", marks=pytest.mark.slow), pytest.param("stylegan", marks=pytest.mark.slow), "wgan"]
)
def test_recipes_that_generate_from_latents_follow_all_their_options_with_it(recipe: str) -> None:
    small = {"width": 8} if recipe == "wgan" else {"width": 8, "widest": 16}
    check_recipe(
        catalog.find(f"recipe:{recipe}"),
        {"image_size": 32},
        parts={"discriminator": "projected"},
        part_options={"generator": {**small, "latent_dim": 8}, "discriminator": {"width": 4}},
    )
