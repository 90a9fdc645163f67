"""What a discriminator must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Discriminator(Protocol):
    """A torch module that scores images, or patches of them: high for real.

    It has ``image_size`` as well where it takes images of one size only, and ``frames`` where it takes clips
    (N, C, frames, H, W). One that is told the class takes labels (N,) int64 after the images and says so by
    ``conditional = True`` and ``classes``. One that tells the class itself has ``classes`` and
    ``classified(images) -> (logits, class_logits (N, classes))``, of one pass.
    """

    in_channels: int

    def __call__(self, images: Tensor, *labels: Tensor) -> Tensor | list[Tensor]:
        """Return logits for images (N, in_channels, H, W): any shape that starts with N, or a list, one a scale."""
        ...
