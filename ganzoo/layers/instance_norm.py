"""Instance norm as every family has it: right and fast in either layout."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class InstanceNorm(nn.InstanceNorm2d):
    """Normalize each channel of each picture (arXiv:1607.08022), without learned scale or shift.

    Two other norms are the same formula, each the fast one for a layout: group norm with one group a channel where
    channels come first, batch norm of one picture at a time where they come last. ``InstanceNorm2d`` is slower on
    CPUs than either, and its input gradient is wrong there for batch 1 in channels_last.
    """

    same_as = nn.InstanceNorm2d

    def forward(self, features: Tensor) -> Tensor:
        if features.device.type == "cpu" and not features.is_contiguous():
            each = [F.batch_norm(one, None, None, training=True, eps=1e-5) for one in torch.split(features, 1)]
            return each[0] if len(each) == 1 else torch.cat(each)
        return F.group_norm(features, features.shape[1], eps=1e-5)
