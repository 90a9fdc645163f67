"""One frame of a file, or an array, as the training reads it: windows in the file's number type."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames
from ganzoo.errors import DataError, ImageError
from ganzoo.image_io.raster_files import open_frames
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Raster

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
MAX_OPEN = 32  # files that a process keeps open
STRIP = 1 << 22  # pixels that are read at once


class Frame(Protocol):
    """Some channels of an image; can be passed to a worker process."""

    @property
    def channels(self) -> tuple[Channel, ...]: ...

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    @property
    def block(self) -> tuple[int, int]:
        """(height, width) of what is decoded at once; (1, 1) where each pixel can be read by itself."""
        ...

    def read(self, rows: slice, columns: slice) -> tuple[Array, Array | None]:
        """Return values (C, h, w), and where they are valid, (C, h, w) bool or None for everywhere."""
        ...


@dataclass(frozen=True, eq=False)
class HeldFrame:
    """A frame in memory."""

    values: Array
    mask: Array | None
    channels: tuple[Channel, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        count, height, width = self.values.shape
        return count, height, width

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def block(self) -> tuple[int, int]:
        return 1, 1

    def read(self, rows: slice, columns: slice) -> tuple[Array, Array | None]:
        mask = None if self.mask is None else self.mask[:, rows, columns]
        return self.values[:, rows, columns], mask


@dataclass(frozen=True)
class StoredFrame:
    """A frame that stays in its file.

    Attributes:
        path: Of the file.
        number: Which frame of it.
        axes: What the file's dimensions are; "": what it says.
        bands: Names or numbers of the channels that count; "": all.
        left: First column that counts, of a panel.
        width: Columns that count; 0: all.
        words: What is read only when asked; see `ganzoo.image_io.raster_files.open_with`.
    """

    path: str
    number: int = 0
    axes: str = ""
    bands: str = ""
    left: int = 0
    width: int = 0
    words: str = ""

    def file(self) -> Frames:
        """Return the file that it is a frame of, opened by this thread of this process."""
        return opened(self.path, self.axes, self.words)

    def raster(self) -> Raster:
        """Open the frame, in this process."""
        raster = self.file()[self.number]
        return raster.select(self.bands) if self.bands else raster

    @property
    def channels(self) -> tuple[Channel, ...]:
        return self.raster().channels

    @property
    def shape(self) -> tuple[int, int, int]:
        count, height, width = self.raster().shape
        return count, height, self.width or width

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.raster().dtype

    @property
    def block(self) -> tuple[int, int]:
        return self.raster().block

    def read(self, rows: slice, columns: slice) -> tuple[Array, Array | None]:
        columns = slice(columns.start + self.left, columns.stop + self.left)
        try:
            raster = self.raster()
            return raster.window(rows, columns), raster.mask_window(rows, columns)
        except ImageError as error:
            raise DataError(str(error)) from error


class _Files(OrderedDict[tuple[object, ...], Frames]):
    """Open files of one thread, by process, path and version; they are closed when the thread ends."""

    def __del__(self) -> None:
        for owner, frames in self.items():
            if owner[0] == os.getpid():
                frames.close()


class _Opened(threading.local):
    """The files that each thread has opened: two threads shall not close each other's."""

    def __init__(self) -> None:
        self.files = _Files()


_opened = _Opened()


def opened(path: str, axes: str = "", words: str = "") -> Frames:
    """Return a file's frames, opened by this thread of this process: a handle of another one reads wrong bytes.

    Raises:
        DataError: The file cannot be read.
    """
    files, key = _opened.files, (os.getpid(), path, axes, words, *_version(path))
    if key not in files:
        try:
            files[key] = open_frames(path, axes=axes, read=words)
        except ImageError as error:
            raise DataError(str(error)) from error
        while len(files) > MAX_OPEN:
            owner, frames = files.popitem(last=False)
            if owner[0] == key[0]:
                frames.close()
    files.move_to_end(key)
    return files[key]


def _version(path: str) -> tuple[int, int]:
    """Return what changes when a file is written again."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error
    return found.st_mtime_ns, found.st_size


def hold(frame: Frame) -> HeldFrame:
    """Return a frame's pixels in memory, in their number type, read strip by strip."""
    _, height, width = frame.shape
    return hold_window(frame, slice(0, height), slice(0, width))


def hold_window(frame: Frame, rows: slice, columns: slice) -> HeldFrame:
    """Return the pixels of a window in memory, in their number type, read strip by strip."""
    height, width = rows.stop - rows.start, columns.stop - columns.start
    if height * width <= 2 * STRIP:
        return HeldFrame(*frame.read(rows, columns), frame.channels)
    values, mask = np.empty((frame.shape[0], height, width), frame.dtype), None
    step = max(1, STRIP // width)
    for top in range(0, height, step):
        strip = slice(top, min(top + step, height))
        read = slice(rows.start + strip.start, rows.start + strip.stop)
        values[:, strip], valid = frame.read(read, columns)
        if valid is not None:
            mask = np.ones(values.shape, bool) if mask is None else mask
            mask[:, strip] = valid
    return HeldFrame(values, mask, frame.channels)


def from_raster(raster: Raster) -> HeldFrame:
    """Return a raster's pixels in memory."""
    return HeldFrame(raster.window(), raster.mask_window(), raster.channels)


def named(frame: HeldFrame | StoredFrame, names: tuple[str, ...]) -> tuple[Channel, ...]:
    """Return a frame's channels under other names, where there are any."""
    channels = frame.channels
    if not any(names):
        return channels
    return tuple(replace(channel, name=name) for channel, name in zip(channels, names, strict=True))
