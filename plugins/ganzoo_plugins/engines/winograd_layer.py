"""A 3x3 convolution by Winograd's F(4x4, 3x3) for inference, with the filters transformed once."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganzoo.layers.winograd import PIXEL_TRANSFORM, RESULT_TRANSFORM, filters, transform_matrix


def is_wide(layer: nn.Module, least: int) -> bool:
    """Tell whether a layer is a plain float32 3x3 convolution with at least so many channels in and out."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.kernel_size == (3, 3)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.padding in ((0, 0), (1, 1))
        and layer.padding_mode == "zeros"
        and layer.weight.dtype == torch.float32
        and min(layer.in_channels, layer.out_channels) >= least
    )


class WinogradInference(nn.Module):
    """Computes what a convolution does, channels last, in squares of 4x4 pixels.

    Args:
        layer: A convolution of which `is_wide` is true. Its weights are not shared: the transformed ones are computed
            in float64.
    """

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.padding = int(layer.padding[0])
        weight = layer.weight.detach()
        self.filters = filters(weight.double()).transpose(1, 2).contiguous().float()
        self.pixels = transform_matrix(PIXEL_TRANSFORM, weight)
        self.results = transform_matrix(RESULT_TRANSFORM, weight)
        self.bias = None if layer.bias is None else layer.bias.detach()

    def forward(self, features: Tensor) -> Tensor:
        """Convolve (N, C, H, W) by 3x3 kernels: (N, out, H - 2, W - 2) without padding, else (N, out, H, W)."""
        pad = self.padding
        high, wide = (side + 2 * pad - 2 for side in features.shape[2:])
        down, across = -(-high // 4), -(-wide // 4)
        edges = (pad, 4 * across + 2 - features.shape[3] - pad, pad, 4 * down + 2 - features.shape[2] - pad)
        if any(edges):
            features = F.pad(features, edges)
        count, channels = features.shape[:2]
        last = features.permute(0, 2, 3, 1).contiguous()  # (N, H, W, C)
        image, row, column, _ = last.stride()
        steps = (row, column, image, 4 * row, 4 * column, 1)
        tiles = last.as_strided((6, 6, count, down, across, channels), steps).reshape(36, -1)
        products = torch.bmm((self.pixels @ tiles).view(36, -1, channels), self.filters)
        squares = (self.results @ products.view(36, -1)).view(4, 4, count, down, across, -1).permute(2, 3, 0, 4, 1, 5)
        out = squares.reshape(count, 4 * down, 4 * across, -1)[:, :high, :wide]
        out = out if self.bias is None else out + self.bias
        return out.permute(0, 3, 1, 2)
