"""Instance norm that is correct and fast in both memory layouts."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class InstanceNorm(nn.InstanceNorm2d):
    """Normalize each channel of each image (arXiv:1607.08022), without learned scale or shift.

    Two other norms compute the same, each fast in one memory layout: group norm with one group a channel if channels
    come first, and batch norm of one image at a time if they come last. On CPUs, ``InstanceNorm2d`` is slower than
    either, and its input gradient is wrong for batch size 1 in channels_last.

    Args:
        num_features: Number of channels C of the features (N, C, H, W).
    """

    same_as = nn.InstanceNorm2d

    def forward(self, features: Tensor) -> Tensor:
        """Normalize each channel of (N, C, H, W) over its pixels to mean 0 and variance 1."""
        if features.device.type == "cpu" and not features.is_contiguous():
            each = [F.batch_norm(one, None, None, training=True, eps=1e-5) for one in torch.split(features, 1)]
            return each[0] if len(each) == 1 else torch.cat(each)
        return F.group_norm(features, features.shape[1], eps=1e-5)
