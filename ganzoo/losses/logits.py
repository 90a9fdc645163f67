"""Logits as discriminators return them: one score, one a patch, or a list with one map a scale."""

from __future__ import annotations

import torch
from torch import Tensor

Logits = Tensor | list[Tensor] | tuple[Tensor, ...]


def mean_per_image(logits: Logits) -> Tensor:
    """Return one value an image, (N,): the mean over its patches, then over scales.

    A penalty on its slope does not depend on whether a discriminator gives a score once, in 900 patches or at three
    scales.
    """
    scales = logits if isinstance(logits, (list, tuple)) else [logits]
    return torch.stack([scale.reshape(len(scale), -1).mean(1) for scale in scales]).mean(0)
