"""What a generator must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Generator(Protocol):
    """A ``torch.nn.Module`` that generates images or clips. Its entry's task says from what (`ganzoo.contracts.tasks`).

    It need not import ganzoo. Besides ``out_channels`` it has the attributes that its task needs:

    Attributes:
        out_channels: Channels of the images: 1 for gray, 3 for RGB, any number of other data.
        latent_dim: From latents: their dimension.
        image_size: From latents: side of the images in pixels, their height if there is a width.
        image_width: From latents: their width in pixels. Optional; without it, images are square.
        in_channels: From images: their channels; ``out_channels`` may differ.
        stride: From images: heights and widths of the input are multiples of it.
        least: From images: the least height and width that it takes, in pixels. Optional.
        global_skip: From images: True if the output is the input plus a learned change. Optional.
        fit_to: From images: a method ``fit_to(teacher, images)`` that makes its weights an excerpt of a larger
            generator's, fitted on images (N, in_channels, H, W); for `ganzoo distill`. Optional.
        classes: If it takes labels: their number.
        frames: If it generates clips: their length.
        scale: For super-resolution: the factor on height and width.
    """

    out_channels: int

    def __call__(self, inputs: Tensor, *conditioning: Tensor) -> Tensor:
        """Generate images or clips.

        Args:
            inputs: Latents (N, latent_dim) drawn from N(0, 1), or images (N, in_channels, H, W) in [-1, 1].
            *conditioning: The further inputs of its task, by position: labels (N,) int64 in [0, classes), masks
                (N, 1, H, W) that are 1 where the image is missing, or styles (N or 1, 3, h, w) in [-1, 1].

        Returns:
            Images (N, out_channels, H, W) or clips (N, out_channels, frames, H, W), float32 in [-1, 1].
        """
        ...
