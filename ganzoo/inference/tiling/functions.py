"""Functions and tensor methods that can be computed by rows, as `ganzoo.inference.tiling.layers` does for layers.

A rule takes ``call``, which computes the result from tensors, and then the function's own arguments. It returns None
where the function cannot be computed by rows with these arguments.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.inference.tiling.layers import IDENTITY, MODULES, Operation, convolution, enlargement, pad_rows, transposed
from ganzoo.losses import precision


def elementwise(call: Any, *options: Any, **named: Any) -> Operation | None:
    """Elementwise; a constant may differ from channel to channel, but not from row to row."""
    constants = [one for one in (*options, *named.values()) if isinstance(one, Tensor)]
    if any(one.ndim > 1 and one.shape[-2] != 1 for one in constants):
        return None
    channels = [one.shape[-3] for one in constants if one.ndim > 2]
    return Operation(call, channels=lambda *sizes: max(*sizes, *channels, 1))


def to_float(call: Any, tensor: Any) -> Operation | None:
    return Operation(call, dtype=torch.float32)


def to_at_least_float32(call: Any, tensor: Any) -> Operation | None:
    return Operation(call, least_dtype=torch.float32)


def concatenation(call: Any, tensors: Any, dim: int = 0) -> Operation | None:
    if dim not in (1, -3) or any(isinstance(one, Tensor) for one in tensors):
        return None
    return Operation(call, channels=lambda *sizes: sum(sizes))


def channel_slice(call: Any, tensor: Any, index: Any) -> Operation | None:
    """Only channels may be selected: ``x[:, 1:4]``."""
    whole = isinstance(index, tuple) and len(index) == 2 and index[0] == slice(None) and isinstance(index[1], slice)
    return Operation(call, channels=lambda sizes: len(range(sizes)[index[1]])) if whole else None


def pad_call(call: Any, tensor: Any, pad: Any, mode: str = "constant", value: float | None = 0) -> Operation | None:
    border = value or 0.0 if mode == "constant" else mode
    if len(pad) not in (2, 4) or border == "circular":
        return None
    left, right, top, bottom = (*pad, 0, 0)[:4]
    return pad_rows(left, right, top, bottom, border)


def interpolation(
    call: Any, tensor: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", **options: Any
) -> Operation | None:
    return enlargement(call, scale_factor, mode, options.get("align_corners"))


def dropout(call: Any, tensor: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Operation | None:
    return None if training else IDENTITY


def convolution_call(call: Any, tensor: Any, weight: Any, *options: Any, **named: Any) -> Operation | None:
    return convolution(weight, *options, **named) if isinstance(weight, Tensor) else None


def transposed_call(call: Any, tensor: Any, weight: Any, *options: Any, **named: Any) -> Operation | None:
    return transposed(weight, *options, **named) if isinstance(weight, Tensor) else None


def as_layer(layer: Callable[..., nn.Module]) -> Callable[..., Operation | None]:
    """Return the rule for a function that takes a tensor and then the arguments of the layer with its name."""
    return lambda call, tensor, *options, **named: MODULES[layer](layer(*options, **named))  # type: ignore[index]


ARITHMETIC = ("add", "sub", "mul", "div", "truediv", "neg", "abs", "exp", "sqrt", "square", "pow", "maximum", "minimum")
ACTIVATIONS = ("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "sigmoid")
BOUNDS = ("tanh", "atanh", "hardtanh", "hardswish", "hardsigmoid", "clamp", "clip", "clone")
FUNCTIONS: dict[str, Callable[..., Operation | None]] = {
    **dict.fromkeys(("cat", "concat", "concatenate"), concatenation),
    "float": to_float,
    "at_least_float32": to_at_least_float32,
    "getitem": channel_slice,
    "pad": pad_call,
    "interpolate": interpolation,
    "conv2d": convolution_call,
    "conv_transpose2d": transposed_call,
    "avg_pool2d": as_layer(nn.AvgPool2d),
    "max_pool2d": as_layer(nn.MaxPool2d),
    "pixel_shuffle": as_layer(nn.PixelShuffle),
    "dropout": dropout,
    "contiguous": lambda call, tensor: IDENTITY,
    "detach": lambda call, tensor: IDENTITY,
    **dict.fromkeys((*ARITHMETIC, *ACTIVATIONS, *BOUNDS), elementwise),
}
NAMESPACES = (torch, F, operator, precision)


def function_operation(target: Any, call: Callable[..., Tensor], args: Any, kwargs: Any) -> Operation | None:
    """Return how a function of torch, or a method by its name, is computed by rows, or None where that is unknown."""
    name = target if isinstance(target, str) else target.__name__
    known = isinstance(target, str) or any(getattr(module, name, None) is target for module in NAMESPACES)
    rule = FUNCTIONS.get(name)
    try:
        return rule(call, *args, **kwargs) if known and rule else None
    except TypeError:  # arguments that the rule does not support
        return None
