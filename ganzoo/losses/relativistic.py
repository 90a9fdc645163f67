"""Relativistic losses: how much more real a real image is than a generated one (arXiv:1807.00734)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


class RelativisticLoss:
    """Each real image is compared with one generated image (RSGAN of arXiv:1807.00734).

    With C the logit and s the sigmoid, D minimizes -log s(C(x) - C(G(z))) and G minimizes -log s(C(G(z)) - C(x)).
    Pairs are images, and patches, at the same position of real and fake logits.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return -mean log s(C(x) - C(G(z)))."""
        return F.softplus(fake_logits - real_logits).mean()

    def generator(self, fake_logits: Tensor, real_logits: Tensor) -> Tensor:
        """Return -mean log s(C(G(z)) - C(x))."""
        return F.softplus(real_logits - fake_logits).mean()


class RelativisticAverageLoss:
    """Each image is compared with the mean of the other kind (RaSGAN of arXiv:1807.00734).

    The mean is over all logits of the micro-batch in this process. Gradients flow through it, as in the paper.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return -mean log s(C(x) - mean C(G(z))) - mean log(1 - s(C(G(z)) - mean C(x)))."""
        real = F.softplus(fake_logits.mean() - real_logits).mean()
        return real + F.softplus(fake_logits - real_logits.mean()).mean()

    def generator(self, fake_logits: Tensor, real_logits: Tensor) -> Tensor:
        """Return the discriminator's half with real and fake exchanged."""
        return self.discriminator(fake_logits, real_logits)
