"""A photograph in the colors of a painting, as where a transfer of style begins and what content is compared with.

Colors are moved by the linear map that takes the photograph's mean and covariance to the painting's and moves them
least: the optimal transport between two normal distributions. arXiv:1606.05897 describes color transfer by means and
covariances; it moves the painting's colors to the photograph's, to keep those.
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST = 1e-4  # variance of a color, so that gray pictures can be turned into colored ones and back


def colored(images: Tensor, style: Tensor) -> Tensor:
    """Return images (N, 3, H, W) with the mean and covariance of colors of ``style`` (N or 1, 3, h, w), in [-1, 1]."""
    flat, mean, own = _moments(images)
    _, wanted_mean, wanted = _moments(style)
    root = _power(own, 0.5)
    back = _power(own, -0.5)
    turned = back @ _power(root @ wanted @ root, 0.5) @ back
    return (turned @ (flat - mean) + wanted_mean).view(images.shape).clamp(-1, 1).float()


def _moments(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return colors (N, 3, P), their mean (N, 3, 1) and covariance (N, 3, 3), in float64."""
    flat = images.double().flatten(2)
    mean = flat.mean(2, keepdim=True)
    off = flat - mean
    covariance = off @ off.transpose(1, 2) / flat.shape[2]
    return flat, mean, covariance + LEAST * torch.eye(3, dtype=flat.dtype, device=flat.device)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Return a power of symmetric matrices (N, 3, 3)."""
    values, vectors = torch.linalg.eigh(matrix)
    scaled = vectors * values.clamp(min=1e-9).pow(exponent)[:, None]
    return scaled @ vectors.transpose(1, 2)
