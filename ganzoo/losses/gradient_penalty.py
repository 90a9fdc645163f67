"""The gradient penalty of WGAN-GP (arXiv:1704.00028)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.losses.logits import Logits, values_to_penalize
from ganzoo.losses.precision import at_least_float32


def gradient_penalty(
    discriminator: Callable[[Tensor], Logits],
    real_images: Tensor,
    fake_images: Tensor,
    uniform: Callable[..., Tensor] = torch.rand,
    scales: str = "sum",
) -> Tensor:
    """Return mean (|grad D(u x + (1 - u) G(z))| - 1)**2 (arXiv:1704.00028, equation 3 without lambda).

    Use a discriminator without batch norm: the penalty is meant for each image alone (section 4).

    Args:
        discriminator: Maps images to logits; of several patches, the mean counts.
        real_images: (N, C, H, W) or (N, C, T, H, W).
        fake_images: The same shape.
        uniform: Draws u, one number in [0, 1) for each image: ``uniform(N, 1, 1, 1, device=...)``.
        scales: Of several, "sum" of each one's penalty, or the penalty of their "mean".

    Returns:
        A scalar, computed in float32 at least, with a graph to the discriminator's parameters. Multiply it by lambda.
    """
    mix = uniform(len(real_images), *[1] * (real_images.dim() - 1), device=real_images.device)
    between = at_least_float32(mix * real_images + (1 - mix) * fake_images).requires_grad_(True)
    with torch.autocast(between.device.type, enabled=False):
        scores = values_to_penalize(discriminator(between), scales)
        gradients = [torch.autograd.grad(each.sum(), between, create_graph=True)[0] for each in scores]
    penalties = [(gradient.flatten(1).norm(dim=1) - 1).square().mean() for gradient in gradients]
    total: Tensor = sum(penalties[1:], penalties[0])
    return total
