"""Many pictures of one size: a uint8 tensor in memory, or files that are decoded whenever they are needed.

Both are checked whole before training: every file is decoded once, and the broken ones are named in one error.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol, TypeAlias, TypeVar

import torch
from torch import Tensor

from ganzoo.data.decode import Facts, Form, cover, decode, halves, to_floats
from ganzoo.data.layout import on_lines
from ganzoo.data.sources import Source
from ganzoo.errors import DataError

MAX_BYTES = 8 * 2**30

Item = TypeVar("Item")
Result = TypeVar("Result")


class Stored(Protocol):
    """Pictures that are not in memory; can be pickled for a worker process."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, C, H, W)"""
        ...

    def __len__(self) -> int: ...

    def load(self, indices: list[int]) -> Tensor:
        """Return (len(indices), C, H, W) uint8. Raises DataError that names a file that cannot be read any more."""
        ...


Pictures: TypeAlias = "Tensor | Stored"


@dataclass
class Files:
    """Pictures that stay in their files."""

    source: Source
    names: list[str]
    form: Form

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.names), *self.form.shape

    def __len__(self) -> int:
        return len(self.names)

    def load(self, indices: list[int]) -> Tensor:
        names = [self.names[index] for index in indices]
        decoded = [decode(self.source.read(name), name, self.form)[0] for name in names]
        return torch.stack(decoded) if decoded else torch.empty(0, *self.form.shape, dtype=torch.uint8)


class Remembering:
    """Pictures side by side in files, which remember the last they loaded: their two halves are asked for in turn."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self._last: tuple[list[int], Tensor] | None = None

    def __getstate__(self) -> dict[str, object]:
        return {"files": self.files, "_last": None}

    def load(self, indices: list[int]) -> Tensor:
        if self._last is None or self._last[0] != indices:
            self._last = list(indices), self.files.load(indices)
        return self._last[1]


@dataclass
class Half:
    """The left (0) or right (1) half of pictures in files."""

    whole: Remembering
    side: int

    @property
    def shape(self) -> tuple[int, ...]:
        *rest, width = self.whole.files.shape
        return *rest, width // 2

    def __len__(self) -> int:
        return len(self.whole.files)

    def load(self, indices: list[int]) -> Tensor:
        return halves(self.whole.load(indices))[self.side].clone()


@dataclass
class Shrunk:
    """Stored pictures scaled back to ``size``, whole, for validation."""

    pictures: Stored
    size: int

    @property
    def shape(self) -> tuple[int, ...]:
        return *self.pictures.shape[:2], self.size, self.size

    def __len__(self) -> int:
        return len(self.pictures)

    def load(self, indices: list[int]) -> Tensor:
        return _shrunk(self.pictures.load(indices), self.size)


def take(pictures: Pictures, indices: list[int]) -> Tensor:
    """Return the chosen pictures, (len(indices), C, H, W) uint8, a copy."""
    if isinstance(pictures, Tensor):
        return pictures.index_select(0, torch.tensor(indices, dtype=torch.long))
    return pictures.load(indices)


def subset(pictures: Pictures, indices: list[int]) -> Pictures:
    """Return the chosen pictures; from memory without a copy where they lie together. Takes a tensor or `Files`."""
    if isinstance(pictures, Tensor):
        forward_batched = indices == list(range(indices[0], indices[0] + len(indices))) if indices else False
        return pictures[indices[0] : indices[0] + len(indices)] if forward_batched else pictures[indices]
    assert isinstance(pictures, Files)
    return replace(pictures, names=[pictures.names[index] for index in indices])


def sides(pictures: Pictures) -> tuple[Pictures, Pictures]:
    """Return the left and the right halves of a tensor or `Files`."""
    if isinstance(pictures, Tensor):
        return halves(pictures)
    assert isinstance(pictures, Files)
    whole = Remembering(pictures)
    return Half(whole, 0), Half(whole, 1)


def shrink(pictures: Pictures, size: int) -> Pictures:
    """Return pictures (N, C, size, size): stored ones scaled back, whole, for validation."""
    if pictures.shape[-1] == size:
        return pictures
    return _shrunk(pictures, size) if isinstance(pictures, Tensor) else Shrunk(pictures, size)


def _shrunk(pictures: Tensor, size: int) -> Tensor:
    return torch.stack([cover(to_floats(one)[None], size, size) for one in pictures])


def open_stored_images(
    source: Source, names: list[str], form: Form, memory: int = MAX_BYTES
) -> tuple[Pictures, list[Facts]]:
    """Decode every file once, in threads; return the pictures, and the facts of each.

    A form with 0 channels means 1 when every picture is gray, else 3. Up to ``memory`` bytes the pictures are one
    tensor, beyond it `Files`. Raises DataError that names every broken file.
    """
    full = replace(form, channels=form.channels or 3)
    held = _empty(len(names), full, memory)
    facts: list[Facts] = []
    broken: list[str] = []

    def one(name: str) -> tuple[Tensor | None, Facts] | str:
        try:
            stored, found = decode(source.read(name), name, full)
            return (stored if held is not None else None), found
        except DataError as error:
            return str(error)

    for index, result in enumerate(in_threads(one, names)):
        if isinstance(result, str):
            broken.append(result)
            continue
        facts.append(result[1])
        if held is not None and result[0] is not None:
            held[index] = result[0]
    if broken:
        raise DataError(_named(broken, len(names), source))
    gray = form.channels == 0 and all(each.gray for each in facts)
    if held is None:
        return Files(source, names, replace(full, channels=1) if gray else full), facts
    return held[:, :1].clone() if gray else held, facts


def _empty(count: int, form: Form, memory: int) -> Tensor | None:
    """Return room for all pictures, or None where that is more than ``memory`` bytes."""
    shape = (count, *form.shape)
    return torch.empty(shape, dtype=torch.uint8) if torch.Size(shape).numel() <= memory else None


def _named(broken: list[str], count: int, source: Source) -> str:
    return (
        f"{len(broken)} of {count} pictures in {source.path} cannot be used. Mend or remove them:\n  {on_lines(broken)}"
    )


def in_threads(work: Callable[[Item], Result], items: list[Item]) -> Iterator[Result]:
    """Yield the results in order, a few ahead of whoever takes them: a large set never waits in memory."""
    threads = min(8, os.cpu_count() or 1)
    rest = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(work, item) for item in islice(rest, 4 * threads)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(work, item) for item in islice(rest, 1)]
