"""Layers with equalized learning rate (arXiv:1710.10196, section 4.1), and convolutions that styles modulate."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TAPS = (1 / 8, 3 / 8, 3 / 8, 1 / 8)  # the filter of every resampling (arXiv:1912.04958, appendix B)


class EqualLinear(nn.Module):
    """A linear layer whose weights are drawn from N(0, 1 / rate) and scaled by rate / sqrt(inputs) when used.

    ``rate`` multiplies the learning rate; ``bias`` is the initial bias.
    """

    def __init__(self, inputs: int, outputs: int, rate: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias / rate))
        self.scale, self.rate = rate / math.sqrt(inputs), rate

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, out) of (N, in), with weights scaled at run time (arXiv:1710.10196)."""
        return F.linear(features, self.weight * self.scale, self.bias * self.rate)


class EqualConv2d(nn.Module):
    """A convolution whose weights are drawn from N(0, 1) and scaled by 1 / sqrt(fan in) when used.

    ``halves``: stride 2 after the resampling filter, to (H/2, W/2); otherwise padded to (H, W).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, halves: bool = False, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.padding, self.halves = 1 / math.sqrt(inputs * kernel**2), kernel // 2, halves

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, out, H, W) of (N, in, H, W), or half the size, with weights scaled at run time."""
        pad = self.padding
        if self.halves:  # 4 taps lie between pixels: one more pixel on each side preserves the center
            features, pad = blur(features, pad + 1, pad + 1), 0
        return F.conv2d(features, self.weight * self.scale, self.bias, 2 if self.halves else 1, pad)


class ModulatedConv2d(nn.Module):
    """A convolution whose input channels are scaled by a style, for each image (arXiv:1912.04958, equations 1 to 3).

    Scaling weights is the same as scaling inputs and outputs: y_j = d_j * sum_i w_ij * (s_i x_i), with
    d_j = 1 / sqrt(sum_ik (s_i w_ijk)**2 + 1e-8), so that all images share one convolution.

    ``doubles``: (H, W) to (2H, 2W), by a transposed convolution and the resampling filter; kernel 3.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, style: int, doubles: bool = False, demodulates: bool = True
    ) -> None:
        super().__init__()
        self.style = EqualLinear(style, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale, self.padding = 1 / math.sqrt(inputs * kernel**2), kernel // 2
        self.doubles, self.demodulates = doubles, demodulates

    def forward(self, features: Tensor, w: Tensor) -> Tensor:
        """Features (N, inputs, H, W) and w (N, style) to (N, outputs, H, W) or (N, outputs, 2H, 2W)."""
        style, weight = self.style(w), self.weight * self.scale
        features = features * style[:, :, None, None].to(features.dtype)
        if self.doubles:
            features = blur(F.conv_transpose2d(features, weight.transpose(0, 1), stride=2), 1, 1, gain=4)
        else:
            features = F.conv2d(features, weight, padding=self.padding)
        if not self.demodulates:
            return features
        squares = F.linear(style.square(), weight.square().sum((2, 3)))
        return features * torch.rsqrt(squares + 1e-8)[:, :, None, None].to(features.dtype)


def blur(features: Tensor, before: int, after: int, gain: float = 1.0) -> Tensor:
    """Filter (N, C, H, W) by `TAPS` in both directions, zero padded; sizes grow by before + after - 3."""
    line = torch.tensor(TAPS, dtype=features.dtype, device=features.device)
    kernel = (gain * line[:, None] * line[None, :]).expand(features.shape[1], 1, 4, 4)
    padded = F.pad(features, (before, after, before, after))
    return F.conv2d(padded, kernel, groups=features.shape[1])


def double(images: Tensor) -> Tensor:
    """Enlarge (N, C, H, W) to (N, C, 2H, 2W): zeros between pixels, then the filter."""
    count, channels, height, width = images.shape
    spread = F.pad(images[:, :, :, None, :, None], (0, 1, 0, 0, 0, 1)).reshape(count, channels, 2 * height, 2 * width)
    return blur(spread, 2, 1, gain=4)


def activate(features: Tensor) -> Tensor:
    """Leaky ReLU of slope 0.2, times sqrt(2), which preserves the variance."""
    return F.leaky_relu(features, 0.2) * math.sqrt(2)
