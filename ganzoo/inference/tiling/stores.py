"""Storage of whole results of a layer until they are read: in memory, or in private files."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from io import FileIO
from types import TracebackType
from typing import cast

import torch
from torch import Tensor

from ganzoo.errors import OutputError
from ganzoo.inference.tiling.graphs import Shape


@dataclass
class Store:
    """Rows (1, C, n, W) of one result, stored as (H, W, C): in ``memory``, or in ``file``."""

    shape: Shape
    memory: Tensor | None = None
    file: FileIO | None = None

    def write(self, first: int, rows: Tensor) -> None:
        """Store ``rows`` from row ``first`` on. Raises OutputError where the disk is full."""
        stored = rows.permute(0, 2, 3, 1)[0].contiguous().to("cpu", self.shape.dtype)
        if self.memory is not None:
            self.memory[first : first + len(stored)] = stored
            return
        file = cast(FileIO, self.file)
        try:
            file.seek(first * self.shape.row)
            left = _bytes_of(stored)
            while left:
                left = left[file.write(left) :]
        except OSError as error:
            raise _no_room(error.strerror or str(error)) from error

    def read(self, first: int, last: int) -> Tensor:
        """Return the rows first..last; those of a store in memory are a view of it."""
        if self.memory is not None:
            return self.memory[first:last].permute(2, 0, 1)[None]
        rows = torch.empty(last - first, self.shape.width, self.shape.channels, dtype=self.shape.dtype)
        file = cast(FileIO, self.file)
        file.seek(first * self.shape.row)
        left = _bytes_of(rows)
        while left:
            left = left[file.readinto(left) :]
        return rows.permute(2, 0, 1)[None]


class Stores:
    """The open stores, by step. Leaving the context closes all; files have no name, so none is left behind.

    Files are not mapped: mapped pages would count as memory. They lie where Python's ``tempfile`` puts them (TMPDIR).
    A file that is no longer needed is overwritten by the next store, which costs less than a new one.
    """

    def __init__(self) -> None:
        self._stores: dict[int, Store] = {}
        self._idle: list[FileIO] = []

    def __enter__(self) -> Stores:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for step in list(self._stores):
            self.drop(step)
        for file in self._idle:
            file.close()

    def __getitem__(self, step: int) -> Store:
        return self._stores[step]

    def open(self, step: int, shape: Shape, kind: str, over: int | None = None) -> None:
        """Make room for a step's result: "memory" or "file", or the store of step ``over``, whose shape is the same."""
        if over is not None:
            self._stores[step] = self._stores[over]
        elif kind == "memory":
            self._stores[step] = Store(shape, torch.empty(shape.height, shape.width, shape.channels, dtype=shape.dtype))
        else:
            self._stores[step] = Store(shape, file=self._idle.pop() if self._idle else _temporary_file())

    def drop(self, step: int) -> None:
        """Forget a step's result."""
        store = self._stores.pop(step)
        if store.file is not None and all(other is not store for other in self._stores.values()):
            self._idle.append(store.file)


def check_room(size: int) -> None:
    """Raise OutputError unless there is room for temporary files of ``size`` bytes."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < size:
        raise _no_room(f"{free / 1e9:.1f} GB are free, {size / 1e9:.1f} GB are needed")


def _temporary_file() -> FileIO:
    return tempfile.TemporaryFile(buffering=0, prefix="ganzoo-")


def _bytes_of(rows: Tensor) -> memoryview:
    return memoryview(rows.view(torch.uint8).numpy().reshape(-1))  # type: ignore[arg-type]


def _no_room(reason: str) -> OutputError:
    return OutputError(
        f"Cannot write temporary files in {tempfile.gettempdir()}: {reason}. Set TMPDIR to a folder with more room, "
        "or raise --max-memory."
    )
