"""PIL images and TIFF samples -> arrays (H, W, C) of uint8 or uint16; C is 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA.

Images are converted a band of rows at a time: a full copy of a large image costs more than its array.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
from PIL import Image

from ganzoo.errors import ImageError
from ganzoo.image_io.readers import metadata, tiff
from ganzoo.image_io.readers.tiff import Array

BAND = 1 << 20  # pixels that are converted at once


def from_image(image: Image.Image, name: str, icc: bytes = b"", transparent: tuple[int, ...] = ()) -> Array:
    """Convert an image of any mode; one of 8 bits a channel with a color profile ``icc`` to sRGB.

    Pixels of the color ``transparent`` get alpha 0.
    """
    if image.mode == "F" or image.mode.startswith("I"):
        numbers = _to_uint16(np.asarray(image), name)[..., None]
        return with_transparent_color(numbers, transparent or image.info.get("transparency"))
    kind = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    mode = kind + "A" * image.has_transparency_data
    conversion = metadata.to_srgb(icc, "CMYK" if image.mode == "CMYK" else kind) if icc else None
    channels = np.empty((image.height, image.width, len(mode) + bool(transparent)), np.uint8)
    for top, band in _bands(image):
        target = channels[top : top + band.height]
        stored = np.asarray(band.convert(mode)).reshape(band.height, band.width, -1)
        target[..., : len(mode)] = stored
        if transparent:
            target[..., -1] = (stored != transparent).any(axis=2) * 255
        if conversion:
            colors = conversion(band if band.mode == "CMYK" else band.convert(mode).convert(kind))
            target[..., : len(kind)] = np.asarray(colors).reshape(band.height, band.width, -1)
    return channels


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Yield the top row and the image of each band."""
    step = max(1, BAND // image.width)
    if step >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, step):
        yield top, image.crop((0, top, image.width, min(top + step, image.height)))


def _to_uint16(values: Array, name: str) -> Array:
    """Map integers in 0..65535 or floats in [0, 1] to uint16."""
    if values.dtype == np.uint16:
        return values
    top = 1 if values.dtype.kind == "f" else 65535
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= top):  # also true for NaN
        raise ImageError(f"{name} has values from {low:.6g} to {high:.6g}. Scale them to 0..{top}.")
    if top == 65535:
        return values.astype(np.uint16)
    return np.round((values.astype(np.float32) if values.dtype.itemsize == 2 else values) * 65535.0).astype(np.uint16)


def with_transparent_color(channels: Array, color: Sequence[int] | int | None) -> Array:
    """Append alpha to uint16 (H, W, 1 or 3), 0 where it has this color; None and () stand for no color."""
    if color is None or color == ():
        return channels
    opaque = (channels != np.asarray(color)).any(axis=2, keepdims=True)
    return np.concatenate([channels, opaque.astype(np.uint16) * 65535], axis=2)


def read_deep_png(image: Any, file: IO[bytes]) -> Array | None:
    """Decode 16-bit RGB, RGBA and LA, of which Pillow keeps only the high bytes; None for any other PNG.

    Color is decoded twice: the second time with the byte order reversed, so that the low bytes become the high ones.
    """
    raw = image.tile[0].args
    if raw == "LA;16B" and image.mode == "RGBA":  # as many bytes: gray high, gray low, alpha high, alpha low
        passes = [(image, "RGBA", slice(None))]
    elif raw in ("RGB;16B", "RGBA;16B"):
        second = Image.open(file, formats=["PNG"])
        passes = [(image, raw, slice(0, None, 2)), (second, raw[:-1] + "L", slice(1, None, 2))]
    else:
        return None
    samples = 2 if raw == "LA;16B" else len(image.mode)
    channels = np.empty((image.height, image.width, samples), ">u2")
    bytes_ = channels.view(np.uint8)
    for one, rawmode, places in passes:
        one.tile = [tile._replace(args=rawmode) for tile in one.tile]
        one.load()
        for top, band in _bands(one):
            bytes_[top : top + band.height, :, places] = np.asarray(band)
    if sys.byteorder == "little":
        channels.byteswap(inplace=True)
    return channels.view(np.uint16)


def read_deep_tiff(layout: tiff.Layout, name: str, max_pixels: int) -> Array:
    """Decode a layout that `tiff` reads; samples that are neither color nor alpha are left out."""
    samples = _to_uint16(tiff.read(layout, max_pixels), name)
    if layout.alpha is None:
        return samples[..., : layout.colors]
    channels = samples[..., [*range(layout.colors), layout.alpha]]
    if layout.premultiplied:
        alpha = np.maximum(channels[..., -1:], 1).astype(np.float32)
        channels[..., :-1] = np.round(np.minimum(channels[..., :-1] / alpha, 1) * 65535)
    return channels
