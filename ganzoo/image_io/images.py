"""Pictures <-> tensors in [-1, 1], and files of them: the only place that converts pixels.

Between the edges an image is float32 (N, C, H, W) in [-1, 1] with C = 3 (RGB) or 1 (gray). Files are decoded by
`ganzoo.image_io.decoding`, whose public names are here too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io.decoding import MAX_PIXELS as MAX_PIXELS
from ganzoo.image_io.decoding import SUFFIXES as SUFFIXES
from ganzoo.image_io.decoding import Array as Array
from ganzoo.image_io.decoding import Picture as Picture
from ganzoo.image_io.decoding import Source as Source
from ganzoo.image_io.decoding import read as read
from ganzoo.image_io.encoding import check_target as check_target
from ganzoo.image_io.encoding import opaque
from ganzoo.image_io.encoding import save as save

if TYPE_CHECKING:
    from torch import Tensor

BACKGROUND = 64  # of contact sheets
FILTERS = {"bicubic": "bicubic", "bilinear": "bilinear", "area": "area", "nearest": "nearest-exact"}  # torch's names
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's mode L


# ---- to and from tensors ---------------------------------------------------------------------------------------------


def to_tensor(image: Picture | Source | Array | Tensor, channels: int = 3) -> Tensor:
    """Return float32 (1, C, H, W) in [-1, 1], C = ``channels``: 3, or 1 for luma. Alpha is left out.

    Takes what `read` takes, a Picture, an array (H, W) or (H, W, 1|3|4) of uint8, uint16 or floats in [0, 1], or a
    tensor (C, H, W) or (N, C, H, W) of uint8 or floats in [-1, 1], which keeps its device and batch.
    Raises ImageError for anything else, and names the range it found.
    """
    import torch

    if channels not in (1, 3):
        raise ImageError(f"An image of {channels} channels cannot be made. Ask for 3 (RGB) or 1 (gray).")
    if isinstance(image, torch.Tensor):
        return _with_channels(_checked_tensor(image), channels)
    if isinstance(image, np.ndarray):
        pixels = _checked_array(image)
    else:
        picture = image if isinstance(image, Picture) else read(image)
        pixels = _centered(picture.rgb[..., :1] if picture.gray else picture.rgb)
    return _with_channels(torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None], channels)


def _centered(pixels: Array) -> Array:
    """Map uint8, uint16 or floats in [0, 1] to float32 in [-1, 1]."""
    top = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    return pixels.astype(np.float32) / np.float32(top / 2) - np.float32(1)


def _checked_array(array: Array) -> Array:
    """Return (H, W, 1|3) float32 in [-1, 1]."""
    return _centered(_shaped_array(array))


def _shaped_array(array: Array) -> Array:
    """Return (H, W, 1|3) of uint8, uint16 or floats in [0, 1]."""
    pixels = array[..., None] if array.ndim == 2 else array
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or not pixels.size:
        hint = " Turn (C, H, W) with transpose(1, 2, 0)." if array.ndim == 3 and array.shape[0] in (1, 3, 4) else ""
        raise ImageError(f"An array of shape {array.shape} is no image. Give (H, W) or (H, W, 3).{hint}")
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind != "f" and (kind, size) not in (("u", 1), ("u", 2)):
        raise ImageError(f"An array of {array.dtype} is no image. Give uint8, uint16, or floats in [0, 1].")
    if kind == "f" and not (array.min() >= 0 and array.max() <= 1):  # NaN lands here too
        raise ImageError(
            f"The array's values run from {array.min():.4g} to {array.max():.4g}. Float arrays are in [0, 1]: "
            "for [-1, 1] use x / 2 + 0.5, for 0..255 convert to uint8."
        )
    return pixels[..., :3]


def _checked_tensor(tensor: Tensor) -> Tensor:
    """Return (N, 1|3, H, W) float32 in [-1, 1]."""
    import torch

    batch = tensor[None] if tensor.ndim == 3 else tensor
    if batch.ndim != 4 or batch.shape[1] not in (1, 3) or not batch.numel():
        raise ImageError(
            f"A tensor of shape {tuple(tensor.shape)} is no image. "
            "Give (C, H, W) or (N, C, H, W) with 1 or 3 channels; for (H, W, C) use permute(2, 0, 1)."
        )
    if batch.dtype == torch.uint8:
        return batch.float() / 127.5 - 1
    if not batch.is_floating_point():
        raise ImageError(f"A tensor of {tensor.dtype} is no image. Give floats in [-1, 1], or uint8.")
    low, high = (float(value) for value in batch.detach().aminmax())
    if not (low >= -1.001 and high <= 1.001):  # NaN lands here too
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


def to_array(tensor: Tensor, bits: int = 8) -> Array:
    """Round (C, H, W) or (1, C, H, W) in [-1, 1] to uint8 (``bits`` = 8) or uint16 (16).

    Returns (H, W, 3), or (H, W) for one channel. Values beyond the range are clamped; NaN and infinity raise
    ImageError, for they mean a broken network.
    """
    if bits not in (8, 16):
        raise ImageError(f"Pixels of {bits} bits cannot be made. Ask for 8 or 16.")
    image = tensor[0] if tensor.ndim == 4 and tensor.shape[0] == 1 else tensor
    if image.ndim != 3 or image.shape[0] not in (1, 3) or not image.is_floating_point():
        raise ImageError(
            f"A {tensor.dtype} tensor of shape {tuple(tensor.shape)} is no single image. "
            "Give floats (C, H, W), C 1 or 3."
        )
    image = image.detach().float()
    if not image.isfinite().all():
        what = "NaN" if image.isnan().any() else "infinite values"
        raise ImageError(f"The network produced {what} instead of a picture. Try float32, or other weights.")
    top = 2**bits - 1
    levels = ((image + 1) * (top / 2)).round().clamp(0, top).permute(1, 2, 0).cpu().numpy()
    pixels: Array = levels.astype(np.uint8 if bits == 8 else np.uint16)
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


# ---- the same without torch, for engines that need none --------------------------------------------------------------


def as_decoded(x: object) -> Picture:
    """Return whatever `to_tensor` takes, but a batch, as one Picture; of floats its ``rgb`` is float32 in [0, 1]."""
    if isinstance(x, Picture):
        return x
    if isinstance(x, np.ndarray):
        return _of_array(_shaped_array(x))
    if type(x).__module__.partition(".")[0] == "torch":
        tensor = _checked_tensor(x)  # type: ignore[arg-type]
        if len(tensor) != 1:
            raise ImageError(f"A tensor of shape {tuple(tensor.shape)} is no single image. Give (C, H, W).")
        return _of_array((tensor[0].permute(1, 2, 0).detach().cpu().numpy() / 2 + 0.5).clip(0, 1))
    return read(x, srgb=True)  # type: ignore[arg-type]


def _of_array(pixels: Array) -> Picture:
    gray = pixels.shape[2] == 1
    return Picture(pixels.repeat(3, axis=2) if gray else pixels[..., :3], None, gray, "The array")


def to_floats(pixels: Array | Picture, channels: int = 3) -> Array:
    """Map a Picture, or (H, W, 3) of uint8, uint16 or floats in [0, 1], to (``channels``, H, W) float32 in [-1, 1]."""
    if isinstance(pixels, Picture):
        pixels = pixels.rgb[..., :1] if pixels.gray else pixels.rgb
    if channels == 1 and pixels.shape[2] == 3:
        red, green, blue = (_centered(pixels[..., index]) * np.float32(LUMA[index]) for index in range(3))
        luma: Array = np.clip(red + green + blue, -1, 1)
        return luma[None]
    floats = np.ascontiguousarray(_centered(pixels).transpose(2, 0, 1))
    return floats if len(floats) == channels else floats.repeat(channels, axis=0)


def from_floats(floats: Array, bits: int = 8) -> Array:
    """Round (C, H, W) in [-1, 1] to (H, W, C) of uint8 or uint16, as `to_array` does; C is kept."""
    if not np.isfinite(floats).all():
        what = "NaN" if np.isnan(floats).any() else "infinite values"
        raise ImageError(f"The network produced {what} instead of a picture. Try float32, or other weights.")
    top = 2**bits - 1
    levels = ((floats + np.float32(1)) * np.float32(top / 2)).round().clip(0, top)
    return np.ascontiguousarray(levels.transpose(1, 2, 0).astype(np.uint8 if bits == 8 else np.uint16))


def resize_floats(floats: Array, height: int, width: int) -> Array:
    """Resample (C, H, W) in [-1, 1] bicubically, antialiased, by Pillow; as `resize` does but for rounding."""
    if floats.shape[1:] == (height, width):
        return floats
    made = [np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BICUBIC)) for one in floats]
    clipped: Array = np.clip(np.stack(made), -1, 1)
    return clipped


def mirrored(size: int, length: int) -> Array:
    """Indices 0 .. size-1 .. 0 .. of a side of ``size`` reflected at its end, again and again, up to ``length``."""
    period = max(1, 2 * (size - 1))
    index = np.arange(length) % period
    return np.minimum(index, period - index)


def to_pil(tensor: Tensor) -> Image.Image:
    """Turn (C, H, W) or (1, C, H, W) in [-1, 1] into an 8-bit image: RGB, or L for one channel."""
    return Image.fromarray(to_array(tensor))


def to_pils(batch: Tensor) -> list[Image.Image]:
    """Turn (N, C, H, W) in [-1, 1] into N images."""
    return [to_pil(tensor) for tensor in batch]


# ---- sizes -----------------------------------------------------------------------------------------------------------


def resize(tensor: Tensor, height: int, width: int, filter: str = "bicubic") -> Tensor:
    """Resample (N, C, H, W) in [-1, 1] with one of `FILTERS`, antialiased but for "nearest"; overshoot is clamped."""
    from torch.nn import functional as F

    if height < 1 or width < 1:
        raise ImageError(f"An image of {width}x{height} has no pixels. Ask for at least 1x1.")
    if filter not in FILTERS:
        raise OptionError(f"No filter is called '{filter}'. Filters: {', '.join(FILTERS)}.")
    if tensor.shape[-2:] == (height, width):
        return tensor
    full = tensor if tensor.element_size() >= 4 else tensor.float()  # torch has no 16-bit kernel for this
    smooth = filter in ("bicubic", "bilinear")
    resized = F.interpolate(full, (height, width), mode=FILTERS[filter], antialias=smooth)
    return resized.clamp(-1, 1).to(tensor.dtype)


def pad_to_multiple(tensor: Tensor, multiple: int) -> tuple[Tensor, tuple[int, int]]:
    """Reflect (..., H, W) at the right and bottom until both sides divide by ``multiple``.

    Returns the padded tensor and (H, W), which `crop` takes back. An image smaller than the pad is reflected again
    and again, so 1x1 works.
    """
    if multiple < 1:
        raise ImageError(f"Sides cannot be a multiple of {multiple}. Ask for 1 or more.")
    height, width = tensor.shape[-2:]
    for axis, size in ((-2, height), (-1, width)):
        if size % multiple:
            tensor = tensor.index_select(axis, _mirror(size, -(-size // multiple) * multiple, tensor))
    return tensor, (height, width)


def _mirror(size: int, length: int, like: Tensor) -> Tensor:
    import torch

    return torch.from_numpy(mirrored(size, length)).to(like.device)


def crop(tensor: Tensor, height: int, width: int) -> Tensor:
    """Keep the top left ``height`` x ``width`` of (..., H, W)."""
    return tensor[..., :height, :width]


# ---- PIL images and files --------------------------------------------------------------------------------------------


def with_alpha(image: Image.Image, alpha: Array) -> Image.Image:
    """Return ``image`` as RGBA with ``alpha`` (H, W) uint8 or uint16, resampled to the image's size."""
    if alpha.ndim != 2 or alpha.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"{alpha.dtype} {alpha.shape} is no alpha channel. Give (H, W) of uint8 or uint16.")
    if alpha.dtype == np.uint16:
        alpha = np.round(alpha / 257).astype(np.uint8)
    mask = Image.fromarray(alpha)
    result = image.convert("RGB")
    result.putalpha(mask if mask.size == image.size else mask.resize(image.size, Image.Resampling.BICUBIC))
    return result


def decoded_to_pil(picture: Picture) -> Image.Image:
    """Return an 8-bit Picture as L or RGB, or with its alpha as RGBA."""
    image = Image.fromarray(picture.rgb[..., 0] if picture.gray else picture.rgb)
    return image if picture.alpha is None else with_alpha(image, picture.alpha)


def grid(images: Sequence[Image.Image], columns: int | None = None, padding: int = 2) -> Image.Image:
    """Lay images of one size out on a dark gray sheet, row by row: L if all are L, else RGB.

    ``columns`` is ceil(sqrt(n)) unless given; ``padding`` pixels surround every image.
    """
    if not images or len({image.size for image in images}) > 1:
        sizes = sorted({f"{image.width}x{image.height}" for image in images})
        raise ImageError(f"A grid needs images of one size, not {', '.join(sizes) or 'none'}. Resize them first.")
    columns = math.ceil(math.sqrt(len(images))) if columns is None else columns
    if columns < 1 or padding < 0:
        raise ImageError(f"A grid of {columns} columns, {padding} pixels apart, cannot be drawn. Ask for 1 or more.")
    columns = min(columns, len(images))
    width, height = (side + padding for side in images[0].size)
    size = (columns * width + padding, math.ceil(len(images) / columns) * height + padding)
    if all(image.mode == "L" for image in images):
        sheet = Image.new("L", size, BACKGROUND)
    else:
        sheet = Image.new("RGB", size, (BACKGROUND,) * 3)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        sheet.paste(opaque(image, BACKGROUND), (column * width + padding, row * height + padding))
    return sheet


def is_image_path(path: str | os.PathLike[str]) -> bool:
    """Tell by the suffix alone; the file need not exist."""
    return Path(path).suffix.lower() in SUFFIXES


def find(folder: str | os.PathLike[str], recursive: bool = True, suffixes: Sequence[str] = SUFFIXES) -> list[Path]:
    """Return the files of a folder with one of these suffixes, sorted; hidden ones are skipped, links followed.

    Raises ImageError where the folder, or one below it, cannot be listed.
    """
    if not os.path.isdir(folder):
        wrong = "is a file, not a folder" if os.path.exists(folder) else "does not exist"
        raise ImageError(f"'{folder}' {wrong}. Give a folder of pictures.")
    found = []
    for root, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        folders[:] = [name for name in folders if recursive and _is_worth_entering(Path(root, name))]
        wanted = (name for name in files if Path(name).suffix.lower() in suffixes and not name.startswith("."))
        found += [Path(root, name) for name in wanted]
    return sorted(found)


def _is_worth_entering(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name == "__MACOSX"
    return not hidden and not folder.parent.resolve().is_relative_to(folder.resolve())  # a link back up never ends


def _refuse(error: OSError) -> None:
    raise ImageError(f"The folder {error.filename} cannot be listed: {error.strerror}. Check its permissions.")
