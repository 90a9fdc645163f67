"""Windows that come in any order, kept until a format's library takes them in its own: in memory, or on the disk."""

from __future__ import annotations

import contextlib
import os
import tempfile
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec
from ganzoo.errors import GanzooError, OutputError
from ganzoo.files.atomic import replacing

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
IN_MEMORY = 1 << 26  # bytes of an image that is not put on the disk
LARGE_PAGE = 1 << 26  # bytes of a page beyond which it is stored in tiles
BLOCK = 1 << 24  # bytes that are read back at once


class Spool:
    """An array (frames, C, H, W) that is written and read in windows."""

    def __init__(self, shape: tuple[int, int, int, int], dtype: str, folder: Path) -> None:
        """A larger one lies in a file without a name in ``folder``, which vanishes when it is closed."""
        self.shape, self.dtype = shape, np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * self.dtype.itemsize
        self._memory: Array | None = None
        self._file: IO[bytes] | None = None
        if size <= IN_MEMORY:
            self._memory = np.zeros(shape, self.dtype)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _unnamed_file(folder)
            self._file.truncate(size)

    def _place(self, frame: int, channel: int, row: int, column: int) -> int:
        _, count, height, width = self.shape
        return (((frame * count + channel) * height + row) * width + column) * self.dtype.itemsize

    def write(self, frame: int, top: int, left: int, values: Array) -> None:
        """Store (C, h, w)."""
        _, high, wide = values.shape
        if self._memory is not None:
            self._memory[frame, :, top : top + high, left : left + wide] = values
            return
        whole = wide == self.shape[3]
        for channel, layer in enumerate(np.ascontiguousarray(values, self.dtype)):
            for row, part in [(0, layer)] if whole else enumerate(layer):
                self._put(self._place(frame, channel, top + row, left), part)

    def _put(self, place: int, part: Array) -> None:
        assert self._file is not None
        self._file.seek(place)
        left = memoryview(np.ascontiguousarray(part).view(np.uint8).reshape(-1))  # type: ignore[arg-type]
        while left:
            left = left[self._file.write(left) :]

    def read(self, frame: int, channel: int, rows: slice, columns: slice) -> Array:
        """Return (h, w) of one channel."""
        if self._memory is not None:
            return self._memory[frame, channel, rows, columns]
        assert self._file is not None
        high, wide = rows.stop - rows.start, columns.stop - columns.start
        width = self.shape[3]
        values = np.empty((high, width if wide * 4 > width else wide), self.dtype)
        start = 0 if values.shape[1] == width else columns.start
        for row in [0] if values.shape[1] == width else range(high):
            self._file.seek(self._place(frame, channel, rows.start + row, start))
            part = values if values.shape[1] == width else values[row]
            left = memoryview(part.view(np.uint8).reshape(-1))  # type: ignore[arg-type]
            while left:
                left = left[self._file.readinto(left) :]  # type: ignore[attr-defined]
        return values[:, columns] if values.shape[1] == width else values

    def write_layer(self, frame: int, channel: int, top: int, part: Array) -> None:
        """Store rows (h, W) of one channel."""
        if self._memory is not None:
            self._memory[frame, channel, top : top + len(part)] = part
        else:
            self._put(self._place(frame, channel, top, 0), part)

    def close(self) -> None:
        """Drop what is stored."""
        self._memory = None
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def _unnamed_file(folder: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=folder, prefix=".ganzoo-", buffering=0)  # type: ignore[return-value]


def halved(spool: Spool, folder: Path) -> Spool:
    """Return every second pixel of a spool: values stay values of the image, whatever they mean."""
    frames, count, height, width = spool.shape
    high, wide = max(1, height // 2), max(1, width // 2)
    smaller = Spool((frames, count, high, wide), str(spool.dtype), folder)
    step = max(2, (LARGE_PAGE // max(1, width * spool.dtype.itemsize)) // 2 * 2)
    for frame in range(frames):
        for channel in range(count):
            for top in range(0, high * 2, step):
                rows = slice(top, min(top + step, height))
                part = spool.read(frame, channel, rows, slice(0, width))[::2, ::2][: high - top // 2, :wide]
                smaller.write_layer(frame, channel, top // 2, part)
    return smaller


@contextlib.contextmanager
def as_output_errors(path: Path) -> Iterator[None]:
    """Turn any error of an encoder into an OutputError; ganzoo's own pass."""
    try:
        yield
    except GanzooError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"Cannot write {path}: {reason}. Choose a folder that is writable and has space.") from error
    except Exception as error:  # encoders raise nearly everything
        raise OutputError(f"Cannot write {path}: {error}. Choose another kind of file.") from error


class SpooledFile(OpenFile):
    """A file whose windows are collected, and encoded when all are there."""

    def __init__(self, path: str, spec: OutputSpec) -> None:
        """Raises OutputError where there is no room."""
        self.path, self.spec = Path(path), spec
        with self._as_output_errors():
            folder = Path(os.path.realpath(path)).parent
            self.spool = Spool((spec.frames, *spec.shape), spec.dtype, folder)
            self.invalid: Spool | None = None  # 1 where a pixel has no value and the type has no mark for that

    def _as_output_errors(self) -> Any:
        return as_output_errors(self.path)

    def write_window(self, top: int, left: int, values: Array, valid: Array | None = None, frame: int = 0) -> None:
        """Keep a part; see the contract."""
        missing = self.missing_value()
        if valid is not None and missing is not None and not valid.all():
            values = np.where(valid, values, np.asarray(missing, values.dtype))
        with self._as_output_errors():
            self.spool.write(frame, top, left, values)
            if valid is not None and missing is None and not valid.all():
                self._mark(frame, top, left, valid)

    def write_passing(self, top: int, left: int, values: Array, valid: Array, frame: int = 0) -> None:
        """Keep a part, and mark what its own values do not show to be missing; see the contract."""
        self.write_window(top, left, values, None, frame)
        missing = self.missing_value()
        known = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
        if missing is not None:
            known |= values == np.asarray(missing, values.dtype)
        shown = valid | np.logical_or.reduce(known, axis=0)
        if not shown.all():
            with self._as_output_errors():
                self._mark(frame, top, left, shown)

    def _mark(self, frame: int, top: int, left: int, valid: Array) -> None:
        """Keep where pixels have no value in some channel."""
        if self.invalid is None:
            frames, _, height, width = self.spool.shape
            self.invalid = Spool((frames, 1, height, width), "uint8", Path(os.path.realpath(self.path)).parent)
        pixels = valid if valid.ndim == 2 else np.logical_and.reduce(valid, axis=0)
        self.invalid.write(frame, top, left, (~pixels).astype(np.uint8)[None])

    def missing_value(self) -> float | None:
        """Return what stands for a missing value; None: nothing does."""
        return float("nan") if np.dtype(self.spec.dtype).kind == "f" else None

    def close(self) -> None:
        """Encode, and let the file appear."""
        try:
            with self._as_output_errors(), replacing(self.path) as temporary:
                self.encode(temporary)
        finally:
            self.discard()

    def discard(self) -> None:
        """Drop what was collected."""
        for spool in (self.spool, self.invalid):
            if spool is not None:
                spool.close()

    @abstractmethod
    def encode(self, path: Path) -> None:
        """Write what the spool holds to a file."""
