"""Layers of torch, computed by rows: which input rows each needs for rows of its output, and how it computes them.

Strips have the image's full width, so layers pad columns themselves, and only rows need care. Rows are counted from the
top. In a range ``first, last``, ``last`` is the row after the last one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.inference.tiling.axes import SAME, Axis, Interpolated, Spread, Window

Rows: TypeAlias = tuple[int, int]
Border: TypeAlias = "float | str"

MOVE_COST = 60  # operations that a core does in the time it takes to read and write one number
BORDERS: dict[str, Border] = {"zeros": 0.0, "reflect": "reflect", "replicate": "replicate"}  # padding_mode -> border


@dataclass(frozen=True)
class RowBlock:
    """Rows (1, C, n, W) of an image of ``height`` rows, from row ``first`` on."""

    rows: Tensor
    first: int
    height: int

    def cut(self, low: int, high: int, border: Border) -> Tensor:
        """Return the rows low..high. Rows outside the image are filled in by ``border``; all others must be there."""
        if low >= 0 and high <= self.height:
            return self.rows[:, :, low - self.first : high - self.first]
        if isinstance(border, str):
            places = [_inside(row, self.height, border) - self.first for row in range(low, high)]
            return self.rows.index_select(2, torch.tensor(places, device=self.rows.device))
        start = min(max(low, 0), self.height)
        stop = max(min(high, self.height), start)
        inside = self.rows[:, :, start - self.first : stop - self.first]
        above, below = max(0, min(high, 0) - low), max(0, high - max(low, self.height))
        return F.pad(inside, (0, 0, above, below), value=border)


def _inside(row: int, height: int, border: str) -> int:
    """Return the row inside the image that replaces one outside."""
    if border == "reflect":
        row = height - 1 - abs(height - 1 - abs(row))
    return min(max(row, 0), height - 1)


def _most(*counts: int) -> int:
    return max(counts)


@dataclass(frozen=True)
class Operation:
    """How rows of a layer's output are computed.

    Attributes:
        compute: Maps rows of the inputs to output rows; it pads columns itself.
        down: Which output rows depend on which input rows.
        across: Which output columns depend on which input columns.
        border: Content of rows outside the image: a number, "reflect" or "replicate".
        channels: Number of output channels, from those of the inputs.
        dtype: Of the output where it differs from the inputs.
        least_dtype: Of the output at least: inputs of a smaller type are promoted to it.
        work: Float operations for each number of the output.
        copies: Of the output that torch makes internally on a CPU, see `Graph.untiled_memory`.
        groups: Groups of channels that are normalized together over the whole image, 0 for each channel by itself;
            ``compute`` then takes the mean and the variance (C,) too. None: not normalized over the image.
    """

    compute: Callable[..., Tensor]
    down: Axis = SAME
    across: Axis = SAME
    border: Border = 0.0
    channels: Callable[..., int] = _most
    dtype: torch.dtype | None = None
    least_dtype: torch.dtype | None = None
    work: int = MOVE_COST
    copies: int = 0
    groups: int | None = None

    def input_rows(self, first: int, last: int, height: int) -> Rows:
        """Return the rows of an input of ``height`` rows that the output's rows first..last depend on."""
        low, high, _ = self.down.reach(first, last)
        if self.border == "reflect":
            low, high = min(low, 2 * height - 1 - high), max(high, 1 - low)
        return min(max(low, 0), height - 1), max(min(high, height), 1)

    def output_dtype(self, *dtypes: torch.dtype) -> torch.dtype:
        """Return the output's type for inputs of these types."""
        least = () if self.least_dtype is None else (self.least_dtype,)
        return self.dtype or reduce(torch.promote_types, (*dtypes, *least))

    def compute_rows(self, blocks: list[RowBlock], first: int, last: int, *statistics: Tensor) -> Tensor:
        """Return the output's rows first..last."""
        low, high, start = self.down.reach(first, last)
        output = self.compute(*(block.cut(low, high, self.border) for block in blocks), *statistics)
        return output[:, :, first - start : last - start]


IDENTITY = Operation(lambda rows: rows)


# ---- rules: None for options with which the layer cannot be computed by rows -----------------------------------------


def conv_layer(layer: nn.Conv2d) -> Operation | None:
    return convolution(
        layer.weight, layer.bias, layer.stride, layer.padding, layer.dilation, layer.groups, layer.padding_mode
    )


def convolution(
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    mode: str = "zeros",
) -> Operation | None:
    if mode not in BORDERS:
        return None
    border, stride, dilation = BORDERS[mode], _pair(stride), _pair(dilation)
    extents = [step * (size - 1) + 1 for step, size in zip(dilation, weight.shape[2:], strict=True)]
    pads = [_padding(padding, axis, extents[axis]) for axis in (0, 1)]
    native = pads[1][0] if mode == "zeros" and pads[1][0] == pads[1][1] else 0

    def compute(rows: Tensor) -> Tensor:
        wide = rows if native else _pad_columns(rows, pads[1], border)
        return F.conv2d(wide, weight, bias, stride, (0, native), dilation, groups)

    down, across = (Window(extents[axis], stride[axis], *pads[axis]) for axis in (0, 1))
    work = MOVE_COST + 2 * weight[0].numel()
    return Operation(compute, down, across, border, lambda _: len(weight), work=work, copies=1)


def transposed_layer(layer: nn.ConvTranspose2d) -> Operation | None:
    return transposed(
        layer.weight, layer.bias, layer.stride, layer.padding, layer.output_padding, layer.groups, layer.dilation
    )


def transposed(
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Operation:
    stride, padding, extra, dilation = map(_pair, (stride, padding, output_padding, dilation))

    def compute(rows: Tensor) -> Tensor:
        return F.conv_transpose2d(rows, weight, bias, stride, (0, padding[1]), (0, extra[1]), groups, dilation)

    extents = [step * (size - 1) + 1 for step, size in zip(dilation, weight.shape[2:], strict=True)]
    down, across = (Spread(extents[axis], stride[axis], padding[axis], extra[axis]) for axis in (0, 1))
    work = MOVE_COST + 2 * weight[:, 0].numel() // (groups * stride[0] * stride[1])
    return Operation(compute, down, across, channels=lambda _: weight.shape[1] * groups, work=work, copies=2)


def pad_rows(left: int, right: int, top: int, bottom: int, border: Border) -> Operation:
    def compute(rows: Tensor) -> Tensor:
        return _pad_columns(rows, (left, right), border)

    return Operation(compute, Window(before=top, after=bottom), Window(before=left, after=right), border)


def pad_layer(border: Border, layer: Any) -> Operation:
    left, right, top, bottom = layer.padding
    return pad_rows(left, right, top, bottom, getattr(layer, "value", border))


def average_pool(layer: nn.AvgPool2d) -> Operation | None:
    size, stride, pad = map(_pair, (layer.kernel_size, layer.stride, layer.padding))
    if layer.ceil_mode or (any(pad) and not (layer.count_include_pad or layer.divisor_override)):
        return None

    def compute(rows: Tensor) -> Tensor:
        return F.avg_pool2d(rows, size, stride, (0, pad[1]), divisor_override=layer.divisor_override)

    down, across = (Window(size[axis], stride[axis], pad[axis], pad[axis]) for axis in (0, 1))
    return Operation(compute, down, across)


def max_pool(layer: nn.MaxPool2d) -> Operation | None:
    size, stride, pad, dilation = map(_pair, (layer.kernel_size, layer.stride, layer.padding, layer.dilation))
    if layer.ceil_mode or layer.return_indices:
        return None

    def compute(rows: Tensor) -> Tensor:
        return F.max_pool2d(rows, size, stride, (0, pad[1]), dilation)

    extents = [step * (one - 1) + 1 for step, one in zip(dilation, size, strict=True)]
    down, across = (Window(extents[axis], stride[axis], pad[axis], pad[axis]) for axis in (0, 1))
    return Operation(compute, down, across, -math.inf)


def enlargement(compute: Callable[..., Tensor], factor: Any, mode: str, align_corners: bool | None) -> Operation | None:
    scales = _pair(factor)
    if any(scale is None or scale < 1 or scale != int(scale) for scale in scales) or align_corners:
        return None
    if mode in ("nearest", "nearest-exact"):
        down, across = (Spread(int(scale), int(scale)) for scale in scales)
        return Operation(compute, down, across)
    if mode == "bilinear":
        return Operation(compute, Interpolated(int(scales[0])), Interpolated(int(scales[1])), "replicate")
    return None


def upsample(layer: nn.Upsample) -> Operation | None:
    return enlargement(layer, layer.scale_factor, layer.mode, layer.align_corners)


def pixel_shuffle(layer: nn.PixelShuffle) -> Operation:
    scale = layer.upscale_factor
    return Operation(layer, Spread(scale, scale), Spread(scale, scale), channels=lambda count: count // scale**2)


def pixel_unshuffle(layer: nn.PixelUnshuffle) -> Operation:
    scale = layer.downscale_factor
    return Operation(layer, Window(scale, scale), Window(scale, scale), channels=lambda count: count * scale**2)


def norm(layer: Any) -> Operation:
    """Norms without running statistics use those of the image."""
    if getattr(layer, "running_mean", None) is not None:
        return Operation(layer)

    def compute(rows: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        weight, bias = (None if term is None else term.float() for term in (layer.weight, layer.bias))
        return F.batch_norm(rows.float(), mean, variance, weight, bias, False, 0.0, layer.eps).to(rows.dtype)

    return Operation(compute, groups=getattr(layer, "num_groups", 0))


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _padding(padding: Any, axis: int, extent: int) -> Rows:
    """Return how many rows (axis 0) or columns (1) a convolution pads; torch pads the odd one of "same" at the end."""
    if isinstance(padding, str):
        total = extent - 1 if padding == "same" else 0
        return total // 2, total - total // 2
    return (_pair(padding)[axis],) * 2


def _pad_columns(rows: Tensor, columns: Rows, border: Border) -> Tensor:
    if not any(columns):
        return rows
    if isinstance(border, str):
        return F.pad(rows, (*columns, 0, 0), border)
    return F.pad(rows, (*columns, 0, 0), value=border)


MODULES: dict[type[nn.Module], Callable[[Any], Operation | None]] = {
    nn.Conv2d: conv_layer,
    nn.ConvTranspose2d: transposed_layer,
    nn.ReflectionPad2d: partial(pad_layer, "reflect"),
    nn.ReplicationPad2d: partial(pad_layer, "replicate"),
    nn.ZeroPad2d: partial(pad_layer, 0.0),
    nn.ConstantPad2d: partial(pad_layer, 0.0),
    nn.AvgPool2d: average_pool,
    nn.MaxPool2d: max_pool,
    nn.Upsample: upsample,
    nn.UpsamplingNearest2d: upsample,
    nn.PixelShuffle: pixel_shuffle,
    nn.PixelUnshuffle: pixel_unshuffle,
    **dict.fromkeys((nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm), norm),
    **dict.fromkeys((nn.Identity, nn.Dropout, nn.Dropout2d, nn.AlphaDropout), lambda _: IDENTITY),  # in evaluation
    **dict.fromkeys((nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU), Operation),
    **dict.fromkeys((nn.Mish, nn.Tanh, nn.Sigmoid, nn.Softplus, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid), Operation),
}


def module_operation(layer: nn.Module) -> Operation | None:
    """Return how a layer is computed by rows, or None where that is unknown. Layers are matched by their exact type."""
    if layer._forward_hooks or layer._forward_pre_hooks:
        return None
    rule = MODULES.get(type(layer))
    return rule(layer) if rule else None
