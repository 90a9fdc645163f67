"""Any adversarial loss, applied to multi-scale discriminators as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from ganzoo.losses.precision import at_least_float32
from ganzoo.losses.regularizer import regularize


class MultiScaleLoss:
    """A loss that also takes lists of logits, one tensor a scale, and returns the mean over scales.

    Logits in half precision are converted to float32 first, so that it stops at the networks.

    Args:
        loss: A `ganzoo.Loss`, for one scale.
    """

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def discriminator(self, real_logits: Any, fake_logits: Any) -> Tensor:
        return _mean(self.loss.discriminator, real_logits, fake_logits)

    def generator(self, fake_logits: Any) -> Tensor:
        return _mean(self.loss.generator, fake_logits)

    def regularizer(
        self, discriminator: Any, real_images: Tensor, fake_images: Tensor, uniform: Callable[..., Tensor] | None = None
    ) -> Tensor | float:
        """Return the regularizer of the loss, 0 if it has none; ``uniform`` draws its random numbers."""
        return regularize(self.loss, discriminator, real_images, fake_images, uniform)


def _mean(half: Callable[..., Tensor], *logits: Any) -> Tensor:
    if not isinstance(logits[0], (list, tuple)):
        return half(*map(at_least_float32, logits))
    per_scale = [half(*map(at_least_float32, scale)) for scale in zip(*logits, strict=True)]
    return sum(per_scale[1:], per_scale[0]) / len(per_scale)
