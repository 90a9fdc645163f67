"""The state of an optimizer in a checkpoint, checked before it is used: torch takes whatever it is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

LIKE_PARAMETER = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg")  # of torch's optimizers


def restore(optimizer: Optimizer, state: Any) -> None:
    """Put a state into an optimizer. Raises TypeError or ValueError where its settings or its tensors are others."""
    if not isinstance(state, Mapping):
        raise TypeError(f"the state of an optimizer is a {type(state).__name__}")
    own = [{name: value for name, value in group.items() if name != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(dict(state))
    for before, group in zip(own, optimizer.param_groups, strict=True):
        for name, value in before.items():
            if not _alike(value, group.setdefault(name, value)):  # an older version may lack a setting
                raise TypeError(f"the optimizer's {name} is {str(group[name])[:60]!r}, not like {value!r}")
    for parameter, values in optimizer.state.items():
        for name, value in values.items():
            _check(name, value, parameter)


def _alike(own: Any, value: Any) -> bool:
    """Tell whether a setting has the type of the optimizer's own: a flag, a number, or a list of them."""
    if own is None or isinstance(own, bool):
        return value is None or isinstance(value, bool)
    if isinstance(own, (int, float)):
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    if isinstance(own, (tuple, list)):
        return isinstance(value, (tuple, list)) and len(value) == len(own) and all(map(_alike, own, value))
    if isinstance(own, Tensor):
        return isinstance(value, Tensor) and value.shape == own.shape
    return isinstance(value, type(own))


def _check(name: str, value: Any, parameter: Tensor) -> None:
    """Raise ValueError for a moment of another shape than its parameter, and a step that is no number."""
    if name in LIKE_PARAMETER and not (isinstance(value, Tensor) and value.shape == parameter.shape):
        shape = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"the optimizer's {name} is {shape}, and its parameter {tuple(parameter.shape)}")
    if name == "step" and not (
        isinstance(value, (int, float)) or (isinstance(value, Tensor) and value.numel() == 1 and torch.isfinite(value))
    ):
        raise ValueError(f"the optimizer's step is a {type(value).__name__}")
