"""Exponential moving averages (EMA) of the generators' weights."""

from __future__ import annotations

from collections.abc import Mapping

from timm.utils import ModelEmaV3

from ganzoo.recipes.recipe import Recipe


def build_averages(recipe: Recipe, decay: float) -> dict[str, ModelEmaV3]:
    """Return an average of each generator that the recipe exports, by network name; none where ``decay`` is 0."""
    if not decay:
        return {}
    return {name: ModelEmaV3(recipe.networks[name], decay=decay, use_warmup=True) for name in recipe.exports.values()}


def update_averages(averages: Mapping[str, ModelEmaV3], recipe: Recipe, step: int) -> None:
    """Move each average toward the weights after ``step``, counted from 1."""
    for name, average in averages.items():
        average.update(recipe.networks[name], step)
