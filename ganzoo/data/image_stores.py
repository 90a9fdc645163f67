"""Many images of one size: a uint8 tensor in memory, or files that are decoded whenever they are needed.

Both are checked before training: every file is decoded once, and all damaged ones are named in one error.
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

from ganzoo.data.listing import on_lines
from ganzoo.data.preprocessing import ImageInfo, ImageSpec, cover, decode, halves, to_floats
from ganzoo.data.sources import Source
from ganzoo.errors import DataError

MAX_BYTES = 8 * 2**30

Item = TypeVar("Item")
Result = TypeVar("Result")


class ImageStore(Protocol):
    """Images that are not in memory; can be pickled for a worker process."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, C, H, W)."""
        ...

    def __len__(self) -> int: ...

    def load(self, indices: list[int]) -> Tensor:
        """Return (len(indices), C, H, W) uint8. Raises DataError that names a file that can no longer be read."""
        ...


Images: TypeAlias = "Tensor | ImageStore"


@dataclass
class FileStore:
    """Images that stay in their files."""

    source: Source
    names: list[str]
    spec: ImageSpec

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self.names), *self.spec.shape

    def __len__(self) -> int:
        return len(self.names)

    def load(self, indices: list[int]) -> Tensor:
        names = [self.names[index] for index in indices]
        decoded = [decode(self.source.read(name), name, self.spec)[0] for name in names]
        return torch.stack(decoded) if decoded else torch.empty(0, *self.spec.shape, dtype=torch.uint8)


class CachedFiles:
    """Files of images side by side that remember the last batch, because its two halves are loaded one by one."""

    def __init__(self, files: FileStore) -> None:
        self.files = files
        self._last: tuple[list[int], Tensor] | None = None

    def __getstate__(self) -> dict[str, object]:
        return {"files": self.files, "_last": None}

    def load(self, indices: list[int]) -> Tensor:
        if self._last is None or self._last[0] != indices:
            self._last = list(indices), self.files.load(indices)
        return self._last[1]


@dataclass
class HalfStore:
    """The left (0) or right (1) half of images in files."""

    whole: CachedFiles
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
class ResizedStore:
    """Stored images scaled to ``height`` and ``width``, uncropped, for validation."""

    images: ImageStore
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, ...]:
        return *self.images.shape[:2], self.height, self.width

    def __len__(self) -> int:
        return len(self.images)

    def load(self, indices: list[int]) -> Tensor:
        return _resize(self.images.load(indices), self.height, self.width)


def take(images: Images, indices: list[int]) -> Tensor:
    """Return the chosen images, (len(indices), C, H, W) uint8, a copy."""
    if isinstance(images, Tensor):
        return images.index_select(0, torch.tensor(indices, dtype=torch.long))
    return images.load(indices)


def subset(images: Images, indices: list[int]) -> Images:
    """Return the chosen images of a tensor or `FileStore`; from memory without a copy where they are contiguous."""
    if isinstance(images, Tensor):
        contiguous = indices == list(range(indices[0], indices[0] + len(indices))) if indices else False
        return images[indices[0] : indices[0] + len(indices)] if contiguous else images[indices]
    assert isinstance(images, FileStore)
    return replace(images, names=[images.names[index] for index in indices])


def split_sides(images: Images) -> tuple[Images, Images]:
    """Return the left and the right halves of a tensor or `FileStore`."""
    if isinstance(images, Tensor):
        return halves(images)
    assert isinstance(images, FileStore)
    whole = CachedFiles(images)
    return HalfStore(whole, 0), HalfStore(whole, 1)


def shrink(images: Images, height: int, width: int = 0) -> Images:
    """Return images (N, C, height, width), squares without a width: scaled down, uncropped, for validation."""
    width = width or height
    if tuple(images.shape[-2:]) == (height, width):
        return images
    return _resize(images, height, width) if isinstance(images, Tensor) else ResizedStore(images, height, width)


def _resize(images: Tensor, height: int, width: int) -> Tensor:
    return torch.stack([cover(to_floats(image)[None], height, width) for image in images])


def open_stored_images(
    source: Source, names: list[str], spec: ImageSpec, memory: int = MAX_BYTES
) -> tuple[Images, list[ImageInfo]]:
    """Decode every file once, in threads.

    Args:
        source: Where the files are.
        names: The files.
        spec: How images are stored; 0 channels mean 1 if every image is gray, else 3.
        memory: Bytes up to which the images become one tensor; beyond, they become a `FileStore`.

    Returns:
        The images, and what each file was.

    Raises:
        DataError: Files are damaged; the message names all of them.
    """
    full = replace(spec, channels=spec.channels or 3)
    stored = _allocate(len(names), full, memory)
    infos: list[ImageInfo] = []
    damaged: list[str] = []

    def decode_one(name: str) -> tuple[Tensor | None, ImageInfo] | str:
        try:
            image, info = decode(source.read(name), name, full)
            return (image if stored is not None else None), info
        except DataError as error:
            return str(error)

    for index, result in enumerate(in_threads(decode_one, names)):
        if isinstance(result, str):
            damaged.append(result)
            continue
        infos.append(result[1])
        if stored is not None and result[0] is not None:
            stored[index] = result[0]
    if damaged:
        raise damaged_files(damaged, len(names), "images", source)
    gray = spec.channels == 0 and all(info.gray for info in infos)
    if stored is None:
        return FileStore(source, names, replace(full, channels=1) if gray else full), infos
    return stored[:, :1].clone() if gray else stored, infos


def _allocate(count: int, spec: ImageSpec, memory: int) -> Tensor | None:
    """Return a tensor for all images, or None where it takes more than ``memory`` bytes."""
    shape = (count, *spec.shape)
    return torch.empty(shape, dtype=torch.uint8) if torch.Size(shape).numel() <= memory else None


def damaged_files(messages: list[str], count: int, what: str, source: Source) -> DataError:
    """Return the error that lists damaged files."""
    return DataError(
        f"{len(messages)} of {count} {what} in {source.path} cannot be used. Fix or remove them:\n  "
        f"{on_lines(messages)}"
    )


def in_threads(work: Callable[[Item], Result], items: list[Item]) -> Iterator[Result]:
    """Yield the results in order, computed only a few ahead, so that a large set never waits in memory."""
    threads = min(8, os.cpu_count() or 1)
    rest = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(work, item) for item in islice(rest, 4 * threads)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(work, item) for item in islice(rest, 1)]
