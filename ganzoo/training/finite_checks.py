"""Losses as numbers, and checks that losses and weights are still finite."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ganzoo.recipes.distributed import Processes
from ganzoo.training import error_messages


def mean_losses(losses: Mapping[str, Tensor | float], recipe: str, processes: Processes) -> dict[str, float]:
    """Return a step's losses as numbers, each the mean over all processes."""
    values = error_messages.as_numbers(losses, recipe)
    means = torch.tensor(list(values.values()), dtype=torch.float64)
    processes.average([means])
    return dict(zip(values, means.tolist(), strict=True))


def find_broken_loss(losses: Mapping[str, float], step: int) -> str:
    """Describe the first loss that is not finite; "" where all are."""
    for name, value in losses.items():
        if not math.isfinite(value):
            return f"The loss '{name}' is {value} at step {step}."
    return ""


def find_broken_weight(networks: Mapping[str, nn.Module], step: int) -> str:
    """Describe the first tensor with a value that is not finite; "" where all are finite."""
    for name, network in networks.items():
        for key, tensor in network.state_dict().items():
            if tensor.is_floating_point() and not tensor.isfinite().all():
                return f"'{name}.{key}' is no longer finite after step {step}."
    return ""
