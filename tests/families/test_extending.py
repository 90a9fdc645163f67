"""Families can be extended by their public names: a recipe with one more loss, another network without any recipe."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import picture

import ganzoo
from ganzoo import Config, Family, catalog, testing
from ganzoo.catalog import discovery
from ganzoo.contracts.recipe import StepState
from ganzoo_plugins.cyclegan import CycleGANOptions, CycleGANRecipe

PERCEPTUAL = Path(__file__).parent / "perceptual_cyclegan.py"
FAMILIES = {
    "acgan": ["ACGANRecipe", "ACGANOptions"],
    "cgan": ["CGANRecipe", "CGANOptions"],
    "cut": ["CUTRecipe", "CUTOptions", "FastCUTOptions"],
    "cyclegan": ["CycleGANRecipe", "CycleGANOptions"],
    "dualgan": ["DualGANRecipe", "DualGANOptions"],
    "dvdgan": ["DVDGANRecipe", "DVDGANOptions", "UnconditionalDVDGANOptions"],
    "fastgan": ["FastGANRecipe", "FastGANOptions"],
    "inpaint": ["InpaintRecipe", "InpaintOptions"],
    "lama": ["LamaRecipe", "LamaOptions"],
    "lapgan": ["LAPGANRecipe", "LAPGANOptions"],
    "lsgan": ["LSGANRecipe", "LSGANOptions"],
    "pix2pix": ["Pix2PixRecipe", "Pix2PixOptions"],
    "r3gan": ["R3GANRecipe", "R3GANOptions"],
    "srgan": ["SRResNetRecipe", "SRGANRecipe", "SRResNetOptions", "SRGANOptions"],
    "stargan": ["StarGANRecipe", "StarGANOptions"],
    "style": ["AdaINRecipe", "AdaINOptions", "FastStyleRecipe", "FastStyleOptions"],
    "stylegan": ["StyleGANRecipe", "StyleGANOptions"],
    "unit": ["UNITRecipe", "UNITOptions"],
    "wgan": ["WGANRecipe", "WGANOptions", "WGANGPRecipe", "WGANGPOptions"],
}


@pytest.mark.parametrize("family", FAMILIES)
def test_recipes_and_their_options_are_public_names(family: str) -> None:
    module = importlib.import_module(f"ganzoo_plugins.{family}")
    for name in FAMILIES[family]:
        base = ganzoo.Recipe if name.endswith("Recipe") else ganzoo.RecipeConfig
        assert issubclass(getattr(module, name), base)
        assert getattr(module, name).__doc__
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = module.no_such_name


def test_a_cyclegan_with_a_perceptual_loss_takes_at_most_15_lines() -> None:
    lines = [line for line in PERCEPTUAL.read_text().splitlines() if line.strip() and not line.startswith(("#", '"""'))]
    assert len(lines) <= 15
    entry = importlib.import_module("perceptual_cyclegan").ganzoo_entries()[0]
    small = {"generator": {"width": 4, "blocks": 1}, "discriminator": {"width": 4}}
    testing.check_entry(entry, {"image_size": 32}, part_options=small)


def test_a_recipe_knows_how_far_the_run_is() -> None:
    recipe = CycleGANRecipe.__new__(CycleGANRecipe)
    assert (recipe.progress, recipe.step_number) == (0.0, 1)
    recipe.step_state = StepState(step=30, steps=120)
    assert (recipe.progress, recipe.step_number) == (0.25, 31)
    assert CycleGANOptions().cycle_weight == 10


def test_another_network_in_pix2pix_takes_no_recipe(fresh: None, tmp_path: Path) -> None:
    catalog.refresh()
    family = Family("one_layer")
    family.generator("one-layer", "one_layer.OneLayer", task="image-to-image", summary="One convolution")(Config)
    discovery.manager().register(SimpleNamespace(ganzoo_entries=family.entries), "a-test-s-network")
    for side in ("input", "target"):
        (tmp_path / side).mkdir()
        for number in range(3):
            picture(32, 32, seed=number).save(tmp_path / side / f"{number}.png")
    run = ganzoo.train(
        "pix2pix",
        [tmp_path / "input", tmp_path / "target"],
        tmp_path / "run",
        steps=1,
        parts={"generator": "one-layer"},
        options={"image_size": 32, "discriminator.width": 4},
        device="cpu",
    )
    model = ganzoo.load(f"dir:{run}", device="cpu")
    assert model.card.entry == "generator:one-layer"
    assert model.generator(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 8, 8)
