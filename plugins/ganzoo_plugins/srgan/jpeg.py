"""JPEG in training: a network that has seen its blocks and rings does not enlarge them."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo.image_io import tensors

SHARE = 0.5  # of the images that are compressed: the others keep a network good at clean ones
HIGHEST = 95
SUBSAMPLING = (0, 2)  # 4:4:4 and 4:2:0


def compress(images: Tensor, lowest: int) -> Tensor:
    """Return images, about half of them as JPEG keeps them.

    Args:
        images: (N, C, H, W) in [-1, 1], gray or RGB; 8-bit values.
        lowest: Qualities are drawn between this and 95, evenly, and color at its full or at half the resolution.
    """
    chosen = torch.rand(len(images)) < SHARE
    qualities = torch.randint(min(lowest, HIGHEST), HIGHEST + 1, (len(images),))
    subsampling = torch.randint(len(SUBSAMPLING), (len(images),))
    compressed = images.clone()
    for index in chosen.nonzero().flatten().tolist():
        kept = through_jpeg(images[index], int(qualities[index]), SUBSAMPLING[int(subsampling[index])])
        compressed[index] = kept.to(images)
    return compressed


def through_jpeg(image: Tensor, quality: int, subsampling: int) -> Tensor:
    """Return one image (C, H, W) in [-1, 1] as a JPEG file of that quality has it."""
    file = io.BytesIO()
    Image.fromarray(tensors.to_array(image)).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return tensors.to_tensor(np.array(Image.open(file)), channels=len(image))[0]
