"""NumPy's files as rasters: .npy, read in windows from the disk, and .npz, which is unpacked whole."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError
from ganzoo.files.limits import FILE
from ganzoo.image_io.limits import MAX_PIXELS
from ganzoo.image_io.read_errors import as_image_errors
from ganzoo.rasters import axes as axis_letters
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Raster, check_numbers

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"
LARGEST_HEADER = 1 << 16
BYTES = 8  # of a pixel that may be unpacked at once, for each of the limit
# Names of arrays in .npz that say what the image means, as `ganzoo.image_io.writers.numpy_writer` writes them.
AXES, CHANNELS, MASK = "axes", "channels", "mask"


class NumpyReader(Reader):
    """Reader of .npy and .npz. A file of Python objects is refused: reading one runs code."""

    suffixes: ClassVar[tuple[str, ...]] = (".npy", ".npz")

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look for NumPy's first bytes, or a ZIP archive whose first file is an array."""
        if head.startswith(ZIP) and len(head) > 30:
            length = int.from_bytes(head[26:28], "little")
            return head[30 : 30 + length].endswith(b".npy")
        return head.startswith(NPY)

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a file; see the contract."""
        limit = max_pixels or MAX_PIXELS
        with as_image_errors(path):
            if zipfile.is_zipfile(path):
                array, more = _read_npz(path, limit)
                axes = axes or str(more.get(AXES, ""))
                channels, mask = _channels(more.get(CHANNELS)), more.get(MASK)
            else:
                array, channels, mask = _map_npy(path), (), None
            return ArrayFrames(array, path, axes, limit, channels, mask)


class ArrayFrames(Frames):
    """The images of an array: those along T and Z."""

    def __init__(
        self,
        array: Array,
        name: str,
        axes: str,
        max_pixels: int,
        channels: Sequence[Channel] = (),
        mask: Array | None = None,
    ) -> None:
        """Raises ImageError where the dimensions are ambiguous."""
        if array.dtype.kind not in "biuf":
            raise ImageError(f"{name} has values of {array.dtype}. Give integers, or floats of 16 to 64 bits.")
        if not array.size:
            raise ImageError(f"{name} has no pixels: its shape is {array.shape}.")
        if not axes and array.ndim != 2:
            raise ImageError(
                f"{name} has the shape {array.shape} and does not say what its dimensions are. Name them: --axes "
                f"{'CYX or --axes YXC' if array.ndim == 3 else 'ZCYX'}, say, where C are channels, Z depth, T time."
            )
        self._axes = axis_letters.check(axes or "YX", array.ndim, name)
        self._array, self._name, self._max_pixels, self._channels, self._mask = array, name, max_pixels, channels, mask
        if mask is not None and mask.shape != array.shape:
            raise ImageError(f"{name} has a mask of shape {mask.shape}, and an array of {array.shape}.")
        self._frame_axes = [letter for letter in self._axes if letter in axis_letters.FRAME_LETTERS]
        self._lengths = [array.shape[self._axes.index(letter)] for letter in self._frame_axes]

    def __len__(self) -> int:
        return math.prod(self._lengths)

    def __getitem__(self, index: int) -> Raster:
        number = range(len(self))[index]
        source = MappedSource(
            self._cyx(self._array, number), self._name, self._max_pixels, self._cyx(self._mask, number)
        )
        name = f"{self._name}, {self.labels[number]}" if len(self) > 1 else self._name
        channels = tuple(self._channels)
        return Raster(source, channels, name, "numpy", {"axes": self._axes}, group=self._name)

    def _cyx(self, array: Array | None, number: int) -> Any:
        """Return a view (C, Y, X) of one frame."""
        if array is None:
            return None
        places = np.unravel_index(number, self._lengths) if self._lengths else ()
        at = dict(zip(self._frame_axes, places, strict=True))
        view = array[tuple(at.get(letter, slice(None)) for letter in self._axes)]
        rest = "".join(letter for letter in self._axes if letter not in at)
        order = [rest.index(letter) for letter in rest if letter in axis_letters.CHANNEL_LETTERS]
        turned = view.transpose(*order, rest.index("Y"), rest.index("X"))
        return turned[None] if turned.ndim == 2 else turned

    @property
    def labels(self) -> Sequence[str]:
        """As "T 1, Z 4", counted from 1."""
        numbers = [np.unravel_index(index, self._lengths) if self._lengths else () for index in range(len(self))]
        return [
            ", ".join(f"{letter} {place + 1}" for letter, place in zip(self._frame_axes, places, strict=True))
            for places in numbers
        ]

    @property
    def axis(self) -> str:
        """The letters of the frames' dimensions."""
        return "".join(self._frame_axes) if len(self) > 1 else ""

    @property
    def lengths(self) -> Sequence[int]:
        """Of the frames' dimensions, where they are several."""
        return self._lengths if len(self) > 1 and len(self._lengths) > 1 else ()


@dataclass(frozen=True)
class MappedSource:
    """A view (C..., Y, X) of an array that may lie on the disk; see `ganzoo.rasters.raster.PixelSource`."""

    view: Array
    name: str
    max_pixels: int
    mask: Array | None = None
    _shape: tuple[int, ...] = field(default=(), repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        height, width = self.view.shape[-2:]
        return math.prod(self.view.shape[:-2]), height, width

    @property
    def dtype(self) -> np.dtype[Any]:
        """In the machine's byte order."""
        return np.dtype(np.uint8) if self.view.dtype.kind == "b" else np.dtype(self.view.dtype.newbyteorder("="))

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """One."""
        return (self.shape[1:],)

    @property
    def masked(self) -> bool:
        """Whether there is a mask."""
        return self.mask is not None

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window, as a new array."""
        pixels = (rows.stop - rows.start) * (columns.stop - columns.start)
        if pixels > self.max_pixels:
            raise ImageError(
                f"{self.name}: {pixels} pixels at once are more than the limit of {self.max_pixels}. Read smaller "
                f"windows, or raise the limit: --max-pixels {pixels}."
            )
        with as_image_errors(self.name):
            return check_numbers(np.stack([self._layer(self.view, rows, columns, one) for one in channels]), self.name)

    def _layer(self, view: Array, rows: slice, columns: slice, channel: int) -> Array:
        places: tuple[Any, ...] = np.unravel_index(channel, view.shape[:-2])
        layer: Array = view[(*places, rows, columns)]
        return layer

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return the mask's window."""
        if self.mask is None:
            return None
        return np.stack([self._layer(self.mask, rows, columns, one) for one in channels]).astype(bool)


def _map_npy(path: str) -> Array:
    """Return an array that stays on the disk; it is as long as the file, so a header cannot ask for memory."""
    mapped: Array = np.load(path, mmap_mode="r", allow_pickle=False, max_header_size=LARGEST_HEADER)
    return mapped


def _read_npz(path: str, limit: int) -> tuple[Array, Mapping[str, Array]]:
    """Return the one image in an archive, and what lies beside it."""
    with zipfile.ZipFile(path) as archive:
        described = {
            name.removesuffix(".npy"): _shape(archive, name) for name in archive.namelist() if name[-4:] == ".npy"
        }
    shapes = {name: shape for name, (shape, _) in described.items()}
    sizes = {name: size for name, (_, size) in described.items()}
    words = {AXES, CHANNELS, MASK}
    images = [name for name, shape in shapes.items() if len(shape) >= 2 and name not in words]
    if len(images) != 1:
        listing = ", ".join(images) or "none"
        raise ImageError(f"{path} should hold one array with two dimensions or more; it holds {listing}.")
    for name in images + [name for name in words if name in shapes]:
        if math.prod(shapes[name]) > limit * BYTES:
            raise ImageError(f"{path}: the array '{name}' declares {shapes[name]}, more than can be unpacked at once.")
        FILE.check(math.prod(shapes[name]) * sizes[name], f"{path}: the array '{name}'", ImageError)
    with np.load(path, allow_pickle=False, max_header_size=LARGEST_HEADER) as arrays:
        return arrays[images[0]], {name: arrays[name] for name in words if name in shapes}


def _shape(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], int]:
    """Return the shape that an array declares, and the bytes of a value."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file, max_header_size=LARGEST_HEADER)
    return tuple(shape), int(dtype.itemsize)


def _channels(text: Array | None) -> tuple[Channel, ...]:
    """Return the channels that an archive describes in JSON; () where it does not."""
    import json

    if text is None:
        return ()
    with suppress(Exception):
        return tuple(Channel.from_dict(one) for one in json.loads(str(text)))
    return ()
