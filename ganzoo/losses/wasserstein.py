"""The Wasserstein loss, and the distance that a critic estimates (arXiv:1701.07875, arXiv:1704.00028)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ganzoo.losses.gradient_penalty import gradient_penalty
from ganzoo.losses.logits import Logits
from ganzoo.losses.precision import at_least_float32


class WassersteinLoss:
    """D minimizes mean D(G(z)) - mean D(x), G minimizes -mean D(G(z)) (arXiv:1701.07875, algorithm 1).

    The critic must be kept close to 1-Lipschitz in another way, by clipped weights or a penalty.
    """

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the negative of the estimated distance."""
        return fake_logits.mean() - real_logits.mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return -mean D(G(z))."""
        return -fake_logits.mean()


class WassersteinGradientPenaltyLoss(WassersteinLoss):
    """The Wasserstein loss with the norm of the critic's gradient pulled to 1 (arXiv:1704.00028, equation 3).

    Args:
        penalty: The weight of the gradient penalty, lambda in the paper.
    """

    def __init__(self, penalty: float = 10.0) -> None:
        self.penalty = penalty

    def regularizer(
        self,
        discriminator: Any,
        real_images: Tensor,
        fake_images: Tensor,
        uniform: Callable[..., Tensor] = torch.rand,
        scales: str = "sum",
    ) -> Tensor:
        """Return ``penalty`` times `gradient_penalty`, which draws one number for each image from ``uniform``."""
        return self.penalty * gradient_penalty(discriminator, real_images, fake_images, uniform, scales)


def estimate_distance(real_logits: Logits, fake_logits: Logits) -> Tensor:
    """Return mean D(x) - mean D(G(z)), without gradient: the distance, up to the critic's Lipschitz constant.

    For lists of logits, the mean over scales.
    """
    real, fake = (each if isinstance(each, (list, tuple)) else [each] for each in (real_logits, fake_logits))
    differences = [
        at_least_float32(x.detach()).mean() - at_least_float32(y.detach()).mean()
        for x, y in zip(real, fake, strict=True)
    ]
    return sum(differences[1:], differences[0]) / len(differences)
