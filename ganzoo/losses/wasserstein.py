"""The Wasserstein loss, and the distance that a critic estimates (arXiv:1701.07875, arXiv:1704.00028)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

Logits = Tensor | list[Tensor]


class WassersteinLoss:
    """D minimizes mean D(G(z)) - mean D(x), G minimizes -mean D(G(z)) (algorithm 1, lines 5 and 10).

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


class WassersteinGradientPenaltyLoss:
    """The critic's difference of means, with the norm of its gradient pulled to 1 (arXiv:1704.00028, equation 3).

    Use a discriminator without batch norm: the penalty is meant for each input alone (section 4 of the paper).
    """

    def __init__(self, penalty: float = 10.0) -> None:
        self.penalty = penalty

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return mean D(G(z)) - mean D(x)."""
        return fake_logits.mean() - real_logits.mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return -mean D(G(z))."""
        return -fake_logits.mean()

    def regularizer(
        self,
        discriminator: nn.Module,
        real_images: Tensor,
        fake_images: Tensor,
        uniform: Callable[..., Tensor] = torch.rand,
    ) -> Tensor:
        """Return penalty * mean (|grad D(u x + (1 - u) G(z))| - 1)**2 with u uniform in [0, 1] for each image."""
        mix = uniform(len(real_images), *[1] * (real_images.dim() - 1), device=real_images.device)
        between = (mix * real_images + (1 - mix) * fake_images).float().requires_grad_(True)
        with torch.autocast(between.device.type, enabled=False):
            # The critic's value of an image is the mean of its patches and scales, as in the halves above.
            logits = discriminator(between)
            scales = logits if isinstance(logits, (list, tuple)) else [logits]
            value = sum(scale.reshape(len(scale), -1).mean(1).sum() for scale in scales) / len(scales)
            (gradient,) = torch.autograd.grad(value, between, create_graph=True)
        penalty: Tensor = self.penalty * (gradient.flatten(1).norm(dim=1) - 1).square().mean()
        return penalty
