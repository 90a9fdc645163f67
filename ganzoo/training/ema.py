"""Exponential moving averages (EMA) of the generators' weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ganzoo.recipes.recipe import Recipe

if TYPE_CHECKING:
    from timm.utils import ModelEmaV3


def build_averages(recipe: Recipe, decay: float) -> dict[str, ModelEmaV3]:
    """Return an average of each generator that the recipe exports, by network name; none where ``decay`` is 0."""
    if not decay:
        return {}
    from timm.utils import ModelEmaV3

    return {name: ModelEmaV3(recipe.networks[name], decay=decay, use_warmup=True) for name in recipe.exports.values()}


def update_averages(averages: Mapping[str, ModelEmaV3], recipe: Recipe, step: int) -> None:
    """Move each average toward the weights after ``step``, counted from 1."""
    for name, average in averages.items():
        average.update(recipe.networks[name], step)
