"""Data that are no files: arrays, lists of images, torch's and Hugging Face's data sets.

8-bit gray and RGB images are trained on as a folder of them would be; all others as rasters, in their number type.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from ganzoo.errors import DataError
from ganzoo.rasters.raster import Raster

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
PREFIX = "object: "  # of what run.json says of such data
SIDES = {"paired": ("input", "target"), "unpaired": ("a", "b")}
COLORS = (1, 3, 4)  # channels of an array (H, W, C) of 8 bits; a fourth, alpha, is left out
IMAGE_KEYS, LABEL_KEYS = ("image", "img", "pixel_values"), ("label", "labels", "fine_label")


def is_object(data: object) -> bool:
    """Tell whether data are something else than paths."""
    if isinstance(data, (str, Path)):
        return False
    if isinstance(data, Mapping):
        return not all(isinstance(value, (str, Path)) for value in data.values())
    return not (isinstance(data, Sequence) and all(isinstance(each, (str, Path)) for each in data))


@dataclass(frozen=True)
class Objects:
    """The images of one side.

    Attributes:
        images: Anything with a length and numbers as indices.
        part: Which part of an element is the image: a key, a position, or None for all of it.
        label: Which part is its label, or None.
        classes: Names of the labels, where the data set has them.
        axes: What the dimensions of an array are; "": guessed from its shape.
    """

    images: Any
    part: str | int | None = None
    label: str | int | None = None
    classes: tuple[str, ...] = ()
    axes: str = ""

    def __len__(self) -> int:
        return len(self.images)

    def image(self, index: int) -> Array | Raster:
        """Return uint8 (H, W) or (H, W, 3), or a raster of anything else. Raises DataError that names the index."""
        element = self.images[index]
        return to_image(element if self.part is None else element[self.part], f"image {index}", self.axes)

    def class_of(self, index: int) -> str:
        """Return the name of an image's class, "" where it has none."""
        if self.label is None:
            return ""
        label = int(self.images[index][self.label])
        return self.classes[label] if self.classes else f"{label:06d}"


def to_image(value: Any, name: str, axes: str = "") -> Array | Raster:
    """Return an image as uint8 (H, W) or (H, W, 3), or as a raster where it is of another kind.

    Raises:
        DataError: It is no image.
    """
    if isinstance(value, Raster):
        return value
    if isinstance(value, Image.Image):
        deep = value.mode.startswith(("I", "F"))
        return _of_array(np.asarray(value if deep or value.mode in ("L", "RGB") else value.convert("RGB")), name, axes)
    if type(value).__module__.partition(".")[0] == "torch":
        return _of_array(value.detach().cpu().numpy(), name, axes or ("CYX" if value.ndim == 3 else ""))
    if isinstance(value, np.ndarray):
        return _of_array(value, name, axes)
    raise DataError(f"{name} is a {type(value).__name__}. Give arrays, tensors, PIL images or rasters.")


def _of_array(values: Array, name: str, axes: str) -> Array | Raster:
    axes = axes or _guess(values, name)
    raster = Raster.from_array(values, axes, name=name)
    if raster.dtype != np.uint8 or raster.shape[0] not in COLORS:
        return raster
    pixels = raster.window()[: 3 if raster.shape[0] > 1 else 1].transpose(1, 2, 0)
    return pixels[..., 0] if pixels.shape[2] == 1 else np.ascontiguousarray(pixels)


def _guess(values: Array, name: str) -> str:
    """Return the axes of an array of two or three dimensions."""
    if values.ndim == 2:
        return "YX"
    if values.ndim == 3:
        last, first = values.shape[2] in COLORS, values.shape[0] < min(values.shape[1:])
        if last != first:
            return "YXC" if last else "CYX"
    shape = "x".join(map(str, values.shape))
    raise DataError(f"{name} has the shape {shape}, which does not say where its channels are. Give axes='CYX', say.")


def open_sides(data: Any, kind: str, axes: str = "") -> tuple[Objects, ...]:
    """Return the images of one side, or of both.

    Args:
        data: A tensor or array of images, a list of images, a torch Dataset, a Hugging Face Dataset; for pairs or two
            sets a mapping {"input": ..., "target": ...} or {"a": ..., "b": ...}, two of the former, or a Dataset of
            pairs.
        kind: "images", "labeled", "paired" or "unpaired".
        axes: What the dimensions of one image are, as "CYX".

    Raises:
        DataError: It is none of these, or holds nothing.
    """
    names = SIDES.get(kind, ())
    if names and isinstance(data, Mapping):
        if set(data) != set(names):
            raise DataError(f"'{kind}' data are {names[0]} and {names[1]}, not {', '.join(map(str, data))}.")
        sides = [data[name] for name in names]
    elif names and isinstance(data, (tuple, list)) and len(data) == 2 and not _is_single(data[0]):
        sides = list(data)
    else:
        sides = [data]
    opened = tuple(_open(side, axes) for side in sides)
    if names and len(opened) == 1:
        opened = _split_elements(opened[0], names, kind)
    for side in opened:
        if not len(side):
            raise DataError("The data hold no image. Give at least one.")
    if kind == "paired" and len(opened[0]) != len(opened[1]):
        raise DataError(f"There are {len(opened[0])} inputs and {len(opened[1])} targets. Give as many of each.")
    return opened


def _is_image(value: Any) -> bool:
    return isinstance(value, (Image.Image, Raster)) or getattr(value, "ndim", 0) in (2, 3)


def _is_single(value: Any) -> bool:
    """Tell whether a value cannot be a list of images."""
    return isinstance(value, (Image.Image, Raster)) or getattr(value, "ndim", 0) == 2


def _open(side: Any, axes: str) -> Objects:
    if hasattr(side, "ndim"):  # images (N, H, W) or (N, ..., H, W) of an array or a tensor
        if side.ndim not in (3, 4):
            raise DataError(f"An array of {side.ndim} dimensions is no list of images. Give (N, H, W) or (N, C, H, W).")
        return Objects(side, axes=axes)
    if not (hasattr(side, "__len__") and hasattr(side, "__getitem__")):
        raise DataError(f"A {type(side).__name__} is no data set: it has no length and no indices. Give a list.")
    if not len(side):
        return Objects(side)
    element = side[0]
    if isinstance(element, Mapping):
        image = next((key for key in IMAGE_KEYS if key in element), None)
        label = next((key for key in LABEL_KEYS if key in element), None)
        features = getattr(side, "features", {}) or {}
        names = getattr(features.get(label), "names", None) or ()
        return Objects(side, image or "", label, tuple(map(str, names)), axes)
    if isinstance(element, (tuple, list)) and len(element) == 2 and not _is_image(element[1]):
        return Objects(side, 0, 1, tuple(map(str, getattr(side, "classes", ()) or ())), axes)
    alone = isinstance(element, (tuple, list)) and len(element) == 1  # as torch's TensorDataset of images
    return Objects(side, 0 if alone else None, axes=axes)


def _split_elements(whole: Objects, names: tuple[str, ...], kind: str) -> tuple[Objects, ...]:
    """Return both sides of a data set of pairs."""
    element = whole.images[0] if len(whole) else None
    if isinstance(element, Mapping) and set(names) <= set(element):
        return tuple(Objects(whole.images, name, axes=whole.axes) for name in names)
    if isinstance(element, (tuple, list)) and len(element) == 2:
        return tuple(Objects(whole.images, number, axes=whole.axes) for number in range(2))
    raise DataError(f"'{kind}' data need {names[0]} and {names[1]}: give both, or a data set whose elements are pairs.")


# ---- as a folder -----------------------------------------------------------------------------------------------------


@dataclass
class ObjectSource:
    """8-bit images as named files, PNGs that are written when they are read; see `ganzoo.data.sources.Source`."""

    objects: Objects
    path: Path = field(default_factory=lambda: Path("the data"))
    names: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        digits = len(str(len(self.objects)))
        folders = [self.objects.class_of(index) for index in range(len(self.objects))]
        self._index = {f"{folder}/{index:0{digits}}.png".lstrip("/"): index for index, folder in enumerate(folders)}
        self.names = sorted(self._index)

    def read(self, name: str) -> bytes:
        """Return a PNG."""
        image = self.objects.image(self._index[name])
        if isinstance(image, Raster):
            raise DataError(f"{name}: it is not of 8 bits, as the first image is. Give images of one kind.")
        file = io.BytesIO()
        Image.fromarray(image).save(file, "PNG", compress_level=1)
        return file.getvalue()

    def size(self, name: str) -> int:
        """Return a number that changes with the pixels."""
        return int.from_bytes(digest(self.objects.image(self._index[name]))[:6], "big")


def digest(image: Array | Raster) -> bytes:
    """Return a SHA-256 of an image's values and shape."""
    values = np.ascontiguousarray(image.window() if isinstance(image, Raster) else image)
    return hashlib.sha256(f"{values.dtype}{values.shape}".encode() + values.tobytes()).digest()


def rasters_of(objects: Objects) -> Iterator[Raster]:
    """Yield all images of a side as rasters."""
    for index in range(len(objects)):
        image = objects.image(index)
        yield image if isinstance(image, Raster) else Raster.from_array(image, "YX" if image.ndim == 2 else "YXC")


def describe(sides: Sequence[Objects]) -> str:
    """Return what the data are, as run.json says it."""
    return PREFIX + " and ".join(f"{len(side):,} images from a {type(side.images).__name__}" for side in sides)
