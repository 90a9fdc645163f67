"""The least-squares loss (arXiv:1611.04076, equation 7)."""

from __future__ import annotations

from torch import Tensor


class LeastSquaresLoss:
    """Squared distances of logits to labels (arXiv:1611.04076, equation 7).

    (a, b, c) = (0, 1, 1) is the paper's equation 9; (-1, 1, 0) is equation 8, which minimizes the Pearson
    chi-squared divergence.

    Args:
        a: D's label for generated images.
        b: D's label for real images.
        c: The label that G wants D to give to generated images.
        factor: The factor before every square, 1/2 in the paper.
    """

    def __init__(self, a: float = 0.0, b: float = 1.0, c: float = 1.0, factor: float = 0.5) -> None:
        self.a, self.b, self.c, self.factor = a, b, c, factor

    @property
    def decision_boundary(self) -> float:
        """The logit halfway between both labels."""
        return (self.a + self.b) / 2

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return factor * (mean (D(x) - b)**2 + mean (D(G(z)) - a)**2)."""
        return self.factor * ((real_logits - self.b).square().mean() + (fake_logits - self.a).square().mean())

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return factor * mean (D(G(z)) - c)**2."""
        return self.factor * (fake_logits - self.c).square().mean()
