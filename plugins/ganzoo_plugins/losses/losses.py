"""Losses that belong to no one architecture: hinge and Wasserstein with gradient penalty."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class HingeLoss:
    """D minimises max(0, 1 - D(x)) + max(0, 1 + D(G(z))), G minimises -D(G(z)) (arXiv:1705.02894)."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Return the mean hinge of both halves."""
        return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """Return -mean D(G(z))."""
        return -fake_logits.mean()


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
        return self.penalty * (gradient.flatten(1).norm(dim=1) - 1).square().mean()
