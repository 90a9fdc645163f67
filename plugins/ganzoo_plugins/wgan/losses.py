"""The Wasserstein loss, and the distance that a critic estimates (arXiv:1701.07875, equations 2 and 3)."""

from __future__ import annotations

from torch import Tensor

Logits = Tensor | list[Tensor]


class WassersteinLoss:
    """D minimises mean D(G(z)) - mean D(x), G minimises -mean D(G(z)) (algorithm 1, lines 5 and 10).

    It bounds nothing by itself: the critic's slope must be bounded, by clipped weights or a penalty.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the negative of the estimated distance."""
        return fake_logits.mean() - real_logits.mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return -mean D(G(z))."""
        return -fake_logits.mean()


def estimate(real_logits: Logits, fake_logits: Logits) -> Tensor:
    """Return mean D(x) - mean D(G(z)), without gradient: the distance, up to the critic's Lipschitz constant.

    Of several scales, the mean over them.
    """
    real, fake = (each if isinstance(each, list) else [each] for each in (real_logits, fake_logits))
    differences = [x.detach().float().mean() - y.detach().float().mean() for x, y in zip(real, fake, strict=True)]
    return sum(differences[1:], differences[0]) / len(differences)
