"""Functions and tensor methods that can be computed by rows, as `ganzoo.inference.tiling.layers` does for layers.

A rule takes ``call``, which computes the result from tensors, and then the function's own arguments. It returns None
where the function cannot be computed by rows with these arguments.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

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


def channel_assignment(call: Any, tensor: Any, index: Any, value: Any) -> Operation | None:
    """``x[:, 1:4] = y``: the channels around it stay."""
    chosen = _channels(index)
    if chosen is None or chosen.step not in (None, 1) or isinstance(value, (int, float, Tensor)):
        return None

    def compute(rows: Tensor, new: Tensor) -> Tensor:
        first, last, _ = chosen.indices(rows.shape[1])
        return torch.cat([rows[:, :first], new, rows[:, last:]], 1)

    return Operation(compute, channels=lambda count, *_: count)


def _channels(index: Any) -> slice | None:
    """Return the slice of channels that an index takes, where it takes nothing else."""
    index = tuple(one for one in index) if isinstance(index, tuple) else (index,)
    if len(index) < 2 or index[0] != slice(None) or any(one != slice(None) for one in index[2:]):
        return None
    return index[1] if isinstance(index[1], slice) else None


def channel_mean(call: Any, tensor: Any, dim: Any = None, keepdim: bool = False) -> Operation | None:
    """The mean of all channels, pixel by pixel."""
    dims = tuple(dim) if isinstance(dim, (list, tuple)) else (dim,)
    return Operation(call, channels=lambda _: 1) if dims in ((1,), (-3,)) and keepdim else None


def channel_repetition(call: Any, tensor: Any, repeats: Any, dim: Any = None) -> Operation | None:
    """Every channel several times."""
    fits = isinstance(repeats, int) and dim in (1, -3)
    return Operation(call, channels=lambda count: count * repeats) if fits else None


def as_type(call: Any, tensor: Any, like: Any) -> Operation | None:
    """Only of tensors that have the other's type already, as the networks of inference have."""
    return IDENTITY if not isinstance(tensor, Tensor) else None


# ---- what graphs ask of nodes ----------------------------------------------------------------------------------------


def is_image_mean(node: fx.Node, layer: nn.Module | None) -> bool:
    """Tell whether a node is the mean of every channel over the whole image, (1, C, 1, 1)."""
    if layer is not None:
        return type(layer) is nn.AdaptiveAvgPool2d and layer.output_size in (1, (1, 1))
    if node.target is F.adaptive_avg_pool2d:
        return tuple(node.args[1:]) in ((1,), ((1, 1),))
    if node.target in (torch.mean, "mean"):
        dims = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
        keep = node.kwargs.get("keepdim", node.args[2] if len(node.args) > 2 else False)
        return isinstance(dims, (list, tuple)) and sorted(one % 4 for one in dims) == [2, 3] and bool(keep)
    return False


def pieces(node: fx.Node, values: Mapping[fx.Node, Any]) -> list[tuple[int, int]]:
    """Return first and last channel of each piece that a node splits a tensor into; none for other nodes."""
    names = (torch.chunk, torch.split, "chunk", "split")
    parts = values.get(node)
    source = values.get(node.args[0]) if node.args and isinstance(node.args[0], fx.Node) else None
    if node.target not in names or not isinstance(parts, (list, tuple)) or source is None:
        return []
    if any(part.shape[2:] != source.shape[2:] or part.ndim != 4 for part in parts):
        return []
    ends = list(accumulate(part.shape[1] for part in parts))
    return list(zip([0, *ends[:-1]], ends, strict=True))


def cropping(node: fx.Node, values: Mapping[fx.Node, Any]) -> Operation | None:
    """Return how rows and columns are cut off, for ``x[:, :, 2:-2, :8]`` of a known size; None for other indices."""
    before: Any = values.get(node.args[0])  # type: ignore[arg-type]
    after: Any = values.get(node)
    index: Any = node.args[1]
    if not isinstance(index, tuple) or before is None or after is None or before.ndim != 4 or after.ndim != 4:
        return None
    if index[0] is Ellipsis:
        index = (*(slice(None),) * (5 - len(index)), *index[1:])
    if len(index) not in (3, 4) or any(not isinstance(one, slice) or one.step not in (None, 1) for one in index):
        return None
    if index[:2] != (slice(None),) * 2:
        return None
    ends = [one.indices(side)[:2] for one, side in zip(index[2:], before.shape[2:], strict=False)]
    ends += [(0, side) for side in before.shape[2 + len(ends) :]]
    (top, bottom), (left, right) = ends
    height, width = before.shape[2:]
    if (height, width) == (bottom - top, right - left):
        return IDENTITY
    return pad_rows(-left, right - width, -top, bottom - height, 0.0)


def channel_slice(call: Any, tensor: Any, index: Any) -> Operation | None:
    """Only channels may be selected: ``x[:, 1:4]``."""
    chosen = _channels(index)
    return None if chosen is None else Operation(call, channels=lambda sizes: len(range(sizes)[chosen]))


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
    "setitem": channel_assignment,
    "mean": channel_mean,
    "type_as": as_type,
    "repeat_interleave": channel_repetition,
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
