"""Writes that fail: the n-th file that is opened for writing, renamed or made below a folder raises an OSError."""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

ERRORS = (errno.ENOSPC, errno.EIO)


class Faults:
    """Counts writes below a folder, and fails the ``fail_at``-th, the first being 0."""

    def __init__(self, folder: Path, fail_at: int) -> None:
        self.folder, self.fail_at, self.count = os.path.realpath(folder), fail_at, 0

    @property
    def failed(self) -> bool:
        return self.count > self.fail_at

    def check(self, path: Any) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        if os.path.isdir(path):  # made already, which nobody minds
            return
        if os.path.realpath(os.fsdecode(path)).startswith(self.folder):
            self.count += 1
            if self.count - 1 == self.fail_at:
                number = ERRORS[self.fail_at % len(ERRORS)]
                raise OSError(number, os.strerror(number), os.fsdecode(path))


@contextmanager
def faults(folder: Path, fail_at: int) -> Iterator[Faults]:
    """Fail one write below ``folder`` within the block."""
    import safetensors.torch
    import torch

    found = Faults(folder, fail_at)

    def opening(real: Callable[..., Any]) -> Callable[..., Any]:
        def opened(path: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
            if set(mode) & set("wax+"):
                found.check(path)
            return real(path, mode, *more, **named)

        return opened

    def first(real: Callable[..., Any], place: int = 0) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            if len(given) > place:
                found.check(given[place])
            return real(*given, **named)

        return called

    with (
        mock.patch.object(builtins, "open", opening(builtins.open)),
        mock.patch.object(io, "open", opening(io.open)),
        mock.patch.object(os, "replace", first(os.replace, 1)),
        mock.patch.object(os, "mkdir", first(os.mkdir)),
        mock.patch.object(torch, "save", first(torch.save, 1)),
        mock.patch.object(safetensors.torch, "save_file", first(safetensors.torch.save_file, 1)),
    ):
        yield found
