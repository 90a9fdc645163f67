"""A CycleGAN whose translations also keep the features of their inputs."""

from __future__ import annotations

from ganzoo import Family
from ganzoo_plugins.cyclegan import PARTS, CycleGANOptions

family = Family(__name__)
parts = {**PARTS, "features": "features:efficientnet-lite0"}
family.recipe(
    "perceptual", ".recipe.PerceptualRecipe", data="unpaired", parts=parts, summary="CycleGAN that keeps features"
)(CycleGANOptions)
ganzoo_entries = family.entries
