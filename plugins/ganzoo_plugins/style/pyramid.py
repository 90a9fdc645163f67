"""Pictures as Laplacian pyramids (Burt and Adelson 1983): differences of scales, whose sum is the picture.

A step of an optimizer on these moves broad areas as easily as single pixels; on pixels it makes noise first, which
networks such as EfficientNet answer to more than VGG does.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

LEVELS = 5
LEAST = 4  # pixels of the shorter side of the smallest level


def split(images: Tensor) -> list[Tensor]:
    """Return (N, C, H, W) as levels, fine to coarse, each half as large as the one before; `join` sums them up."""
    levels, now = [], images
    while len(levels) < LEVELS - 1 and min(now.shape[2:]) >= 2 * LEAST:
        smaller = resized(now, [-(-side // 2) for side in now.shape[2:]])
        levels.append(now - resized(smaller, now.shape[2:]))
        now = smaller
    return [*levels, now]


def join(levels: list[Tensor]) -> Tensor:
    """Return the pictures that `split` took apart."""
    images = levels[-1]
    for finer in reversed(levels[:-1]):
        images = finer + resized(images, finer.shape[2:])
    return images


def resized(images: Tensor, size: list[int]) -> Tensor:
    """Return (N, C, H, W) at another (height, width), without aliasing."""
    return F.interpolate(images, size=list(size), mode="bilinear", antialias=True, align_corners=False)


def fitted(style: Tensor, images: Tensor, scale: float = 1.0) -> Tensor:
    """Return the style picture with a shorter side ``scale`` times that of ``images``, as arXiv:1508.06576 compares."""
    factor = scale * min(images.shape[2:]) / min(style.shape[2:])
    size = [max(1, round(side * factor)) for side in style.shape[2:]]
    return style if size == [*style.shape[2:]] else resized(style, size)
