"""Sizes of images in [-1, 1]: resampled, padded by reflection, cropped. Importing it loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io.decoding import Array

if TYPE_CHECKING:
    from torch import Tensor

FILTERS = {"bicubic": "bicubic", "bilinear": "bilinear", "area": "area", "nearest": "nearest-exact"}  # torch's names


def resize(tensor: Tensor, height: int, width: int, filter: str = "bicubic") -> Tensor:
    """Resample (N, C, H, W) in [-1, 1] with one of `FILTERS`; all but "area" and "nearest" are antialiased.

    Overshoot is clamped.
    """
    from torch.nn import functional as F

    if height < 1 or width < 1:
        raise ImageError(f"An image of {width}x{height} has no pixels. Ask for at least 1x1.")
    if filter not in FILTERS:
        raise OptionError(f"No filter is called '{filter}'. Filters: {', '.join(FILTERS)}.")
    if tensor.shape[-2:] == (height, width):
        return tensor
    full = tensor if tensor.element_size() >= 4 else tensor.float()  # torch has no 16-bit kernel for this
    antialias = filter in ("bicubic", "bilinear")
    resized = F.interpolate(full, (height, width), mode=FILTERS[filter], antialias=antialias)
    return resized.clamp(-1, 1).to(tensor.dtype)


def resize_floats(floats: Array, height: int, width: int) -> Array:
    """Resample an array (C, H, W) in [-1, 1] bicubically with Pillow: as `resize` does, up to rounding."""
    if floats.shape[1:] == (height, width):
        return floats
    resized = [np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BICUBIC)) for one in floats]
    clipped: Array = np.clip(np.stack(resized), -1, 1)
    return clipped


def pad(tensor: Tensor, height: int, width: int) -> Tensor:
    """Reflect (..., H, W) at the right and bottom up to ``height`` and ``width``; `crop` undoes it.

    An image smaller than the padding is reflected repeatedly, so 1x1 works.
    """
    for axis, length in ((-2, height), (-1, width)):
        size = tensor.shape[axis]
        if length < size:
            raise ImageError(f"{size} pixels cannot be padded to {length}. Ask for {size} or more.")
        if length > size:
            tensor = tensor.index_select(axis, _reflected(size, length, tensor))
    return tensor


def _reflected(size: int, length: int, like: Tensor) -> Tensor:
    import torch

    return torch.from_numpy(reflected_indices(size, length)).to(like.device)


def reflected_indices(size: int, length: int) -> Array:
    """Return ``length`` indices 0 .. size-1 .. 0 .. of a side of ``size`` pixels that is reflected at both ends."""
    period = max(1, 2 * (size - 1))
    index = np.arange(length) % period
    return np.minimum(index, period - index)


def crop(tensor: Tensor, height: int, width: int) -> Tensor:
    """Keep the top left ``height`` x ``width`` pixels of (..., H, W)."""
    return tensor[..., :height, :width]
