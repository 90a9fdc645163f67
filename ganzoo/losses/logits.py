"""Logits as discriminators return them: one score, one a patch, or a list with one map a scale."""

from __future__ import annotations

import torch
from torch import Tensor

Logits = Tensor | list[Tensor] | tuple[Tensor, ...]


def mean_per_image(logits: Logits) -> Tensor:
    """Return one value an image, (N,): the mean over its patches, then over scales."""
    return torch.stack(_by_scale(logits)).mean(0)


def values_to_penalize(logits: Logits, scales: str) -> list[Tensor]:
    """Return values of images whose slopes are penalized, (N,) each, and the penalties summed.

    Each is a mean over patches: a penalty does not depend on whether a discriminator gives a score once or in 900
    patches.

    Args:
        logits: As a discriminator returns them.
        scales: "sum": one value for each scale, which is a discriminator with a penalty of its own (arXiv:1711.11585,
            equation 2); "mean": one value, the mean over scales.
    """
    return _by_scale(logits) if scales == "sum" else [mean_per_image(logits)]


def _by_scale(logits: Logits) -> list[Tensor]:
    scales = logits if isinstance(logits, (list, tuple)) else [logits]
    return [scale.reshape(len(scale), -1).mean(1) for scale in scales]
