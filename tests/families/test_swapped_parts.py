"""Any loss in any recipe, in either precision; any network in any recipe whose task it fits."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from exact import make
from family_cases.timm_networks import SMALL as TIMM
from torch import Tensor

from ganzoo import Recipe, catalog
from ganzoo.errors import OptionError

RECIPES = ["cyclegan", "dcgan", "lsgan", "pix2pix"]
LOSSES = [entry.name for entry in catalog.entries("loss")]
OTHERS = ["cgan", "cgan-mlp", "dvdgan-temporal"]  # are told the class, or judge clips, which these recipes have not
JUDGES = [entry.name for entry in catalog.entries("discriminator") if entry.name not in OTHERS]
SMALL = {
    "resnet": {"width": 4, "blocks": 1},
    "unet": {"width": 4},
    "dcgan": {"width": 4, "latent_dim": 6},
    "lsgan": {"width": 4, "latent_dim": 6},
}
DEFAULTS = {"cyclegan": "resnet", "dcgan": "dcgan", "lsgan": "lsgan", "pix2pix": "unet"}
KEYS = {"cyclegan": "ab", "dcgan": ["image"], "lsgan": ["image"], "pix2pix": ["input", "target"]}


def swapped(name: str, channels: int = 3, pixels: int = 32, **parts: str) -> Recipe:
    options: dict[str, dict[str, Any]] = {
        "generator": SMALL[parts.get("generator", DEFAULTS[name])],
        "discriminator": {"width": 4},
    }
    if parts.get("discriminator") == "lapgan-dense":
        options["discriminator"] = {"hidden": 16}
    if parts.get("discriminator") == "patchgan-multiscale":
        options["discriminator"] = {"width": 4, "receptive_field": 16, "scales": 2}
    if parts.get("discriminator") == "timm":
        options["discriminator"] = TIMM["discriminator:timm"]
    return make(name, options, parts, image_size=pixels, channels=channels)


def one_step(name: str, recipe: Recipe, channels: int = 3, pixels: int = 32, bf16: bool = False) -> dict[str, Tensor]:
    """Step on random pictures and return the losses, having seen every network move."""
    batch = {key: torch.rand(2, channels, pixels, pixels) * 2 - 1 for key in KEYS[name]}
    before = {key: [p.detach().clone() for p in each.parameters()] for key, each in recipe.networks.items()}
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        losses = recipe.step(batch)
    for key, network in recipe.networks.items():
        pairs = list(zip(network.parameters(), before[key], strict=True))
        assert all(now.isfinite().all() for now, _ in pairs)
        assert any(not torch.equal(now, then) for now, then in pairs), key
    return losses


@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_takes_a_step_with_every_loss(name: str, loss: str, bf16: bool) -> None:
    losses = one_step(name, swapped(name, loss=loss), bf16=bf16)
    assert all(math.isfinite(value.item()) and value.dtype == torch.float32 for value in losses.values())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("name", ["cyclegan", "dcgan", "lsgan"])
def test_a_recipe_tells_any_discriminator_the_size_and_channels_of_its_pictures(
    name: str, judge: str, channels: int
) -> None:
    one_step(name, swapped(name, channels, discriminator=judge), channels)


@pytest.mark.parametrize("judge", ["patchgan", "patchgan-multiscale", "projected"])
def test_pix2pix_tells_its_discriminator_of_both_stacked_pictures(judge: str) -> None:
    recipe = swapped("pix2pix", 1, discriminator=judge)
    assert recipe.networks["discriminator"].in_channels == 2
    one_step("pix2pix", recipe, 1)


@pytest.mark.parametrize("judge", ["dcgan", "lsgan"])
def test_pix2pix_stacks_both_pictures_for_a_discriminator_of_one_score_too(judge: str) -> None:
    recipe = swapped("pix2pix", 3, discriminator=judge)
    assert recipe.networks["discriminator"].architecture.options["channels"] == 6
    one_step("pix2pix", recipe, 3)


@pytest.mark.parametrize("judge", OTHERS[:2])
@pytest.mark.parametrize("name", ["cyclegan", "dcgan"])
def test_a_recipe_without_labels_refuses_a_discriminator_that_is_told_the_class(name: str, judge: str) -> None:
    message = f"discriminator:{judge} takes the class of each image, and the recipe '{name}' has none"
    with pytest.raises(OptionError, match=message):
        swapped(name, discriminator=judge)


@pytest.mark.parametrize(
    ("name", "generator"), [("cyclegan", "unet"), ("pix2pix", "resnet"), ("dcgan", "lsgan"), ("lsgan", "dcgan")]
)
def test_a_recipe_takes_any_generator_of_its_task(name: str, generator: str) -> None:
    recipe = swapped(name, 1, generator=generator)
    assert recipe.networks[recipe.exports[""]].architecture.entry == f"generator:{generator}"
    one_step(name, recipe, 1)


@pytest.mark.parametrize("generator", ["resnet", "unet"])
def test_a_recipe_that_starts_from_latents_refuses_a_translator(generator: str) -> None:
    with pytest.raises(
        OptionError, match=r"takes a generator for unconditional.* Take one of: dcgan, .*lsgan, .*vanilla\."
    ):
        swapped("dcgan", generator=generator)


def test_a_regularizer_counts_in_every_recipe() -> None:
    """The reported loss is the one that is minimized: a huge penalty shows in it."""
    for name in RECIPES:
        values: list[Any] = []
        for penalty in (0.0, 1e6):
            options = {"generator": SMALL[DEFAULTS[name]], "discriminator": {"width": 4}, "loss": {"penalty": penalty}}
            recipe = make(name, options, {"loss": "wgan-gp"}, image_size=32, channels=3)
            torch.manual_seed(1)
            values.append(one_step(name, recipe)["discriminator"].item())
        assert values[1] - values[0] > 1e3, name
