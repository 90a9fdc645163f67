"""A loss is two functions of logits; with ``--part loss=squared-hinge`` every recipe can use it."""

from __future__ import annotations

from torch import Tensor


class SquaredHingeLoss:
    """With h(x) = max(0, margin - x)**2, D minimizes h(D(x)) + h(-D(G(z))), and G minimizes h(D(G(z)))."""

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = margin

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the sum of both halves, each a mean over logits."""
        return self._hinge(real_logits) + self._hinge(-fake_logits)

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return what pulls the fakes' logits up to the margin."""
        return self._hinge(fake_logits)

    def _hinge(self, logits: Tensor) -> Tensor:
        return (self.margin - logits).clamp(min=0).square().mean()
