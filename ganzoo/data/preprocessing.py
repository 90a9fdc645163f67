"""One image file -> one uint8 tensor of the size that is stored: scaled, cropped, gray or RGB; and facts about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ganzoo.errors import DataError, ImageError
from ganzoo.image_io import decoding, resizing, tensors
from ganzoo.image_io.decoding import DecodedImage

PAIR_RATIO = 1.8  # width over height from which an image can be two side by side: 16:9 is one image
REDUCE_FROM, REDUCE_TO = 8, 4  # times the needed size
MAX_RATIO = 16  # an image that is longer than this, relative to what is kept, is cut before it is scaled


@dataclass(frozen=True)
class ImageSpec:
    """How an image is stored: scaled to cover (height, width), center cropped, as 1 or 3 channels.

    Attributes:
        channels: 1 or 3; 0 where that is not decided yet.
        pairs: Each file holds two images side by side; both are scaled, and the result is 2 * width wide.
        filter: What scales them: one of `ganzoo.image_io.resizing.FILTERS`.
    """

    height: int
    width: int
    channels: int
    pairs: bool = False
    filter: str = "bicubic"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of what is stored."""
        return self.channels, self.height, self.width * (2 if self.pairs else 1)

    @property
    def bytes(self) -> int:
        """Bytes of one stored image."""
        channels, height, width = self.shape
        return channels * height * width


@dataclass(frozen=True)
class ImageInfo:
    """What one file was, before preprocessing.

    Attributes:
        name: Of the file.
        width: In pixels, upright.
        height: In pixels, upright.
        gray: It has one color channel.
        turned: EXIF asked for a rotation.
        oddity: What is unusual about it, in words: transparency, a palette, CMYK, 16 bits a channel; or "".
    """

    name: str
    width: int
    height: int
    gray: bool
    turned: bool
    oddity: str


def decode(content: bytes, name: str, spec: ImageSpec) -> tuple[Tensor, ImageInfo]:
    """Decode and preprocess an image file.

    Returns:
        (C, H, W) uint8 as ``spec`` says, and what the file was.

    Raises:
        DataError: The file cannot be read; the message begins with ``name``.
    """
    try:
        image = decoding.read(content)
        height, width = image.rgb.shape[:2]
        if spec.pairs and width < PAIR_RATIO * height:
            raise DataError(
                f"{name}: it is {width}x{height}, too narrow for two images side by side; if inputs "
                "and targets are in two folders, give both."
            )
        stored = preprocess(image, spec)
    except ImageError as error:
        raise DataError(f"{name}: {error}") from error
    return stored, ImageInfo(name, width, height, image.gray, image.turned, _oddity(image))


def preprocess(image: DecodedImage, spec: ImageSpec) -> Tensor:
    """Return a decoded image as (C, H, W) uint8, as ``spec`` says."""
    # Halves are cut before they are scaled, so that no filter mixes input and target.
    pieces = _cut_in_half(image) if spec.pairs else (image,)
    floats = [tensors.to_tensor(_reduce(piece, spec), channels=spec.channels) for piece in pieces]
    return torch.cat([cover(piece, spec.height, spec.width, spec.filter) for piece in floats], -1)


def _cut_in_half(image: DecodedImage) -> tuple[DecodedImage, DecodedImage]:
    """Return the left and the right half; an odd middle column belongs to neither."""
    half = image.rgb.shape[1] // 2
    return replace(image, rgb=image.rgb[:, :half]), replace(image, rgb=image.rgb[:, -half:])


def _reduce(image: DecodedImage, spec: ImageSpec) -> DecodedImage:
    """Average whole blocks of an image that is `REDUCE_FROM` times larger than needed, to `REDUCE_TO` times.

    A photograph of 24 million pixels would take 600 MB as floats, and most of a second.
    """
    height, width = image.rgb.shape[:2]
    times = min(height / spec.height, width / spec.width)
    if times < REDUCE_FROM or image.rgb.dtype.itemsize > 1 or spec.filter == "nearest":
        return image
    block = int(times / REDUCE_TO)
    top, left = height % block // 2, width % block // 2  # the rest, less than a quarter of a pixel, is left out
    box = (left, top, left + width // block * block, top + height // block * block)
    return replace(image, rgb=np.asarray(Image.fromarray(np.ascontiguousarray(image.rgb)).reduce(block, box)))


def _oddity(image: DecodedImage) -> str:
    if image.alpha is not None:
        return "transparency, which is left out"
    if image.rgb.dtype.itemsize > 1:
        return "16 bits a channel, which become 8"
    return {"P": "a palette, which becomes RGB", "CMYK": "CMYK colors, which become RGB"}.get(image.mode, "")


def halves(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the left and the right half of (..., W); an odd middle column belongs to neither."""
    half = image.shape[-1] // 2
    return image[..., :half], image[..., -half:]


def cover(image: Tensor, height: int, width: int, filter: str = "bicubic") -> Tensor:
    """Scale (1, C, H, W) in [-1, 1] to cover (height, width), crop the center, return (C, height, width) uint8."""
    image = _cut_far_ends(image, height, width)
    scale = max(height / image.shape[-2], width / image.shape[-1])
    scaled_height = max(height, round(image.shape[-2] * scale))
    scaled_width = max(width, round(image.shape[-1] * scale))
    if (scaled_height, scaled_width) != tuple(image.shape[-2:]):
        image = resizing.resize(image, scaled_height, scaled_width, filter)
    top, left = (scaled_height - height) // 2, (scaled_width - width) // 2
    return to_bytes(image[0, :, top : top + height, left : left + width])


def _cut_far_ends(image: Tensor, height: int, width: int) -> Tensor:
    """Shorten an image of more than `MAX_RATIO`: scaled whole, 10000x1 would fill the memory."""
    tall, wide = image.shape[-2:]
    max_wide, max_tall = MAX_RATIO * max(1, tall * width // height), MAX_RATIO * max(1, wide * height // width)
    if wide > max_wide:
        left = (wide - max_wide) // 2
        return image[..., left : left + max_wide]
    if tall > max_tall:
        top = (tall - max_tall) // 2
        return image[..., top : top + max_tall, :]
    return image


def to_bytes(image: Tensor) -> Tensor:
    """Turn [-1, 1] into uint8 0..255."""
    return ((image + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def to_floats(image: Tensor) -> Tensor:
    """Turn uint8 0..255 into contiguous float32 in [-1, 1]."""
    return image.to(torch.float32, memory_format=torch.contiguous_format).div_(127.5).sub_(1)


def pad_to_square(images: Tensor, size: int) -> Tensor:
    """Return (N, C, size, size) uint8, as `pad_to_sides`."""
    return pad_to_sides(images, size, size)


def pad_to_sides(images: Tensor, height: int, width: int) -> Tensor:
    """Return (N, C, height, width) uint8: smaller images get a black border, as 28x28 digits become 32x32."""
    high, wide = height - images.shape[-2], width - images.shape[-1]
    if not (high or wide):
        return images
    return F.pad(images, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
