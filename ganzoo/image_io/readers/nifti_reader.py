"""NIfTI volumes as rasters: the slices of a volume in one of three directions, each an image, in patient coordinates.

A slice is shown as people look at it: anterior at the top of an axial slice, superior at the top of the others; from
left to right it runs to the patient's right, or to anterior. That changes the order, not values; the writer undoes it.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any, ClassVar, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError, OptionError
from ganzoo.files.limits import FILE
from ganzoo.files.regular import open_regular
from ganzoo.image_io.read_errors import as_image_errors
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import ArraySource, Raster

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
GZIP = b"\x1f\x8b"
DEFLATE_RATIO = 1032  # bytes that one compressed byte gives at most
HEADER = 352  # bytes of a NIfTI-1 header, with its magic at 344
MAGIC = {348: (slice(344, 348), (b"n+1\0",)), 540: (slice(4, 8), (b"n+2\0",))}
COMMENT = 6  # NIfTI's code of an extension that is plain text
CHANNELS_KEY = "ganzoo.channels"  # of an object in JSON in such a comment: NIfTI has no place for names of channels
# Direction -> the patient axes (0 right, 1 anterior, 2 superior) of frames, rows and columns.
DIRECTIONS = {"axial": (2, 1, 0), "coronal": (1, 2, 0), "sagittal": (0, 2, 1)}


class NiftiReader(Reader):
    """Reader of .nii and .nii.gz, by nibabel."""

    suffixes: ClassVar[tuple[str, ...]] = (".nii", ".nii.gz")
    packages: ClassVar[tuple[str, ...]] = ("nibabel",)
    extra: ClassVar[str] = "medical"

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look for the size of the header and its magic number, behind gzip too."""
        if head.startswith(GZIP):
            try:
                head = zlib.decompressobj(31).decompress(head, HEADER)
            except zlib.error:
                return False
        for order in ("little", "big"):
            size = int.from_bytes(head[:4], order)  # type: ignore[arg-type]
            if size in MAGIC and head[MAGIC[size][0]] in MAGIC[size][1]:
                return True
        return False

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a volume; ``axes`` is the direction of its slices: axial (default), coronal or sagittal."""
        direction = axes or "axial"
        if direction not in DIRECTIONS:
            raise OptionError(f"'{axes}' is not a direction of slices. Choose one of {', '.join(DIRECTIONS)}.")
        with as_image_errors(path):
            return VolumeFrames(path, direction)


class VolumeFrames(Frames):
    """The slices of a volume; of a series of volumes, those of the first time come first."""

    def __init__(self, path: str, direction: str) -> None:
        """Raises ImageError where the header declares more than may be unpacked, or no volume."""
        self._path, self._direction = path, direction
        self._open = ExitStack()
        try:
            file, self._most = _unpacked(path, self._open)
            self._read_header(file)
        except BaseException:
            self._open.close()
            raise

    def _read_header(self, file: IO[bytes]) -> None:
        path = self._path
        self._image = _header(file)
        shape = tuple(map(int, self._image.shape))
        if len(shape) not in (3, 4, 5) or min(shape) < 1:
            raise ImageError(
                f"{path} has the dimensions {shape}. Give a volume, a series of volumes, or a vector image."
            )
        self._volume, self._times = shape[:3], shape[3] if len(shape) > 3 else 1
        self._channels = shape[4] if len(shape) > 4 else 1
        kind = self._image.get_data_dtype()
        if kind.kind not in "iuf" or kind.itemsize > 8:
            raise ImageError(f"{path} has values of {kind}. Convert them to integers, or to floats of 32 or 64 bits.")
        size = math.prod(shape) * kind.itemsize
        FILE.check(size, path, ImageError)
        if size > self._most:
            raise ImageError(f"{path} is cut off: its header declares {size:,} bytes of values. Get it again.")
        self._placement = Placement.of(self._image.affine, self._direction, path)

    @cached_property
    def _data(self) -> Array:
        """The values (frames, C, H, W), scaled as the header says; the file's own type where it does not scale."""
        slope, inter = self._image.dataobj.slope, self._image.dataobj.inter
        with as_image_errors(self._path):
            values = np.asarray(self._image.dataobj.get_unscaled())
        if (slope, inter) != (1.0, 0.0):
            values = (values.astype(np.float64) * slope + inter).astype(np.float32)
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
        values = values.reshape(*self._volume, self._times, self._channels)
        frames = self._placement.to_frames(values)
        return frames.reshape(-1, *frames.shape[2:])

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def __len__(self) -> int:
        return self._times * self._volume[self._placement.axes[0]]

    def __getitem__(self, index: int) -> Raster:
        number = range(len(self))[index]
        channels = written_channels(self._image.header, self._channels)
        source = ArraySource(self._data[number])
        name = f"{self._path}, {self.labels[number]}"
        return Raster(source, channels, name, "nifti", self._metadata, group=self._path)

    @cached_property
    def _metadata(self) -> Mapping[str, Any]:
        return {"header": self._image.header.copy(), "affine": self._image.affine, "direction": self._direction}

    @property
    def labels(self) -> Sequence[str]:
        """As "axial 12", with the time of a series before it."""
        each = len(self) // self._times
        words = [f"{self._direction} {number % each + 1}" for number in range(len(self))]
        return words if self._times == 1 else [f"T {n // each + 1}, {word}" for n, word in enumerate(words)]

    @property
    def axis(self) -> str:
        """The slices of a volume lie along Z."""
        return "TZ" if self._times > 1 else "Z"

    @property
    def lengths(self) -> Sequence[int]:
        """Times and slices of a series."""
        return (self._times, len(self) // self._times) if self._times > 1 else ()

    @property
    def description(self) -> Mapping[str, str]:
        """Voxel size and orientation."""
        from nibabel.orientations import aff2axcodes

        zooms = " x ".join(f"{size:g}" for size in self._image.header.get_zooms()[:3])
        unit = self._image.header.get_xyzt_units()[0]
        return {
            "format": "NIfTI",
            "voxel size": f"{zooms} {'' if unit == 'unknown' else unit}".strip(),
            "orientation": "".join(map(str, aff2axcodes(self._image.affine))),
            "slices": self._direction,
        }


def written_channels(header: Any, count: int) -> tuple[Channel, ...]:
    """Return the channels that ganzoo wrote into a comment of the header; where it wrote none, what needs no name."""
    for extension in header.extensions:
        with suppress(Exception):  # a comment of other programs, or a damaged one
            if extension.get_code() == COMMENT:
                written = json.loads(extension.get_content())[CHANNELS_KEY]
                found = tuple(Channel(str(one["name"]), str(one["unit"])) for one in written)
                if len(found) == count:
                    return found
    return () if count > 1 else (Channel(""),)


def _unpacked(path: str, stack: ExitStack) -> tuple[IO[bytes], int]:
    """Return the file, behind gzip where its first bytes say so (its name says nothing), and the most that it can hold.

    ``stack`` closes it.
    """
    file = stack.enter_context(open_regular(path))
    length = os.fstat(file.fileno()).st_size
    packed = file.read(2) == GZIP
    file.seek(0)
    if not packed:
        return file, length
    unpacked: Any = stack.enter_context(gzip.GzipFile(fileobj=file))
    found: IO[bytes] = unpacked
    return found, length * DEFLATE_RATIO


def _header(file: IO[bytes]) -> Any:
    """Return nibabel's image of an open file; no value is read yet."""
    import nibabel

    size = file.read(4)
    file.seek(0)
    kind = nibabel.Nifti2Image if 540 in (int.from_bytes(size, "little"), int.from_bytes(size, "big")) else None
    holder = nibabel.FileHolder(fileobj=file)
    return (kind or nibabel.Nifti1Image).from_file_map({"header": holder, "image": holder}, mmap=False)


@dataclass(frozen=True)
class Placement:
    """Where the frames, rows and columns of a direction lie in a volume of a file.

    Attributes:
        axes: The axes of the file along which frames, rows and columns lie.
        flipped: Whether each of them runs the other way in the file.
    """

    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    @classmethod
    def of(cls, affine: Array, direction: str, name: str = "The volume") -> Placement:
        """Return that of a volume with this affine matrix. Raises ImageError where the matrix has no inverse."""
        from nibabel.orientations import io_orientation

        found = io_orientation(affine)
        if np.isnan(found).any():
            raise ImageError(f"{name} has an orientation without an inverse. Repair its affine matrix.")
        places = {int(axis): (place, flip < 0) for place, (axis, flip) in enumerate(found)}
        frame, row, column = (places[axis] for axis in DIRECTIONS[direction])
        # Patient axes run to the right, to anterior and to superior; rows run downwards.
        return cls((frame[0], row[0], column[0]), (frame[1], not row[1], column[1]))

    def to_frames(self, volume: Array) -> Array:
        """Return (T, frames, C, H, W) from (i, j, k, T, C) as the file has it."""
        frame, row, column = self.axes
        return self._flip(volume.transpose(3, frame, 4, row, column))

    def from_frames(self, frames: Array) -> Array:
        """Return (i, j, k, T, C) as the file has it from (T, frames, C, H, W)."""
        at = dict(zip(self.axes, (1, 3, 4), strict=True))
        return self._flip(frames).transpose(at[0], at[1], at[2], 0, 2)

    def _flip(self, frames: Array) -> Array:
        steps = [slice(None, None, -1 if flipped else 1) for flipped in self.flipped]
        return frames[:, steps[0], :, steps[1], steps[2]]
