"""Exponential moving averages (EMA) of the generators' weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ganzoo.recipes.recipe import Recipe

if TYPE_CHECKING:
    from timm.utils import ModelEmaV3


def build_averages(recipe: Recipe, decay: float, warmup: bool = True) -> dict[str, ModelEmaV3]:
    """Return an average of each generator that the recipe exports, by network name; none where ``decay`` is 0.

    Args:
        recipe: Whose networks.
        decay: Share of the average that a step keeps.
        warmup: Keep less at first, as `decay_at` says, so that the initial weights are soon forgotten.
    """
    if not decay:
        return {}
    from timm.utils import ModelEmaV3

    return {name: ModelEmaV3(recipe.networks[name], decay=decay, use_warmup=warmup) for name in recipe.exports.values()}


def decay_at(step: int, decay: float, warmup: bool = True) -> float:
    """Return what share of the average ``step``, from 1 on, keeps: at most timm's 1 - step ** (-2/3) in the warm-up."""
    if step <= 1:
        return 0.0
    return min(decay, 1 - step ** (-2 / 3)) if warmup else decay


def update_averages(averages: Mapping[str, ModelEmaV3], recipe: Recipe, step: int) -> None:
    """Move each average toward the weights after ``step``, counted from 1."""
    for name, average in averages.items():
        average.update(recipe.networks[name], step)
