"""PIL images with alpha, and from decoded images."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ganzoo.errors import ImageError
from ganzoo.image_io.decoding import Array, DecodedImage


def from_decoded(image: DecodedImage) -> Image.Image:
    """Return an 8-bit DecodedImage as L or RGB; as RGBA where it has alpha."""
    pil = Image.fromarray(image.rgb[..., 0] if image.gray else image.rgb)
    return pil if image.alpha is None else with_alpha(pil, image.alpha)


def with_alpha(image: Image.Image, alpha: Array) -> Image.Image:
    """Return ``image`` as RGBA with ``alpha`` (H, W) uint8 or uint16, resampled to the image's size."""
    if alpha.ndim != 2 or alpha.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"{alpha.dtype} {alpha.shape} is not an alpha channel. Give (H, W) of uint8 or uint16.")
    if alpha.dtype == np.uint16:
        alpha = np.round(alpha / 257).astype(np.uint8)
    mask = Image.fromarray(alpha)
    result = image.convert("RGB")
    result.putalpha(mask if mask.size == image.size else mask.resize(image.size, Image.Resampling.BICUBIC))
    return result


def flatten(image: Image.Image, background: int) -> Image.Image:
    """Put an image with alpha on a gray background of level ``background``; others are returned unchanged."""
    if not image.has_transparency_data:
        return image
    below = Image.new("RGBA", image.size, (background,) * 3 + (255,))
    return Image.alpha_composite(below, image.convert("RGBA")).convert("RGB")
