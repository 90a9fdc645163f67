"""Penalties on the slope of a discriminator."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Logits = Tensor | list[Tensor] | tuple[Tensor, ...]


def r1(discriminator: Callable[[Tensor], Logits], real_images: Tensor) -> Tensor:
    """Return the mean over pictures of |grad D(x)|**2 at real x, to be multiplied by gamma / 2.

    Mescheder et al. 2018, arXiv:1801.04406, equation 9 without its factor. A scalar, computed in float32 at least,
    with a graph to the discriminator's parameters. Use a discriminator without batch norm: there, a picture's value
    depends on the others of its batch, and its slope means little.
    """
    images = real_images.detach().to(torch.promote_types(real_images.dtype, torch.float32)).requires_grad_(True)
    with torch.autocast(images.device.type, enabled=False):
        values = value_of(discriminator(images))
        (slope,) = torch.autograd.grad(values.sum(), images, create_graph=True)
    return slope.flatten(1).square().sum(1).mean()


def value_of(logits: Logits) -> Tensor:
    """Return one value a picture, (N,): the mean over its patches, then over scales.

    That is what a loss's mean over all logits sees of a picture, so that a penalty is on the slope of what is
    trained, and is the same for a discriminator that says the same thing once or in 900 patches.
    """
    scales = logits if isinstance(logits, (list, tuple)) else [logits]
    return torch.stack([scale.reshape(len(scale), -1).mean(1) for scale in scales]).mean(0)
