"""Image files, PIL images and arrays <-> tensors in [-1, 1]: the only place that converts pixels.

Between the edges an image is float32 (N, C, H, W) in [-1, 1] with C = 3 (RGB) or 1 (grey). Colour profiles are
ignored: numbers are taken as sRGB.
"""

from __future__ import annotations

import io
import math
import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PIL import Image, UnidentifiedImageError

from ganzoo.errors import ImageError, OutputError
from ganzoo.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

_FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
_KINDS = tuple(dict.fromkeys(_FORMATS.values()))
SUFFIXES = tuple(_FORMATS)
MAX_PIXELS = 178_956_970  # where Pillow refuses too; 512 MiB as RGB
BACKGROUND = 64  # of contact sheets
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's mode L

Source: TypeAlias = "str | os.PathLike[str] | bytes | IO[bytes] | Image.Image"
Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture, upright.

    ``rgb`` is (H, W, 3), uint8 or, where the source had 16 bits a channel, uint16. ``alpha`` is (H, W) of the same
    type, or None. ``grey``: the source had one colour channel (so the three of ``rgb`` are equal).
    """

    rgb: Array
    alpha: Array | None
    grey: bool
    name: str


# ---- reading ---------------------------------------------------------------------------------------------------------


def read(source: Source, *, max_pixels: int | None = None) -> Picture:
    """Decode a path, PIL image, binary file or bytes; of an animation, the first frame.

    EXIF orientation is applied. One-channel numbers of 16 or 32 bits must lie in 0..65535, floats in [0, 1].
    Raises ImageError for whatever is no readable picture, or has more than ``max_pixels`` (default MAX_PIXELS).
    """
    name = _name(source)
    limit = MAX_PIXELS if max_pixels is None else max_pixels
    with _as_image_errors(name), _without_pillow_limit():
        if isinstance(source, Image.Image):
            _check_size(source, limit, name)
            source.load()
            return _picture(_channels(source, name), source, name)
        with _opened(source) as file:
            image = _open(file, limit, name)
            channels = _deep_channels(image, file)
            if channels is None:
                image.load()
                channels = _channels(image, name)
            return _picture(channels, image, name)


def _name(source: object) -> str:
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source) or "''"
    name = getattr(source, "filename" if isinstance(source, Image.Image) else "name", None)
    return name if isinstance(name, str) and name else "The picture"


@contextmanager
def _as_image_errors(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises (Pillow's raise nearly everything) into an ImageError."""
    try:
        yield
    except ImageError:
        raise
    except FileNotFoundError as error:
        raise ImageError(f"No file {name}. Check the path.") from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is no picture of a known kind ({', '.join(_KINDS)}). Convert it to PNG or JPEG."
        ) from error
    except MemoryError as error:
        raise ImageError(f"{name} does not fit in memory. Make it smaller.") from error
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ImageError(
            f"{name} cannot be read: {reason.strip(' .')}. Check that the file is whole and readable."
        ) from error


_lock = threading.Lock()
_readers = 0
_pillow_limit: int | None = None


@contextmanager
def _without_pillow_limit() -> Iterator[None]:
    """Lift Pillow's global size limit, which warns and cannot be set per call: `_check_size` is ours.

    Threads read side by side; the last one out restores the limit.
    """
    global _readers, _pillow_limit
    with _lock:
        if _readers == 0:
            _pillow_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        _readers += 1
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                Image.MAX_IMAGE_PIXELS = _pillow_limit


def _opened(source: object) -> IO[bytes]:
    if isinstance(source, (str, os.PathLike)):
        if os.path.isdir(source):
            raise ImageError(f"{source} is a folder, not a picture. Give the files in it.")
        return open(source, "rb")
    data = source.read() if hasattr(source, "read") else source
    if not isinstance(data, (bytes, bytearray, memoryview)):
        wrong = "A file opened as text" if isinstance(data, str) else f"A {type(source).__name__}"
        raise ImageError(f"{wrong} is no picture. Give a path, a PIL image, bytes or a file opened with 'rb'.")
    return io.BytesIO(data)


def _open(file: IO[bytes], limit: int, name: str) -> Image.Image:
    file.seek(0)
    image = Image.open(file, formats=list(_KINDS))  # never EPS: that runs a program
    _check_size(image, limit, name)
    return image


def _check_size(image: Image.Image, limit: int, name: str) -> None:
    width, height = image.size
    if not width * height:
        raise ImageError(f"{name} has no pixels ({width}x{height}). Give a picture of at least 1x1.")
    if width * height > limit:
        raise ImageError(
            f"{name} has {width}x{height} pixels, more than the limit of {limit}. Make it smaller, or raise max_pixels."
        )


def _channels(image: Image.Image, name: str) -> Array:
    """Return (H, W, C), uint8 or uint16; C is 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _with_key(_from_numbers(np.asarray(image), name)[..., None], image)
    mode = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    if image.has_transparency_data:
        mode += "A"
    return np.asarray(image.convert(mode)).reshape(image.height, image.width, -1)


def _from_numbers(values: Array, name: str) -> Array:
    """Map (H, W) integers in 0..65535 or floats in [0, 1] to uint16."""
    top = 1 if values.dtype.kind == "f" else 65535
    low, high = values.min(), values.max()
    if not (low >= 0 and high <= top):  # NaN lands here too
        raise ImageError(f"{name} has values from {low:.6g} to {high:.6g}. Scale them to 0..{top}.")
    return np.round(values * 65535.0).astype(np.uint16) if top == 1 else values.astype(np.uint16)


def _with_key(channels: Array, image: Image.Image) -> Array:
    """Append alpha to 16-bit (H, W, C) of a PNG that names one colour transparent."""
    key = image.info.get("transparency")
    if key is None:
        return channels
    opaque = (channels != np.asarray(key)).any(axis=2, keepdims=True)
    return np.concatenate([channels, opaque.astype(np.uint16) * 65535], axis=2)


def _deep_channels(image: Any, file: IO[bytes]) -> Array | None:
    """Decode 16-bit RGB, RGBA and LA, of which Pillow keeps the high bytes only; None for any other picture.

    Colour is decoded twice: the second time with the byte order reversed, which makes the low bytes the high ones.
    """
    if image.format not in ("PNG", "TIFF") or not image.tile:
        return None
    args = image.tile[0].args
    raw = args if isinstance(args, str) else args[0]
    if raw == "LA;16B" and image.mode == "RGBA":
        high_low = _loaded(image, "RGBA")  # as many bytes: grey high, grey low, alpha high, alpha low
        return _joined(high_low[..., ::2], high_low[..., 1::2])
    match = re.fullmatch(r"(RGB[AX]?;16)([BLN])", raw)
    if not match:
        return None
    big_endian = match[2] == "B" or (match[2] == "N" and sys.byteorder == "big")
    high = _loaded(image, raw)
    file.seek(0)
    low = _loaded(Image.open(file, formats=[image.format]), match[1] + ("L" if big_endian else "B"))
    return _with_key(_joined(high, low), image)


def _loaded(image: Any, raw: str) -> Array:
    """Decode with another raw mode (Pillow's name for how pixels lie in the file)."""
    image.tile = [
        tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:])) for tile in image.tile
    ]
    image.load()
    return np.asarray(image)


def _joined(high: Array, low: Array) -> Array:
    return high.astype(np.uint16) << 8 | low


def _picture(channels: Array, image: Image.Image, name: str) -> Picture:
    channels = _upright(channels, _orientation(image))
    grey = channels.shape[2] < 3
    rgb = channels[..., :1].repeat(3, axis=2) if grey else np.ascontiguousarray(channels[..., :3])
    alpha = None if channels.shape[2] % 2 else np.ascontiguousarray(channels[..., -1])
    return Picture(rgb, alpha, grey, name)


def _orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(0x0112)
    except Exception:
        return None


def _upright(pixels: Array, orientation: object) -> Array:
    """Undo EXIF orientations 2 to 8 of (H, W, C); 5 to 8 swap the sides."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


# ---- to and from tensors ---------------------------------------------------------------------------------------------


def to_tensor(image: Picture | Source | Array | Tensor, channels: int = 3) -> Tensor:
    """Return float32 (1, C, H, W) in [-1, 1], C = ``channels``: 3, or 1 for luma. Alpha is left out.

    Takes what `read` takes, a Picture, an array (H, W) or (H, W, 1|3|4) of uint8, uint16 or floats in [0, 1], or a
    tensor (C, H, W) or (N, C, H, W) of uint8 or floats in [-1, 1], which keeps its device and batch.
    Raises ImageError for anything else, and names the range it found.
    """
    import torch

    if channels not in (1, 3):
        raise ImageError(f"An image of {channels} channels cannot be made. Ask for 3 (RGB) or 1 (grey).")
    if isinstance(image, torch.Tensor):
        return _with_channels(_checked_tensor(image), channels)
    if isinstance(image, np.ndarray):
        pixels = _checked_array(image)
    else:
        picture = image if isinstance(image, Picture) else read(image)
        pixels = _centred(picture.rgb[..., :1] if picture.grey else picture.rgb)
    return _with_channels(torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[None], channels)


def _centred(pixels: Array) -> Array:
    """Map uint8, uint16 or floats in [0, 1] to float32 in [-1, 1]."""
    top = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    return pixels.astype(np.float32) / np.float32(top / 2) - np.float32(1)


def _checked_array(array: Array) -> Array:
    """Return (H, W, 1|3) float32 in [-1, 1]."""
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
    return _centred(pixels[..., :3])


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
            f"A {tensor.dtype} tensor of shape {tuple(tensor.shape)} is no single image. Give floats (C, H, W), C 1 or 3."
        )
    image = image.detach().float()
    if not image.isfinite().all():
        what = "NaN" if image.isnan().any() else "infinite values"
        raise ImageError(f"The network produced {what} instead of a picture. Try float32, or other weights.")
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


# ---- sizes -----------------------------------------------------------------------------------------------------------


def resize(tensor: Tensor, height: int, width: int) -> Tensor:
    """Resample (N, C, H, W) in [-1, 1] with an antialiased bicubic filter; overshoot is clamped."""
    from torch.nn import functional as F

    if height < 1 or width < 1:
        raise ImageError(f"An image of {width}x{height} has no pixels. Ask for at least 1x1.")
    if tensor.shape[-2:] == (height, width):
        return tensor
    full = tensor if tensor.element_size() >= 4 else tensor.float()  # torch has no 16-bit kernel for this
    resized = F.interpolate(full, size=(height, width), mode="bicubic", antialias=True)
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
    """Indices 0 .. size-1 .. 0 .. size-1 ..., without repeating the ends."""
    import torch

    period = max(1, 2 * (size - 1))
    index = torch.arange(length, device=like.device) % period
    return torch.minimum(index, period - index)


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


def grid(images: Sequence[Image.Image], columns: int | None = None, padding: int = 2) -> Image.Image:
    """Lay images of one size out on a dark grey sheet, row by row: L if all are L, else RGB.

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
        sheet.paste(_opaque(image, BACKGROUND), (column * width + padding, row * height + padding))
    return sheet


def _opaque(image: Image.Image, background: int) -> Image.Image:
    """Put an image with alpha on a grey background; others pass unchanged."""
    if not image.has_transparency_data:
        return image
    below = Image.new("RGBA", image.size, (background,) * 3 + (255,))
    return Image.alpha_composite(below, image.convert("RGBA")).convert("RGB")


def save(image: Image.Image, target: str | os.PathLike[str] | IO[bytes], format: str | None = None) -> None:
    """Write a PIL image to a path (kind by suffix unless ``format`` is given) or a binary file (``format`` needed).

    A path is replaced whole or not at all, and its parent folders are created. JPEG and BMP hold no alpha here: it is
    put on white. JPEG quality is 95. Raises OutputError where the kind is unknown or the file cannot be written.
    """
    if not isinstance(target, (str, os.PathLike)):
        _write(_encoded(image, _kind("The file", "", format), "the picture"), target)
        return
    path = Path(target)
    data = _encoded(image, _kind(str(path), path.suffix, format), str(path))
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def _kind(name: str, suffix: str, format: str | None) -> str:
    """Return Pillow's name of the format."""
    wanted = "." + format.removeprefix(".") if format else suffix
    if wanted.lower() in _FORMATS:
        return _FORMATS[wanted.lower()]
    wrong = f"'{wanted}' is no kind of picture" if wanted else f"{name} does not say the kind of picture"
    raise OutputError(f"{wrong} that can be written. Choose one of {' '.join(SUFFIXES)}.")


def _encoded(image: Image.Image, kind: str, name: str) -> bytes:
    buffer = io.BytesIO()
    try:
        if kind in ("JPEG", "BMP"):
            image = _opaque(image, 255)
        if kind == "JPEG" and image.mode == "P":
            image = image.convert("RGB")
        image.save(buffer, kind, **({"quality": 95} if kind == "JPEG" else {}))
    except Exception as error:  # Pillow's encoders raise nearly everything
        raise OutputError(f"Cannot write {name} as {kind}: {error}. Choose PNG, or a smaller size.") from error
    return buffer.getvalue()


def _write(data: bytes, file: IO[bytes]) -> None:
    try:
        file.write(data)
    except (OSError, ValueError, TypeError) as error:  # ValueError: it is closed; TypeError: it takes text
        raise OutputError(f"Cannot write the picture: {error}. Give a path, or a file opened with 'wb'.") from error


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise OutputError, before any work is done, for a path whose suffix is no kind of picture, or that is a folder."""
    target = Path(path)
    _kind(str(target), target.suffix, None)
    if target.is_dir():
        raise OutputError(f"Cannot write {target}: it is a folder. Give the path of a file.")
    blocked = next((parent for parent in target.parents if parent.exists() and not parent.is_dir()), None)
    if blocked:
        raise OutputError(f"Cannot write {target}: {blocked} is a file, not a folder.")


def is_image_path(path: str | os.PathLike[str]) -> bool:
    """Tell by the suffix alone; the file need not exist."""
    return Path(path).suffix.lower() in SUFFIXES


def find(folder: str | os.PathLike[str], recursive: bool = True) -> list[Path]:
    """Return the image files of a folder, sorted; hidden ones and `__MACOSX` are skipped, links followed.

    Raises ImageError where the folder, or one below it, cannot be listed.
    """
    if not os.path.isdir(folder):
        wrong = "is a file, not a folder" if os.path.exists(folder) else "does not exist"
        raise ImageError(f"'{folder}' {wrong}. Give a folder of pictures.")
    found = []
    for root, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        folders[:] = [name for name in folders if recursive and _is_worth_entering(Path(root, name))]
        found += [Path(root, name) for name in files if is_image_path(name) and not name.startswith(".")]
    return sorted(found)


def _is_worth_entering(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name == "__MACOSX"
    return not hidden and not folder.parent.resolve().is_relative_to(folder.resolve())  # a link back up never ends


def _refuse(error: OSError) -> None:
    raise ImageError(f"The folder {error.filename} cannot be listed: {error.strerror}. Check its permissions.")
