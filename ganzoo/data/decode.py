"""Many image files -> one uint8 tensor in memory, with every unreadable file named in one error."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo import images
from ganzoo.data.sources import Source
from ganzoo.errors import DataError, ImageError

MAX_BYTES = 8 * 2**30


def decode_all(source: Source, names: list[str], height: int, width: int, channels: int) -> Tensor:
    """Return (N, C, height, width) uint8: each picture scaled to cover that size, its middle kept.

    ``channels`` 0 means 1 when every picture is grey, else 3. Raises DataError that names every broken file.
    """
    size = len(names) * height * width * (channels or 3)
    if size > MAX_BYTES:
        raise DataError(
            f"{len(names)} pictures of {height}x{width} take {size / 2**30:.1f} GiB of memory, over the limit of "
            f"{MAX_BYTES / 2**30:.0f}. Train on fewer pictures, or set a smaller image_size."
        )
    broken: list[str] = []
    grey: list[bool] = []

    def decode(name: str) -> tuple[Tensor, bool] | str:
        try:
            picture = images.read(source.read(name))
            return cover(images.to_tensor(picture, channels=channels or 3), height, width), picture.grey
        except (ImageError, OSError) as error:
            return f"{name}: {error}"

    out = torch.empty(len(names), channels or 3, height, width, dtype=torch.uint8)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for index, result in enumerate(pool.map(decode, names)):
            if isinstance(result, str):
                broken.append(result)
            else:
                out[index], is_grey = result
                grey.append(is_grey)
    if broken:
        shown = "\n  ".join(broken[:20]) + (f"\n  and {len(broken) - 20} more" if len(broken) > 20 else "")
        raise DataError(
            f"{len(broken)} of {len(names)} pictures in {source.path} cannot be read. Mend or remove them:\n  {shown}"
        )
    return out[:, :1].clone() if channels == 0 and all(grey) else out


def cover(image: Tensor, height: int, width: int) -> Tensor:
    """Scale (1, C, H, W) in [-1, 1] to cover (height, width), keep the middle, and return (C, height, width) uint8."""
    scale = max(height / image.shape[-2], width / image.shape[-1])
    scaled_height = max(height, round(image.shape[-2] * scale))
    scaled_width = max(width, round(image.shape[-1] * scale))
    if (scaled_height, scaled_width) != tuple(image.shape[-2:]):
        image = images.resize(image, scaled_height, scaled_width)
    top, left = (scaled_height - height) // 2, (scaled_width - width) // 2
    return to_bytes(image[0, :, top : top + height, left : left + width])


def to_bytes(image: Tensor) -> Tensor:
    """Turn [-1, 1] into uint8 0..255."""
    return ((image + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_floats(image: Tensor) -> Tensor:
    """Turn uint8 0..255 into float32 in [-1, 1]."""
    return image.to(torch.float32) / 127.5 - 1


def fit(image: Tensor, size: int) -> Tensor:
    """Return (N, C, size, size) uint8: smaller pictures get a black frame, as 28x28 digits become 32x32."""
    missing = size - image.shape[-1]
    before, after = missing // 2, missing - missing // 2
    return F.pad(image, (before, after, before, after)) if missing > 0 else image
