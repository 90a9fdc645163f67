"""The hinge loss (arXiv:1705.02894)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


class HingeLoss:
    """D minimizes max(0, 1 - D(x)) + max(0, 1 + D(G(z))), G minimizes -D(G(z)) (arXiv:1705.02894)."""

    decision_boundary = 0.0

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return mean max(0, 1 - D(x)) + mean max(0, 1 + D(G(z)))."""
        return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return -mean D(G(z))."""
        return -fake_logits.mean()
