"""OME-Zarr as rasters: a folder of chunks, read in windows by zarr."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError
from ganzoo.files.parsing import parse_json
from ganzoo.files.regular import read_text
from ganzoo.image_io.limits import MAX_PIXELS
from ganzoo.image_io.read_errors import as_image_errors, check_window
from ganzoo.image_io.readers import zarr_metadata
from ganzoo.rasters.raster import Raster

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
ATTRIBUTES = (".zattrs", "zarr.json")
LARGEST = 16 << 20  # bytes of attributes


class ZarrReader(Reader):
    """Reader of OME-Zarr folders (NGFF 0.4 and 0.5), by zarr."""

    suffixes: ClassVar[tuple[str, ...]] = (".ome.zarr", ".zarr")
    packages: ClassVar[tuple[str, ...]] = ("zarr",)
    extra: ClassVar[str] = "zarr"

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look for the attributes of an image in a folder."""
        if head or not path or not os.path.isdir(path):
            return False
        found = zarr_metadata.words(_attributes(path))
        return "multiscales" in found or "bioformats2raw.layout" in found

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a folder; ``axes`` does not apply."""
        if axes:
            raise ImageError(f"{path} says itself what its dimensions are. Omit --axes {axes}.")
        with as_image_errors(path):
            return ZarrFrames(path, max_pixels or MAX_PIXELS)


def _attributes(path: str) -> Mapping[str, Any]:
    """Return a group's attributes, read without zarr; {} where there are none."""
    for name in ATTRIBUTES:
        file = Path(path, name)
        try:
            if file.is_file() and file.stat().st_size <= LARGEST:
                found = parse_json(file.read_text(encoding="utf-8"))
                found = found.get("attributes", {}) if name == "zarr.json" else found
                return found if isinstance(found, dict) else {}
        except (OSError, ValueError, AttributeError):
            return {}
    return {}


def _refuse_pickle(folder: str, names: Iterable[str], path: str) -> None:
    """Raise ImageError where an array's metadata name a codec that runs code; zarr has one, for arrays of objects."""
    for name in names:
        for file in (Path(folder, name, ".zarray"), Path(folder, name, "zarr.json")):
            if file.is_file() and "pickle" in read_text(file, ImageError, "replace"):
                raise ImageError(f"{path} is stored by pickle, which runs code, and is not read. Convert it.")


class ZarrFrames(Frames):
    """The points in time and depth of an image."""

    def __init__(self, path: str, max_pixels: int) -> None:
        """Raises ImageError where the group holds several images, or its arrays do not fit one another."""
        import zarr

        self._path = path
        folder = path
        if "multiscales" not in zarr_metadata.words(_attributes(path)):  # bioformats2raw's: images are called 0, 1, ...
            if (Path(path) / "1").is_dir():
                raise ImageError(f"{path} holds several images. Give one of them: {os.path.join(path, '0')}.")
            folder = os.path.join(path, "0")
        self._image = zarr_metadata.parse(_attributes(folder), path)
        _refuse_pickle(folder, self._image.paths, path)
        group = zarr.open_group(folder, mode="r")
        arrays = [group[name] for name in self._image.paths]
        first, axes = arrays[0], self._image.axes
        if any(len(one.shape) != len(axes) or one.dtype != first.dtype for one in arrays):
            raise ImageError(f"{path} has levels of different dimensions or number types.")
        if first.dtype.kind not in "biuf" or not all(first.shape):
            raise ImageError(f"{path} has values of {first.dtype}, {first.shape}. Give integers, or floats.")
        if int(np.prod(first.chunks)) > max_pixels:
            raise ImageError(
                f"{path} has chunks of {first.chunks}, more than the limit of {max_pixels}. Chunk it again."
            )
        self._arrays = tuple(one for one in arrays if _same_stack(one.shape, first.shape, axes))
        self._letters = "".join(letter for letter in "tz" if letter in axes and self._length(letter) > 1)
        self._metadata = {
            "image": self._image,
            "format": group.metadata.zarr_format,
            "chunks": tuple(int(side) for side in first.chunks),
            "levels": len(self._arrays),
            "shape": tuple(int(side) for side in first.shape),
        }
        self._max_pixels = max_pixels

    def _length(self, letter: str) -> int:
        axes = self._image.axes
        return int(self._arrays[0].shape[axes.index(letter)]) if letter in axes else 1

    def __len__(self) -> int:
        return int(np.prod([self._length(letter) for letter in self._letters], dtype=int))

    def _place(self, number: int) -> dict[str, int]:
        lengths = [self._length(letter) for letter in self._letters]
        found = np.unravel_index(number, lengths) if lengths else ()
        return dict(zip(self._letters, map(int, found), strict=True))

    def __getitem__(self, index: int) -> Raster:
        number = range(len(self))[index]
        name = f"{self._path}, {self.labels[number]}" if len(self) > 1 else self._path
        source = ZarrSource(self._arrays, self._image.axes, self._place(number), self._max_pixels, name)
        channels = zarr_metadata.channels(self._image.attributes, source.shape[0])
        return Raster(source, channels, name, "zarr", self._metadata, group=self._path)

    @property
    def labels(self) -> Sequence[str]:
        """As "T 1, Z 4"."""
        return [
            ", ".join(f"{letter.upper()} {place + 1}" for letter, place in self._place(number).items())
            for number in range(len(self))
        ]

    @property
    def axis(self) -> str:
        """Time and depth, where there are several."""
        return self._letters.upper()

    @property
    def lengths(self) -> Sequence[int]:
        """Of time and depth, where there are both."""
        return [self._length(letter) for letter in self._letters] if len(self._letters) > 1 else ()

    @property
    def description(self) -> Mapping[str, str]:
        """Version, pixel size and chunks."""
        version = "0.5" if "ome" in self._image.attributes else "0.4"
        chunks = "x".join(map(str, self._metadata["chunks"]))  # type: ignore[arg-type, call-overload]
        found = {
            "format": f"OME-Zarr {version}",
            "pixel size": self._image.pixel_size,
            "stored": f"in chunks of {chunks}",
        }
        return {name: text for name, text in found.items() if text}


def _same_stack(shape: Sequence[int], first: Sequence[int], axes: str) -> bool:
    """Tell whether a level has all frames and channels of the first."""
    return all(one == other for one, other, letter in zip(shape, first, axes, strict=True) if letter not in "yx")


@dataclass(frozen=True)
class ZarrSource:
    """One image of a group; `ganzoo.rasters.raster.PixelSource` says what a source does."""

    arrays: tuple[Any, ...]
    axes: str
    place: Mapping[str, int]
    max_pixels: int
    name: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        count = int(self.arrays[0].shape[self.axes.index("c")]) if "c" in self.axes else 1
        return count, *self.levels[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """In the machine's byte order; bits count as uint8."""
        kind = np.dtype(self.arrays[0].dtype)
        return np.dtype(np.uint8) if kind.kind == "b" else kind.newbyteorder("=")

    @property
    def levels(self) -> tuple[tuple[int, int], ...]:
        """(H, W) of each level."""
        down, across = self.axes.index("y"), self.axes.index("x")
        return tuple((int(one.shape[down]), int(one.shape[across])) for one in self.arrays)

    @property
    def masked(self) -> bool:
        """Never: the format has no mark for missing values but NaN."""
        return False

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window."""
        height, width = rows.stop - rows.start, columns.stop - columns.start
        check_window(self.name, height, width, self.max_pixels)
        values = np.empty((len(channels), height, width), self.dtype)
        with as_image_errors(self.name):
            for place, channel in enumerate(channels):
                at: dict[str, Any] = {"y": rows, "x": columns, "c": channel, **self.place}
                layer = self.arrays[level][tuple(at.get(letter, 0) for letter in self.axes)]
                values[place] = layer if self.axes.index("y") < self.axes.index("x") else np.transpose(layer)
        return values

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return None: every value counts."""
        return None
