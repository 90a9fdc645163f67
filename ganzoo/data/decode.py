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
PAIR_RATIO = 1.8  # width over height from which a picture can be two side by side: 16:9 is one picture


def decode_all(source: Source, names: list[str], height: int, width: int, channels: int, pairs: bool = False) -> Tensor:
    """Return (N, C, height, width) uint8: each picture scaled to cover that size, its middle kept.

    channels  0 means 1 when every picture is grey, else 3
    pairs     each file is two pictures side by side; both are scaled, and the result is (N, C, height, 2 * width)
    Raises DataError that names every broken file.
    """
    check_memory(len(names) * (2 if pairs else 1), channels or 3, height, width)
    out = torch.empty(len(names), channels or 3, height, (2 if pairs else 1) * width, dtype=torch.uint8)
    broken: list[str] = []
    grey: list[bool] = []

    def decode(name: str) -> tuple[Tensor, bool] | str:
        try:
            picture = images.read(source.read(name))
            image = images.to_tensor(picture, channels=channels or 3)
        except DataError as error:  # names the file already
            return str(error)
        except ImageError as error:
            return f"{name}: {error}"
        if pairs and image.shape[-1] < PAIR_RATIO * image.shape[-2]:
            return f"{name}: it is {image.shape[-1]}x{image.shape[-2]}, so no two pictures side by side."
        # Halves are cut before they are scaled: no filter mixes input and target.
        pieces = halves(image) if pairs else (image,)
        return torch.cat([cover(piece, height, width) for piece in pieces], -1), picture.grey

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
            f"{len(broken)} of {len(names)} pictures in {source.path} cannot be used. Mend or remove them:\n  {shown}"
        )
    return out[:, :1].clone() if channels == 0 and all(grey) else out


def check_memory(count: int, channels: int, height: int, width: int) -> None:
    """Raise DataError where so many pictures would not fit into `MAX_BYTES`."""
    size = count * channels * height * width
    if size > MAX_BYTES:
        raise DataError(
            f"{count} pictures of {width}x{height} take {size / 2**30:.1f} GiB of memory, over the limit of "
            f"{MAX_BYTES / 2**30:.0f}. Train on fewer pictures, or set a smaller image_size."
        )


def halves(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the left and the right half of (..., W); an odd middle column belongs to neither."""
    half = image.shape[-1] // 2
    return image[..., :half], image[..., -half:]


def cover(image: Tensor, height: int, width: int) -> Tensor:
    """Scale (1, C, H, W) in [-1, 1] to cover (height, width), keep the middle, and return (C, height, width) uint8."""
    image = _without_far_ends(image, height, width)
    scale = max(height / image.shape[-2], width / image.shape[-1])
    scaled_height = max(height, round(image.shape[-2] * scale))
    scaled_width = max(width, round(image.shape[-1] * scale))
    if (scaled_height, scaled_width) != tuple(image.shape[-2:]):
        image = images.resize(image, scaled_height, scaled_width)
    top, left = (scaled_height - height) // 2, (scaled_width - width) // 2
    return to_bytes(image[0, :, top : top + height, left : left + width])


def _without_far_ends(image: Tensor, height: int, width: int) -> Tensor:
    """Shorten a picture more than 16 times longer than what is kept: scaled whole, 10000x1 would fill the memory."""
    tall, wide = image.shape[-2:]
    most_wide, most_tall = 16 * max(1, tall * width // height), 16 * max(1, wide * height // width)
    if wide > most_wide:
        left = (wide - most_wide) // 2
        return image[..., left : left + most_wide]
    if tall > most_tall:
        top = (tall - most_tall) // 2
        return image[..., top : top + most_tall, :]
    return image


def to_bytes(image: Tensor) -> Tensor:
    """Turn [-1, 1] into uint8 0..255."""
    return ((image + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_floats(image: Tensor) -> Tensor:
    """Turn uint8 0..255 into contiguous float32 in [-1, 1]."""
    return image.to(torch.float32, memory_format=torch.contiguous_format).div_(127.5).sub_(1)


def fit(image: Tensor, size: int) -> Tensor:
    """Return (N, C, size, size) uint8: smaller pictures get a black frame, as 28x28 digits become 32x32."""
    high, wide = size - image.shape[-2], size - image.shape[-1]
    if not (high or wide):
        return image
    return F.pad(image, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
