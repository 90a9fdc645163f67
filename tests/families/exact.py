"""Recipes in float64: built and run in it, or taken into it and stepped by hand, to judge the recipe's own step by."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo import Recipe, catalog
from ganzoo.catalog import options
from ganzoo.catalog.building import ChosenParts

RATE = 0.05  # of plain gradient descent, whose step shows a loss's scale; Adam's first step hides it


class DoubleParts(ChosenParts):
    """Parts in float64, whatever type their weights have on disk or their constants are made in."""

    def build(self, role: str, **suggestions: Any) -> Any:
        built = super().build(role, **suggestions)
        return built.double() if isinstance(built, nn.Module) else built


@contextmanager
def double_precision() -> Iterator[None]:
    """Build, compute and draw in float64 within the block."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def make(
    name: str,
    part_options: Mapping[str, Mapping[str, Any]],
    parts: Any = None,
    *,
    seed: int = 0,
    **values: Any,
) -> Recipe:
    """Build a recipe with weights from ``seed``, in float64 where that is the default type."""
    entry = catalog.find(f"recipe:{name}")
    kind = DoubleParts if torch.get_default_dtype() == torch.float64 else ChosenParts
    torch.manual_seed(seed)
    recipe: Recipe = entry.build(options.parse(entry, values), kind(entry, parts or {}, part_options))
    return recipe


def descend_plainly(recipe: Recipe) -> None:
    """Put plain gradient descent in the place of every optimizer, over the same parameters."""
    for name, optimizer in recipe.optimizers.items():
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        recipe.optimizers[name] = torch.optim.SGD(parameters, lr=RATE)


def doubles(recipe: Recipe) -> dict[str, nn.Module]:
    """Return copies of the networks in float64."""
    return {name: copy.deepcopy(network).double() for name, network in recipe.networks.items()}


def step_down(loss: Tensor, *networks: nn.Module) -> None:
    """Take ``networks`` one step of gradient descent down ``loss``."""
    parameters = [parameter for network in networks for parameter in network.parameters()]
    gradients = torch.autograd.grad(loss, parameters)
    with torch.no_grad():
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter -= RATE * gradient


def differences(recipe: Recipe, before: Mapping[str, Tensor], exact: Mapping[str, nn.Module]) -> dict[str, float]:
    """Return, for each network, how far its step is from the exact one, as a share of the exact step's length."""
    out = {}
    for name, network in recipe.networks.items():
        taken = vector(network).double() - before[name]
        right = vector(exact[name]) - before[name]
        out[name] = ((taken - right).norm() / right.norm()).item()
    return out


def flat(recipe: Recipe) -> dict[str, Tensor]:
    """Return each network's parameters as one vector of float64."""
    return {name: vector(network).detach().double() for name, network in recipe.networks.items()}


def vector(network: nn.Module) -> Tensor:
    """Return the parameters, in whichever memory format, one after the other."""
    return torch.cat([parameter.reshape(-1) for parameter in network.parameters()])
