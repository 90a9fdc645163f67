"""What a network of feature maps must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Features(Protocol):
    """A torch module that makes maps of features, for perceptual and style losses, and for encoders.

    It is built with its weights, frozen and in evaluation mode. A recipe that has it as a part keeps it out of its
    ``networks``, for it is not trained, and moves it to where the pictures are by ``.to(images.device)``.

    label, weights_sha256   tell its weights from others
    channels     of each map
    reductions   pixels of the images that a step in each map is
    """

    label: str
    weights_sha256: str
    channels: tuple[int, ...]
    reductions: tuple[int, ...]

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Return maps (N, C_k, H_k, W_k), shallow to deep, of images (N, 1 or 3, H, W) in [-1, 1]; differentiable."""
        ...
