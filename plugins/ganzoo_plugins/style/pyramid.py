"""Laplacian pyramids (Burt and Adelson 1983): an image as differences of scales, whose sum is the image.

An optimizer that works on these changes large areas as easily as single pixels. On pixels it first makes noise, to
which networks such as EfficientNet respond more strongly than VGG does.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

LEVELS = 5
MIN_SIDE = 4  # pixels, of the shorter side of the smallest level


def split(images: Tensor) -> list[Tensor]:
    """Split (N, C, H, W) into levels, fine to coarse, each half as large as the one before; `join` sums them up."""
    levels, current = [], images
    while len(levels) < LEVELS - 1 and min(current.shape[2:]) >= 2 * MIN_SIDE:
        smaller = resize(current, [-(-side // 2) for side in current.shape[2:]])
        levels.append(current - resize(smaller, current.shape[2:]))
        current = smaller
    return [*levels, current]


def join(levels: list[Tensor]) -> Tensor:
    """Return the images (N, C, H, W) that `split` was given."""
    images = levels[-1]
    for finer in reversed(levels[:-1]):
        images = finer + resize(images, finer.shape[2:])
    return images


def resize(images: Tensor, size: list[int]) -> Tensor:
    """Resize (N, C, H, W) to (height, width), without aliasing."""
    return F.interpolate(images, size=list(size), mode="bilinear", antialias=True, align_corners=False)


def fit_style(style: Tensor, images: Tensor, scale: float = 1.0) -> Tensor:
    """Resize the style so that its shorter side is ``scale`` times that of ``images`` (arXiv:1508.06576: 1)."""
    factor = scale * min(images.shape[2:]) / min(style.shape[2:])
    size = [max(1, round(side * factor)) for side in style.shape[2:]]
    return style if size == [*style.shape[2:]] else resize(style, size)
