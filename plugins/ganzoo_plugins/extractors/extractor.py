"""The base of all extractors: from 8-bit images to float32 features, in any dtype of the network."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from ganzoo import GanzooError

LUMA = (0.299, 0.587, 0.114)  # of RGB, ITU-R BT.601


class ImageExtractor(nn.Module, ABC):
    """Base of extractors: checks images, converts them to the network's size and dtype, returns float32 features.

    A subclass sets the attributes of `ganzoo.Extractor` and implements `resize` and `compute`.
    """

    label: str
    weights_sha256: str
    resizing: str
    feature_dim: int
    classes: tuple[str, ...] = ()

    @abstractmethod
    def resize(self, images: Tensor) -> Tensor:
        """Convert uint8 images (N, C, H, W) to the float32 input of the network, in its size and range."""

    @abstractmethod
    def compute(self, inputs: Tensor) -> Tensor:
        """Compute features (N, feature_dim) of the result of `resize`, in the dtype of the parameters."""

    def forward(self, images: Tensor) -> Tensor:
        """Compute float32 features (N, feature_dim) of uint8 images (N, 1 or 3, H, W) of any size.

        Raises:
            GanzooError: For anything else.
        """
        check(images)
        dtype = next(self.parameters()).dtype
        return self.compute(self.resize(images).to(dtype)).float()


def check(images: object) -> None:
    """Raise GanzooError unless ``images`` are uint8 (N, 1 or 3, H, W), at least one pixel each."""
    if not isinstance(images, Tensor):
        raise GanzooError(f"An extractor takes a uint8 tensor (N, C, H, W), not {type(images).__name__}.")
    if images.dtype != torch.uint8:
        raise GanzooError(
            f"An extractor takes 8-bit images, uint8 from 0 to 255, not {images.dtype}. Convert images in [-1, 1] "
            "by ((images + 1) * 127.5).round().to(torch.uint8)."
        )
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape[2:]:
        raise GanzooError(
            f"An extractor takes images (N, C, H, W) with 1 or 3 channels and at least one pixel, not the shape "
            f"{tuple(images.shape)}."
        )


def as_rgb(images: Tensor) -> Tensor:
    """Expand gray images to (N, 3, H, W) with equal channels."""
    return images.expand(-1, 3, -1, -1)


def as_gray(images: Tensor) -> Tensor:
    """Convert images to gray float32 (N, 1, H, W) in [0, 255]: the luma of RGB images."""
    if images.shape[1] == 1:
        return images.float()
    weights = torch.tensor(LUMA, device=images.device).view(1, 3, 1, 1)
    return (images.float() * weights).sum(1, keepdim=True)
