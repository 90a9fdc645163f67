"""The non-saturating loss of the first GAN (arXiv:1406.2661, section 3)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


class NonSaturatingLoss:
    """D minimizes -log s(D(x)) - log(1 - s(D(G(z)))), G minimizes -log s(D(G(z))), with s the sigmoid.

    Args:
        real_label: D's target for real images; below 1 is one-sided label smoothing (arXiv:1606.03498, section 3.4).
    """

    decision_boundary = 0.0

    def __init__(self, real_label: float = 1.0) -> None:
        self.real_label = real_label

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the cross entropy of real logits plus that of fake logits, each a mean over logits."""
        real = F.softplus(-real_logits) * self.real_label + F.softplus(real_logits) * (1 - self.real_label)
        return real.mean() + F.softplus(fake_logits).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return -log s(D(G(z))), whose gradient does not vanish where D is confident."""
        return F.softplus(-fake_logits).mean()
