"""What a network of feature maps must be, for perceptual losses and encoders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Features(Protocol):
    """A ``torch.nn.Module`` that computes feature maps, for perceptual and style losses and for encoders.

    It is built with its weights, frozen and in evaluation mode. It is not trained, so a recipe does not put it among
    its
    ``networks``, and moves it to the right device itself: ``features.to(images.device)``.

    Attributes:
        label: Name of these weights, lower case.
        weights_sha256: 64 hex digits that identify the weights.
        channels: Channels of each map.
        reductions: Size of one step in each map, in pixels of the image.
    """

    label: str
    weights_sha256: str
    channels: tuple[int, ...]
    reductions: tuple[int, ...]

    def __call__(self, images: Tensor) -> list[Tensor]:
        """Compute feature maps; gradients flow back to the images.

        Args:
            images: (N, 1 or 3, H, W) in [-1, 1].

        Returns:
            Maps (N, channels[k], ceil(H / reductions[k]), ceil(W / reductions[k])), shallow to deep.
        """
        ...
