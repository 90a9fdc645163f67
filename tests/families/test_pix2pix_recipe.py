"""pix2pix's step against equation 4 in float64."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from exact import descend_plainly, differences, doubles, flat, make, step_down
from torch import Tensor

PARTS = {"generator": {"width": 4, "dropout": False}, "discriminator": {"width": 4}}


def pairs() -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(4)
    return {name: torch.rand(2, 3, 32, 32, generator=random) * 2 - 1 for name in ("input", "target")}


def test_a_step_is_half_a_conditional_discriminator_loss_and_then_adversarial_plus_weighted_l1() -> None:
    recipe = make("pix2pix", PARTS, channels=3, image_size=32, l1_weight=7)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), pairs()
    losses = recipe.step(batch)

    generator, judge = exact["generator"], exact["discriminator"]
    given, target = batch["input"].double(), batch["target"].double()
    made = generator(given)
    ones = torch.ones_like(judge(torch.cat([given, target], 1)))
    on_real = F.binary_cross_entropy_with_logits(judge(torch.cat([given, target], 1)), ones)
    on_fake = F.binary_cross_entropy_with_logits(judge(torch.cat([given, made.detach()], 1)), 0 * ones)
    step_down((on_real + on_fake) / 2, judge)
    adversarial = F.binary_cross_entropy_with_logits(judge(torch.cat([given, made], 1)), ones)
    l1 = (made - target).abs().mean()
    step_down(adversarial + 7 * l1, generator)

    expected = {"generator": adversarial, "l1": l1, "discriminator": on_real + on_fake}
    assert {name: value.item() for name, value in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-5) for name, value in expected.items()
    }
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_a_sheet_shows_input_output_and_truth_and_validation_measures_their_distance() -> None:
    recipe = make("pix2pix", PARTS, channels=3, image_size=32)
    batch = pairs()
    recipe.generator.eval()
    sheet = recipe.sample(recipe.networks, batch)
    made = recipe.generator(batch["input"])
    assert torch.equal(sheet[0::3], batch["input"])
    assert torch.equal(sheet[1::3], made)
    assert torch.equal(sheet[2::3], batch["target"])
    expected = (made - batch["target"]).abs().double().mean().item()
    assert recipe.validate(recipe.networks, batch)["l1"] == pytest.approx(expected, rel=1e-5)
