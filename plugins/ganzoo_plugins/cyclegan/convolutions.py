"""Two convolutions of the generator as CPUs compute them faster, with the weights and the results of `nn.Conv2d`."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ToFewChannels(nn.Conv2d):
    """A convolution to fewer channels than the 16 or 32 that CPUs compute at a time; stride 1, no padding.

    There its rows become channels of a convolution one row high, whose results are shifted and added, half precision
    in float32: 2.4 times as fast for 7x7 to RGB, forwards and backwards.
    """

    same_as = nn.Conv2d

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type != "cpu":
            return super().forward(features)
        rows = self.kernel_size[0]
        height = features.shape[2] - rows + 1
        flat = self.weight.permute(2, 0, 1, 3).reshape(rows * self.out_channels, self.in_channels, 1, -1)
        parts = F.conv2d(features, flat).unflatten(1, (rows, self.out_channels))
        exact = torch.promote_types(parts.dtype, torch.float32)
        shifted = [parts[:, row, :, row : row + height].to(exact) for row in range(rows)]
        out = sum(shifted[1:], shifted[0])
        return (out if self.bias is None else out + self.bias[:, None, None]).to(parts.dtype)


class WinogradConv2d(nn.Conv2d):
    """A 3x3 convolution, stride 1, no padding; trained in float32 on a CPU it takes a quarter of the products.

    That is Winograd's F(4x4, 3x3) (arXiv:1509.09308, section 4.3), 1.2 to 1.5 times as fast there at 256 channels,
    with relative errors of 2e-6 in place of 2e-7. Half precision, GPUs and inference keep the plain convolution.

    least_channels, least_tiles  with fewer the transforms cost more than they save
    """

    same_as = nn.Conv2d
    least_channels, least_tiles = 256, 64

    def forward(self, features: Tensor) -> Tensor:
        if not (self.training and torch.is_grad_enabled() and self.pays(features)):
            return super().forward(features)
        out: Tensor = Winograd.apply(features.contiguous(memory_format=torch.channels_last), self.weight)
        return out if self.bias is None else out + self.bias[:, None, None]

    def pays(self, features: Tensor) -> bool:
        """Say whether tiles of 4x4 fit and there are enough of them."""
        if features.device.type != "cpu" or features.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
            return False
        count, _, high, wide = features.shape
        enough = count * (high // 4) * (wide // 4) >= self.least_tiles
        return high % 4 == 2 == wide % 4 and enough and min(self.weight.shape[:2]) >= self.least_channels


# Lavin and Gray, arXiv:1509.09308, section 4.3: the transforms of a row of 6 pixels, 3 weights and 4 results.
OF_PIXELS = [[4, 0, -5, 0, 1, 0], [0, -4, -4, 1, 1, 0], [0, 4, -4, -1, 1, 0]]
OF_PIXELS += [[0, -2, -1, 2, 1, 0], [0, 2, -1, -2, 1, 0], [0, 4, 0, -5, 0, 1]]
OF_WEIGHTS = [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]  # times 1/24
OF_RESULTS = [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]


def both_ways(rows: list[list[int]], like: Tensor, scale: float = 1.0) -> Tensor:
    """Return the matrix that transforms flattened squares: by rows, then by columns."""
    matrix = torch.tensor(rows, dtype=torch.float64) * scale
    return torch.kron(matrix, matrix).to(like)


class Winograd(torch.autograd.Function):
    """(N, C, 4 s + 2, 4 t + 2) and weights (K, C, 3, 3) to (N, K, 4 s, 4 t), which is computed channels last.

    Tiles of 6x6 pixels that overlap by 2 and the weights go to 36 numbers each; a product of matrices for every one
    of the 36 sums over channels; the results come back as tiles of 4x4. Only inputs are kept for the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(features, weight)
        count, _, high, wide = features.shape
        down, across = high // 4, wide // 4
        products = torch.bmm(tiles(features), filters(weight).transpose(1, 2))
        results = both_ways(OF_RESULTS, features) @ products.flatten(1)
        squares = results.view(4, 4, count, down, across, len(weight)).permute(2, 3, 0, 4, 1, 5)
        return squares.reshape(count, 4 * down, 4 * across, len(weight)).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, Tensor | None]:
        features, weight = ctx.saved_tensors
        (slope,) = slopes
        count, outputs, high, wide = slope.shape
        squares = slope.permute(0, 2, 3, 1).reshape(count, high // 4, 4, wide // 4, 4, outputs)
        rows = both_ways(OF_RESULTS, slope).t() @ squares.permute(2, 4, 0, 1, 3, 5).reshape(16, -1)
        products = rows.view(36, -1, outputs)
        of_features = of_weight = None
        if ctx.needs_input_grad[0]:
            of_features = untile(torch.bmm(products, filters(weight)), features)
        if ctx.needs_input_grad[1]:
            sums = torch.bmm(products.transpose(1, 2), tiles(features)).flatten(1)
            of_weight = (both_ways(OF_WEIGHTS, weight, 1 / 24).t() @ sums).t().reshape(weight.shape)
        return of_features, of_weight


def tiles(features: Tensor) -> Tensor:
    """Return the transformed tiles of (N, C, H, W): (36, tiles, C)."""
    overlapping = features.permute(0, 2, 3, 1).unfold(1, 6, 4).unfold(2, 6, 4)  # (N, down, across, C, 6, 6)
    gathered = overlapping.permute(4, 5, 0, 1, 2, 3).reshape(36, -1)
    return (both_ways(OF_PIXELS, features) @ gathered).view(36, -1, features.shape[1])


def filters(weight: Tensor) -> Tensor:
    """Return the transformed weights of (K, C, 3, 3): (36, K, C)."""
    return (both_ways(OF_WEIGHTS, weight, 1 / 24) @ weight.reshape(-1, 9).t()).view(36, *weight.shape[:2])


def untile(products: Tensor, features: Tensor) -> Tensor:
    """Return the sum of tiles at their places, transformed back from (36, tiles, C), as (N, C, H, W): `tiles`' slope.

    A tile's first four rows and columns fall to its own square, the last two to the next one's.
    """
    count, channels, high, wide = features.shape
    down, across = high // 4, wide // 4
    flat = both_ways(OF_PIXELS, products).t() @ products.flatten(1)
    parts = flat.view(6, 6, count, down, across, channels).permute(2, 3, 0, 4, 1, 5)
    out = products.new_zeros(count, down + 1, 4, across + 1, 4, channels)
    out[:, :down, :, :across] += parts[:, :, :4, :, :4]
    out[:, 1:, :2, :across] += parts[:, :, 4:, :, :4]
    out[:, :down, :, 1:, :2] += parts[:, :, :4, :, 4:]
    out[:, 1:, :2, 1:, :2] += parts[:, :, 4:, :, 4:]
    return out.view(count, 4 * down + 4, 4 * across + 4, channels)[:, :high, :wide].permute(0, 3, 1, 2)
