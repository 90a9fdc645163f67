"""One image file -> one uint8 tensor of the size that training stores, and the facts that a user may want to know."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ganzoo.errors import DataError, ImageError
from ganzoo.image_io import decoding, resizing, tensors

PAIR_RATIO = 1.8  # width over height from which a picture can be two side by side: 16:9 is one picture
FAR, NEAR = 8, 4


@dataclass(frozen=True)
class Form:
    """How a picture is stored: scaled to cover (height, width), its middle kept, as 1 or 3 ``channels``.

    pairs   each file is two pictures side by side; both are scaled, and the result is 2 * width wide
    filter  what scales them: one of `ganzoo.image_io.resizing.FILTERS`
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
        """How many bytes one takes."""
        channels, height, width = self.shape
        return channels * height * width


@dataclass(frozen=True)
class Facts:
    """What one file was: its upright size in pixels, and what else becomes of it on the way to training.

    oddity  "" or what is rare in it, in words: transparency, a palette, CMYK, 16 bits a channel
    """

    name: str
    width: int
    height: int
    gray: bool
    turned: bool
    oddity: str


def decode(content: bytes, name: str, form: Form) -> tuple[Tensor, Facts]:
    """Return (C, H, W) uint8 in the given form, and the facts. Raises DataError, its text beginning with ``name``."""
    try:
        picture = decoding.read(content)
        height, width = picture.rgb.shape[:2]
        if form.pairs and width < PAIR_RATIO * height:
            raise DataError(f"{name}: it is {width}x{height}, so no two pictures side by side.")
        stored = form_image(picture, form)
    except ImageError as error:
        raise DataError(f"{name}: {error}") from error
    return stored, Facts(name, width, height, picture.gray, picture.turned, _oddity(picture))


def form_image(picture: decoding.DecodedImage, form: Form) -> Tensor:
    """Return a decoded picture as (C, H, W) uint8 in the given form."""
    # Halves are cut before they are scaled: no filter mixes input and target.
    pieces = _cut(picture) if form.pairs else (picture,)
    scaled = [tensors.to_tensor(_reduced(piece, form), channels=form.channels) for piece in pieces]
    return torch.cat([cover(piece, form.height, form.width, form.filter) for piece in scaled], -1)


def _cut(picture: decoding.DecodedImage) -> tuple[decoding.DecodedImage, decoding.DecodedImage]:
    """Return the left and the right half; an odd middle column belongs to neither."""
    half = picture.rgb.shape[1] // 2
    return replace(picture, rgb=picture.rgb[:, :half]), replace(picture, rgb=picture.rgb[:, -half:])


def _reduced(picture: decoding.DecodedImage, form: Form) -> decoding.DecodedImage:
    """Average whole blocks of a picture that is `FAR` times larger than needed, to `NEAR` times.

    A photograph of 24 million pixels would take 600 MB as floats, and most of a second.
    """
    height, width = picture.rgb.shape[:2]
    times = min(height / form.height, width / form.width)
    if times < FAR or picture.rgb.dtype.itemsize > 1 or form.filter == "nearest":
        return picture
    block = int(times / NEAR)
    top, left = height % block // 2, width % block // 2  # the rest, less than a quarter of a pixel, is left out
    box = (left, top, left + width // block * block, top + height // block * block)
    return replace(picture, rgb=np.asarray(Image.fromarray(np.ascontiguousarray(picture.rgb)).reduce(block, box)))


def _oddity(picture: decoding.DecodedImage) -> str:
    if picture.alpha is not None:
        return "transparency, which is left out"
    if picture.rgb.dtype.itemsize > 1:
        return "16 bits a channel, which become 8"
    return {"P": "a palette, which becomes RGB", "CMYK": "CMYK colors, which become RGB"}.get(picture.mode, "")


def halves(image: Tensor) -> tuple[Tensor, Tensor]:
    """Return the left and the right half of (..., W); an odd middle column belongs to neither."""
    half = image.shape[-1] // 2
    return image[..., :half], image[..., -half:]


def cover(image: Tensor, height: int, width: int, filter: str = "bicubic") -> Tensor:
    """Scale (1, C, H, W) in [-1, 1] to cover (height, width), keep the middle, and return (C, height, width) uint8."""
    image = _without_far_ends(image, height, width)
    scale = max(height / image.shape[-2], width / image.shape[-1])
    scaled_height = max(height, round(image.shape[-2] * scale))
    scaled_width = max(width, round(image.shape[-1] * scale))
    if (scaled_height, scaled_width) != tuple(image.shape[-2:]):
        image = resizing.resize(image, scaled_height, scaled_width, filter)
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
