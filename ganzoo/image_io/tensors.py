"""Images <-> tensors (N, C, H, W) in [-1, 1], float32, with C = 3 (RGB) or 1 (gray). Importing it loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ganzoo.errors import ImageError
from ganzoo.image_io.arrays import LUMA, centered, check_array, not_finite
from ganzoo.image_io.decoding import Array, DecodedImage, Source, read

if TYPE_CHECKING:
    from torch import Tensor


def to_tensor(image: DecodedImage | Source | Array | Tensor, channels: int = 3) -> Tensor:
    """Return float32 (1, C, H, W) in [-1, 1]. Alpha is dropped.

    Args:
        image: What `decoding.read` takes; a DecodedImage; an array (H, W) or (H, W, 1|3|4) of uint8, uint16 or floats
            in [0, 1]; or a tensor (C, H, W) or (N, C, H, W) of uint8 or floats in [-1, 1], which keeps its device and
            batch size.
        channels: C: 3 (RGB), or 1 (luma).

    Raises:
        ImageError: The input is anything else; the message names the range that was found.
    """
    import torch

    if channels not in (1, 3):
        raise ImageError(f"Images cannot have {channels} channels. Ask for 3 (RGB) or 1 (gray).")
    if isinstance(image, torch.Tensor):
        return _with_channels(_check_tensor(image), channels)
    if isinstance(image, np.ndarray):
        pixels = centered(check_array(image))
    else:
        decoded = image if isinstance(image, DecodedImage) else read(image)
        pixels = centered(decoded.rgb[..., :1] if decoded.gray else decoded.rgb)
    return _with_channels(torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None], channels)


def to_array(tensor: Tensor, bits: int = 8) -> Array:
    """Round one image in [-1, 1] to integers; values beyond the range are clamped.

    Args:
        tensor: (C, H, W) or (1, C, H, W).
        bits: 8 for uint8, 16 for uint16.

    Returns:
        (H, W, 3), or (H, W) for one channel.

    Raises:
        ImageError: The tensor is not a single image, or has NaN or infinite values, which mean a broken network.
    """
    if bits not in (8, 16):
        raise ImageError(f"Pixels cannot have {bits} bits. Ask for 8 or 16.")
    image = tensor[0] if tensor.ndim == 4 and tensor.shape[0] == 1 else tensor
    if image.ndim != 3 or image.shape[0] not in (1, 3) or not image.is_floating_point():
        raise ImageError(
            f"A {tensor.dtype} tensor of shape {tuple(tensor.shape)} is not a single image. "
            "Give floats (C, H, W), C 1 or 3."
        )
    image = image.detach().float()
    if not image.isfinite().all():
        raise not_finite(has_nan=bool(image.isnan().any()))
    top = 2**bits - 1
    levels = ((image + 1) * (top / 2)).round().clamp(0, top).permute(1, 2, 0).cpu().numpy()
    pixels: Array = levels.astype(np.uint8 if bits == 8 else np.uint16)
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def to_pil(tensor: Tensor) -> Image.Image:
    """Turn (C, H, W) or (1, C, H, W) in [-1, 1] into an 8-bit image: RGB, or L for one channel."""
    return Image.fromarray(to_array(tensor))


def to_pils(batch: Tensor) -> list[Image.Image]:
    """Turn (N, C, H, W) in [-1, 1] into N images."""
    return [to_pil(tensor) for tensor in batch]


def as_decoded(x: object) -> DecodedImage:
    """Return anything that `to_tensor` takes, except a batch, as a DecodedImage.

    Its ``rgb`` is float32 in [0, 1] where ``x`` holds floats. Only a tensor needs torch.
    """
    if isinstance(x, DecodedImage):
        return x
    if isinstance(x, np.ndarray):
        return _decoded_array(check_array(x))
    if type(x).__module__.partition(".")[0] == "torch":
        tensor = _check_tensor(x)  # type: ignore[arg-type]
        if len(tensor) != 1:
            raise ImageError(f"A tensor of shape {tuple(tensor.shape)} is not a single image. Give (C, H, W).")
        return _decoded_array((tensor[0].permute(1, 2, 0).detach().cpu().numpy() / 2 + 0.5).clip(0, 1))
    return read(x, srgb=True)  # type: ignore[arg-type]


def _decoded_array(pixels: Array) -> DecodedImage:
    gray = pixels.shape[2] == 1
    return DecodedImage(pixels.repeat(3, axis=2) if gray else pixels[..., :3], None, gray, "The array")


def _check_tensor(tensor: Tensor) -> Tensor:
    """Return a user's tensor as (N, 1 or 3, H, W) float32 in [-1, 1]."""
    import torch

    batch = tensor[None] if tensor.ndim == 3 else tensor
    if batch.ndim != 4 or batch.shape[1] not in (1, 3) or not batch.numel():
        raise ImageError(
            f"A tensor of shape {tuple(tensor.shape)} is not an image. "
            "Give (C, H, W) or (N, C, H, W) with 1 or 3 channels; for (H, W, C) use permute(2, 0, 1)."
        )
    if batch.dtype == torch.uint8:
        return batch.float() / 127.5 - 1
    if not batch.is_floating_point():
        raise ImageError(f"A tensor of {tensor.dtype} is not an image. Give floats in [-1, 1], or uint8.")
    low, high = (float(value) for value in batch.detach().aminmax())
    if not (low >= -1.001 and high <= 1.001):  # also true for NaN
        raise ImageError(
            f"The tensor's values run from {low:.4g} to {high:.4g}. Tensors are in [-1, 1]: "
            "for [0, 1] use x * 2 - 1, for 0..255 convert to uint8."
        )
    return batch.float()


def _with_channels(batch: Tensor, channels: int) -> Tensor:
    if batch.shape[1] == channels:
        return batch
    if channels == 3:
        return batch.repeat(1, 3, 1, 1)
    luma = batch.new_tensor(LUMA).view(1, 3, 1, 1)
    return (batch * luma).sum(1, keepdim=True).clamp(-1, 1)
