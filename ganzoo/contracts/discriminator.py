"""What a discriminator must be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Discriminator(Protocol):
    """A ``torch.nn.Module`` that scores images or patches of them: high for real ones.

    It need not import ganzoo. Besides ``in_channels`` it can have more attributes:

    Attributes:
        in_channels: Channels of the images, or their sum for images stacked on channels (pix2pix).
        image_size: Side of the images in pixels, if it takes one size only; their height if there is a width.
        image_width: Their width in pixels. Optional; without it, images are square.
        frames: Length of the clips (N, C, frames, H, W), if it scores clips.
        conditional: True if it takes labels (N,) int64 after the images; then it has ``classes`` too.
        classes: Number of classes. If it predicts classes (AC-GAN, StarGAN), it has a method
            ``classified(images) -> (logits, class_logits (N, classes))``, computed in one pass.
    """

    in_channels: int

    def __call__(self, images: Tensor, *labels: Tensor) -> Tensor | list[Tensor]:
        """Score images.

        Args:
            images: (N, in_channels, H, W) in [-1, 1], real or generated.
            *labels: (N,) int64, if ``conditional``.

        Returns:
            Logits, no sigmoid: any shape that starts with N; or a list of them, one for each scale.
        """
        ...
