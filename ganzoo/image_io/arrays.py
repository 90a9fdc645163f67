"""Image arrays (H, W, C) <-> float arrays (C, H, W) in [-1, 1], without torch: for engines that do not need it."""

from __future__ import annotations

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.image_io.decoding import Array, DecodedImage

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in Pillow's mode L


def to_floats(pixels: Array | DecodedImage, channels: int = 3) -> Array:
    """Map an image to float32 (``channels``, H, W) in [-1, 1].

    Args:
        pixels: A DecodedImage, or (H, W, 3) of uint8, uint16 or floats in [0, 1].
        channels: 3 (RGB) or 1 (luma).
    """
    if isinstance(pixels, DecodedImage):
        pixels = pixels.rgb[..., :1] if pixels.gray else pixels.rgb
    if channels == 1 and pixels.shape[2] == 3:
        red, green, blue = (centered(pixels[..., index]) * np.float32(LUMA[index]) for index in range(3))
        luma: Array = np.clip(red + green + blue, -1, 1)
        return luma[None]
    floats = np.ascontiguousarray(centered(pixels).transpose(2, 0, 1))
    return floats if len(floats) == channels else floats.repeat(channels, axis=0)


def from_floats(floats: Array, bits: int = 8) -> Array:
    """Round (C, H, W) in [-1, 1] to (H, W, C) of uint8 or uint16, as `tensors.to_array` does; C stays as it is."""
    if not np.isfinite(floats).all():
        raise not_finite(has_nan=bool(np.isnan(floats).any()))
    top = 2**bits - 1
    levels = ((floats + np.float32(1)) * np.float32(top / 2)).round().clip(0, top)
    return np.ascontiguousarray(levels.transpose(1, 2, 0).astype(np.uint8 if bits == 8 else np.uint16))


def centered(pixels: Array) -> Array:
    """Map uint8, uint16 or floats in [0, 1] to float32 in [-1, 1]."""
    top = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    return pixels.astype(np.float32) / np.float32(top / 2) - np.float32(1)


def check_array(array: Array) -> Array:
    """Return a user's array as (H, W, 1 or 3) of uint8, uint16 or floats in [0, 1].

    Raises:
        ImageError: The shape, type or range is not that of an image.
    """
    pixels = array[..., None] if array.ndim == 2 else array
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or not pixels.size:
        hint = " Turn (C, H, W) with transpose(1, 2, 0)." if array.ndim == 3 and array.shape[0] in (1, 3, 4) else ""
        raise ImageError(f"An array of shape {array.shape} is not an image. Give (H, W) or (H, W, 3).{hint}")
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind != "f" and (kind, size) not in (("u", 1), ("u", 2)):
        raise ImageError(f"An array of {array.dtype} is not an image. Give uint8, uint16, or floats in [0, 1].")
    if kind == "f" and not (array.min() >= 0 and array.max() <= 1):  # also true for NaN
        raise ImageError(
            f"The array's values run from {array.min():.4g} to {array.max():.4g}. Float arrays are in [0, 1]: "
            "for [-1, 1] use x / 2 + 0.5, for 0..255 convert to uint8."
        )
    return pixels[..., :3]


def not_finite(has_nan: bool) -> ImageError:
    """Return the error for the output of a broken network."""
    values = "NaN" if has_nan else "infinite values"
    return ImageError(f"The network produced {values} instead of an image. Try float32, or other weights.")
