"""3x3 convolutions by Winograd's F(4x4, 3x3), which trains on a CPU with a quarter of the multiplications.

PyTorch's CPU kernels compute a 3x3 convolution directly. CycleGAN's generator spends most of its time in such layers
(256 channels in every residual block), where Winograd's transforms (arXiv:1509.09308, section 4.3) make a training
step 1.2 to 1.5 times as fast. Weights, results and gradients are those of `torch.nn.Conv2d`, to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


class WinogradConv2d(nn.Conv2d):
    """A 3x3 convolution, stride 1, no padding, that uses Winograd's algorithm where it pays.

    It pays when training in float32 on a CPU with enough channels and pixels. Relative errors are then 8e-7 instead of
    2e-7. Half precision, GPUs and inference use the plain convolution.

    Attributes:
        least_channels: With fewer input or output channels the transforms cost more than they save.
        least_tiles: The same for the number of 4x4 tiles in a batch.
    """

    same_as = nn.Conv2d
    least_channels, least_tiles = 256, 64

    def forward(self, features: Tensor) -> Tensor:
        """Convolve (N, C, H, W) by 3x3 kernels, without padding: (N, out, H - 2, W - 2)."""
        if not (self.training and torch.is_grad_enabled() and self.pays(features)):
            return super().forward(features)
        out: Tensor = Winograd.apply(features.contiguous(memory_format=torch.channels_last), self.weight)
        return out if self.bias is None else out + self.bias[:, None, None]

    def pays(self, features: Tensor) -> bool:
        """Tell whether tiles of 4x4 fit and there are enough of them."""
        if features.device.type != "cpu" or features.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
            return False
        count, _, high, wide = features.shape
        enough = count * (high // 4) * (wide // 4) >= self.least_tiles
        return high % 4 == 2 == wide % 4 and enough and min(self.weight.shape[:2]) >= self.least_channels


# Where the polynomials that stand for pixels and weights are multiplied; the sixth point is infinity. With 0, 1, -1, 2
# and -2, which are usual, rounding errors are 2.3 times as large. arXiv:1803.10986 says why; these were found by trial.
POINTS = (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)
WEIGHTS, RESULTS = 3, 4  # of a row


def _product(points: Iterable[float]) -> list[float]:
    """Return the coefficients of the product of all (x - point), that of x^0 first."""
    found = [1.0]
    for point in points:
        found = [times_x - point * same for times_x, same in zip([0.0, *found], [*found, 0.0], strict=True)]
    return found


def _others(point: float) -> list[float]:
    return [one for one in POINTS if one != point]


# The transforms of a row of pixels, weights and results (Lavin and Gray, arXiv:1509.09308, section 4).
PIXEL_TRANSFORM = [*([*_product(_others(one)), 0.0] for one in POINTS), _product(POINTS)]
WEIGHT_TRANSFORM = [
    [one**power / math.prod(one - other for other in _others(one)) for power in range(WEIGHTS)] for one in POINTS
]
WEIGHT_TRANSFORM += [[0.0, 0.0, 1.0]]
RESULT_TRANSFORM = [[*(one**power for one in POINTS), float(power == RESULTS - 1)] for power in range(RESULTS)]


def transform_matrix(rows: list[list[float]], like: Tensor) -> Tensor:
    """Return the matrix that transforms flattened squares, along both axes."""
    matrix = torch.tensor(rows, dtype=torch.float64)
    return torch.kron(matrix, matrix).to(like)


class Winograd(torch.autograd.Function):
    """Features (N, C, 4s + 2, 4t + 2) and weights (K, C, 3, 3) to (N, K, 4s, 4t), computed channels last.

    Tiles of 6x6 pixels that overlap by 2, and the filters, are transformed to 36 numbers each. For each of the 36, one
    matrix product sums over the channels. The results are transformed back to tiles of 4x4. Only the inputs are saved
    for the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor) -> Tensor:
        """Return the convolution (N, out, H, W) of features by a weight (out, in, 3, 3), in squares of 4x4 pixels."""
        ctx.save_for_backward(features, weight)
        count, _, high, wide = features.shape
        down, across = high // 4, wide // 4
        products = torch.bmm(tiles(features), filters(weight).transpose(1, 2))
        results = transform_matrix(RESULT_TRANSFORM, features) @ products.flatten(1)
        squares = results.view(4, 4, count, down, across, len(weight)).permute(2, 3, 0, 4, 1, 5)
        return squares.reshape(count, 4 * down, 4 * across, len(weight)).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *output_gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return the gradients of features and weight, None for what needs none."""
        features, weight = ctx.saved_tensors
        (output_gradient,) = output_gradients
        count, outputs, high, wide = output_gradient.shape
        squares = output_gradient.permute(0, 2, 3, 1).reshape(count, high // 4, 4, wide // 4, 4, outputs)
        rows = transform_matrix(RESULT_TRANSFORM, output_gradient).t() @ squares.permute(2, 4, 0, 1, 3, 5).reshape(
            16, -1
        )
        products = rows.view(36, -1, outputs)
        features_gradient = weight_gradient = None
        if ctx.needs_input_grad[0]:
            features_gradient = untile(torch.bmm(products, filters(weight)), features)
        if ctx.needs_input_grad[1]:
            sums = torch.bmm(products.transpose(1, 2), tiles(features)).flatten(1)
            weight_gradient = (transform_matrix(WEIGHT_TRANSFORM, weight).t() @ sums).t().reshape(weight.shape)
        return features_gradient, weight_gradient


def tiles(features: Tensor) -> Tensor:
    """Return the transformed tiles of (N, C, H, W): (36, tiles, C)."""
    overlapping = features.permute(0, 2, 3, 1).unfold(1, 6, 4).unfold(2, 6, 4)  # (N, down, across, C, 6, 6)
    gathered = overlapping.permute(4, 5, 0, 1, 2, 3).reshape(36, -1)
    return (transform_matrix(PIXEL_TRANSFORM, features) @ gathered).view(36, -1, features.shape[1])


def filters(weight: Tensor) -> Tensor:
    """Return the transformed weights of (K, C, 3, 3): (36, K, C)."""
    return (transform_matrix(WEIGHT_TRANSFORM, weight) @ weight.reshape(-1, 9).t()).view(36, *weight.shape[:2])


def untile(products: Tensor, features: Tensor) -> Tensor:
    """Transform (36, tiles, C) back and sum the tiles at their places, as (N, C, H, W): the gradient of `tiles`.

    A tile's first four rows and columns belong to its own square, the last two to the next one.
    """
    count, channels, high, wide = features.shape
    down, across = high // 4, wide // 4
    flat = transform_matrix(PIXEL_TRANSFORM, products).t() @ products.flatten(1)
    parts = flat.view(6, 6, count, down, across, channels).permute(2, 3, 0, 4, 1, 5)
    out = products.new_zeros(count, down + 1, 4, across + 1, 4, channels)
    out[:, :down, :, :across] += parts[:, :, :4, :, :4]
    out[:, 1:, :2, :across] += parts[:, :, 4:, :, :4]
    out[:, :down, :, 1:, :2] += parts[:, :, :4, :, 4:]
    out[:, 1:, :2, 1:, :2] += parts[:, :, 4:, :, 4:]
    return out.view(count, 4 * down + 4, 4 * across + 4, channels)[:, :high, :wide].permute(0, 3, 1, 2)
