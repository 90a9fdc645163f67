"""The context encoder: masks, its losses against equations 1 to 3 in float64, learning."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from color_ramps import ramps
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, falling_rates
from torch import Tensor

import ganzoo
from ganzoo import GanzooError
from ganzoo.errors import OptionError
from ganzoo_plugins.inpaint.recipe import block_masks, center_masks, surrounding_band

PARTS: dict[str, dict[str, Any]] = {"generator": {"width": 4, "levels": 2}, "discriminator": {"width": 4}}


def noise(count: int = 2, pixels: int = 32, seed: int = 1) -> Tensor:
    return torch.rand(count, 3, pixels, pixels, generator=torch.Generator().manual_seed(seed)) * 2 - 1


# ---- masks -----------------------------------------------------------------------------------------------------------


def test_the_middle_hole_is_a_quarter_of_the_area() -> None:
    masks = center_masks(noise(3))
    assert masks.shape == (3, 1, 32, 32) and masks.mean() == 0.25
    assert masks[:, :, 8:24, 8:24].all()


def test_blocks_cover_a_quarter_at_most_and_lie_anywhere() -> None:
    draws = torch.rand(200, 4, 3, generator=torch.Generator().manual_seed(0))
    masks = block_masks(torch.zeros(200, 3, 32, 48), draws)
    covered = masks.mean((1, 2, 3))
    assert set(masks.unique().tolist()) == {0.0, 1.0} and masks.shape == (200, 1, 32, 48)
    assert covered.max() <= 4 * 8 * 8 / (32 * 48) and covered.min() >= 4 * 4 / (32 * 48)
    assert masks.amax(0).mean() > 0.98  # of 200 masks together; corners are rarely hit


def test_the_band_lies_around_the_hole() -> None:
    masks = torch.zeros(1, 1, 9, 9)
    masks[..., 3:5, 4] = 1
    band = surrounding_band(masks, 2)
    wanted = torch.zeros(1, 1, 9, 9)
    wanted[..., 1:7, 2:7] = 1
    assert torch.equal(band, wanted - masks) and not surrounding_band(masks, 0).any()


@pytest.mark.parametrize(("masks", "kinds"), [("center", {0.25}), ("both", None), ("blocks", None)])
def test_the_option_says_which_masks_are_trained_with(masks: str, kinds: set[float] | None) -> None:
    recipe: Any = make("inpaint", PARTS, channels=3, image_size=32, masks=masks)
    torch.manual_seed(0)
    found = recipe.masks(noise(64))
    center = (found == center_masks(noise(64))).flatten(1).all(1).float().mean().item()
    assert center == {"center": 1, "blocks": 0}.get(masks, pytest.approx(0.5, abs=0.2))
    assert kinds is None or set(found.mean((1, 2, 3)).tolist()) == kinds


# ---- networks --------------------------------------------------------------------------------------------------------


def test_what_is_far_reaches_the_middle_of_the_hole() -> None:
    """The dilated middle sees 32 steps of 8 pixels to every side; the paper's layer the whole picture."""
    for options in ({}, {"middle": "channel-wise", "image_size": 64}):
        network = ganzoo.build("generator:context-encoder", width=4, **options).eval()
        images = noise(1, 64).requires_grad_(True)
        network(images, center_masks(images.detach()))[0, :, 32, 32].sum().backward()
        assert images.grad is not None and (images.grad[0, :, 0] != 0).any() and (images.grad[0, :, :, -1] != 0).any()


def test_the_channel_wise_layer_joins_places_of_a_channel_only() -> None:
    from ganzoo_plugins.inpaint.networks import ChannelWise

    layer = ChannelWise(3, 4)
    features = torch.randn(2, 3, 4, 4)
    joined = torch.einsum("ncp,cpq->ncq", features.flatten(2), layer.weight) + layer.bias.transpose(0, 1)
    expected = F.conv2d(joined.view(2, 3, 4, 4), layer.across.weight, layer.across.bias)
    assert torch.allclose(layer(features), expected, atol=1e-5)
    with pytest.raises(GanzooError, match="takes square images of its image_size only"):
        layer(features[..., :3])


def test_wrong_options_are_told() -> None:
    with pytest.raises(OptionError, match="levels=7 should be"):
        ganzoo.build("generator:context-encoder", levels=7)
    with pytest.raises(OptionError, match="image_size=60 should be a multiple of 8, for 3 levels"):
        ganzoo.build("generator:context-encoder", middle="channel-wise", image_size=60)
    with pytest.raises(OptionError, match="overlap=-1 should be at least 0"):
        make("inpaint", PARTS, overlap=-1)
    with pytest.raises(OptionError, match="enlarge=0"):
        make("inpaint", PARTS, enlarge=0.5)


# ---- equations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("masks", ["center", "blocks"])
def test_a_step_is_the_discriminators_and_then_equation_3(masks: str) -> None:
    recipe: Any = make("inpaint", PARTS, channels=3, image_size=32, masks=masks, overlap=3, adversarial_weight=0.2)
    descend_plainly(recipe)
    exact, before, real = doubles(recipe), flat(recipe), noise()
    torch.manual_seed(3)
    hidden = recipe.masks(real).double()
    torch.manual_seed(3)
    losses = recipe.step({"image": real})

    generator, judge, whole = exact["generator"], exact["discriminator"], real.double()
    made = generator(whole * (1 - hidden), hidden)
    mended = whole * (1 - hidden) + made * hidden
    cut = slice(8, 24) if masks == "center" else slice(None)
    shown, fake = whole[..., cut, cut], mended[..., cut, cut]
    discriminator = F.softplus(-judge(shown)).mean() + F.softplus(judge(fake.detach())).mean()
    step_down(discriminator, judge)
    adversarial = F.softplus(-judge(fake)).mean()
    grown = F.conv2d(hidden, torch.ones(1, 1, 7, 7, dtype=torch.float64), padding=3) > 0
    squared = (made - whole).pow(2)
    band, hole = squared[(grown & (hidden == 0)).expand_as(made)], squared[(hidden == 1).expand_as(made)]
    reconstruction = (10 * band.sum() + hole.sum()) / (len(band) + len(hole))
    step_down(0.999 * reconstruction + 0.2 * adversarial, generator)

    expected = {"reconstruction": reconstruction, "adversarial": adversarial, "discriminator": discriminator}
    assert {name: value.item() for name, value in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-4) for name, value in expected.items()
    }
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_the_papers_weights_and_rates_are_the_defaults() -> None:
    recipe = make("inpaint", PARTS, channels=3)
    config = recipe.config
    assert (config.reconstruction_weight, config.adversarial_weight) == (0.999, 0.001)
    assert (config.image_size, config.overlap, config.overlap_weight) == (128, 7, 10)
    rates = {name: one.param_groups[0]["lr"] for name, one in recipe.optimizers.items()}
    assert rates["generator"] == pytest.approx(10 * rates["discriminator"])


def test_a_sheet_shows_the_hole_mended_and_truth_and_validation_measures_the_hole() -> None:
    recipe = make("inpaint", PARTS, channels=3, image_size=32)
    recipe.networks["generator"].eval()
    with torch.no_grad():
        sheet = recipe.sample(recipe.networks, {"image": noise()})
        measured = recipe.validate(recipe.networks, {"image": noise()})["mse"]
    broken, mended, real = sheet[0::3], sheet[1::3], sheet[2::3]
    hole = center_masks(real).bool().expand_as(real)
    assert not broken[hole].any() and torch.equal(mended[~hole], real[~hole]) and torch.equal(real, noise())
    assert measured == pytest.approx((mended - real)[hole].square().mean().item(), rel=1e-5)


# ---- learning --------------------------------------------------------------------------------------------------------


@pytest.mark.learning
def test_it_learns_to_go_on_from_what_is_around_the_hole(double: None, seed: int, measured: Measures) -> None:
    parts = {"generator": {"width": 8, "levels": 2}, "discriminator": {"width": 4}}
    recipe = make("inpaint", parts, channels=3, image_size=32, overlap=2, seed=seed)
    train, held_out = ramps(256, 1000 * seed, 32, 0.5, 0.4), ramps(32, 1, 32, 0.5, 0.4)

    def error() -> float:
        recipe.networks["generator"].eval()
        with torch.no_grad():
            found = recipe.validate(recipe.networks, {"image": held_out})["mse"]
        recipe.networks["generator"].train()
        return found

    start = error()
    torch.manual_seed(seed)
    for _ in falling_rates(recipe, 300):
        recipe.step({"image": train[torch.randint(256, (16,))]})
    hole = center_masks(held_out).bool().expand_as(held_out)
    variance = held_out[hole].square().mean().item()  # the error of leaving it gray
    measured("error", error(), limit=0.3 * min(start, variance), untrained=min(start, variance))
