"""R1, the penalty on a discriminator's gradient at real images (arXiv:1801.04406)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.losses.logits import Logits, values_to_penalize


def r1(discriminator: Callable[[Tensor], Logits], real_images: Tensor, scales: str = "sum") -> Tensor:
    """Return the mean over images of |grad D(x)|**2 at real x (arXiv:1801.04406, equation 9 without gamma / 2).

    Use a discriminator without batch norm. With it, an image's score depends on the other images of the batch, and its
    gradient means little.

    Args:
        discriminator: Maps images to logits; of several patches, the mean counts.
        real_images: (N, C, H, W) or (N, C, T, H, W).
        scales: Of several, "sum" of each one's penalty, or the penalty of their "mean".

    Returns:
        A scalar, computed in float32 at least, with a graph to the discriminator's parameters. Multiply it by gamma /
        2.
    """
    images = real_images.detach().to(torch.promote_types(real_images.dtype, torch.float32)).requires_grad_(True)
    with torch.autocast(images.device.type, enabled=False):
        scores = values_to_penalize(discriminator(images), scales)
        gradients = [torch.autograd.grad(each.sum(), images, create_graph=True)[0] for each in scores]
    penalties = [gradient.flatten(1).square().sum(1).mean() for gradient in gradients]
    return sum(penalties[1:], penalties[0])


class R1:
    """Half of `r1`: the regularizer "r1", whose weight is the paper's gamma (arXiv:1801.04406, equation 9)."""

    def __call__(
        self,
        discriminator: Callable[[Tensor], Logits],
        real_images: Tensor,
        fake_images: Tensor,
        scales: str = "sum",
    ) -> Tensor:
        """Return half the mean over real images of |grad D(x)|**2."""
        return r1(discriminator, real_images, scales) / 2


class R2:
    """As `R1`, at generated images (arXiv:1801.04406, equation 10)."""

    def __call__(
        self,
        discriminator: Callable[[Tensor], Logits],
        real_images: Tensor,
        fake_images: Tensor,
        scales: str = "sum",
    ) -> Tensor:
        """Return half the mean over generated images of |grad D(x)|**2."""
        return r1(discriminator, fake_images, scales) / 2
