"""Color transfer: a photograph in the colors of a painting, the start of style transfer and the target of its content.

A linear map takes the mean and covariance of the photograph's colors to those of the painting. Of all such maps it
changes colors least: it is the optimal transport between two normal distributions. arXiv:1606.05897 describes color
transfer by means and covariances in the other direction, to preserve the photograph's colors.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import at_least_float32

MIN_VARIANCE = 1e-4  # of a color, so that gray images can be mapped to colored ones and back


def transfer_colors(images: Tensor, style: Tensor) -> Tensor:
    """Give images (N, 3, H, W) the mean and covariance of the colors of ``style`` (N or 1, 3, h, w), all in [-1, 1]."""
    flat, mean, image_covariance = _moments(images)
    _, style_mean, style_covariance = _moments(style)
    root = _power(image_covariance, 0.5)
    back = _power(image_covariance, -0.5)
    transport = back @ _power(root @ style_covariance @ root, 0.5) @ back
    return (transport @ (flat - mean) + style_mean).view(images.shape).clamp(-1, 1).to(at_least_float32(images).dtype)


def _moments(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return colors (N, 3, P), their mean (N, 3, 1) and covariance (N, 3, 3), in float64."""
    flat = images.double().flatten(2)
    mean = flat.mean(2, keepdim=True)
    off = flat - mean
    covariance = off @ off.transpose(1, 2) / flat.shape[2]
    return flat, mean, covariance + MIN_VARIANCE * torch.eye(3, dtype=flat.dtype, device=flat.device)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Return a power of symmetric matrices (N, 3, 3)."""
    values, vectors = torch.linalg.eigh(matrix)
    scaled = vectors * values.clamp(min=1e-9).pow(exponent)[:, None]
    return scaled @ vectors.transpose(1, 2)
