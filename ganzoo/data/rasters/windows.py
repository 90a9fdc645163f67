"""Windows of items -> batches in float32, cut out at random for training, or on a grid for validation.

A window's place is drawn from a seed of its own, which the batch's generator gives: so the shares of several processes
make up the batch that one process would see, though only the process that reads a window knows where it is valid.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.datasets import WHOLE
from ganzoo.data.rasters.frames import HeldFrame
from ganzoo.data.rasters.items import Item
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.values import FILL, stack_to_network

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
Place: TypeAlias = "tuple[int, int]"
TRIES = 8  # windows drawn until one has a valid pixel
MOST_TILES = 256  # of validation


@dataclass(frozen=True)
class WindowSet:
    """Items, and how windows of them become what a network sees.

    Attributes:
        items: The images.
        channels: Of each side, in every item alike.
        own_channels: Item name -> channels of its first side, where ranges are measured on each image.
        size: Side of a window.
        flip: Mirror half of them.
        tiles: Fixed windows (item, top, left), for validation; None: windows at random.
    """

    items: Sequence[Item]
    channels: tuple[tuple[Channel, ...], ...]
    own_channels: dict[str, tuple[Channel, ...]]
    size: int
    flip: bool = False
    tiles: Sequence[tuple[int, int, int]] | None = None

    @property
    def in_memory(self) -> bool:
        """Whether a window needs no file."""
        return all(isinstance(layer, HeldFrame) for item in self.items for side in item.sides for layer in side)

    def __len__(self) -> int:
        return len(self.tiles) if self.tiles is not None else self.starts[-1]

    @property
    def starts(self) -> list[int]:
        """The number of windows that fit into all items before each one."""
        return [0, *accumulate(fitting(item, self.size) for item in self.items)]

    def read(self, index: int, seed: int) -> tuple[list[Array], Array, int]:
        """Return float32 (C, S, S) of each side in [-1, 1], bool (S, S) where all of them are valid, and the item.

        Args:
            index: Of the window.
            seed: Of its place.
        """
        if self.tiles is not None:
            number, top, left = self.tiles[index]
            return *self._at(self.items[number], top, left), number
        number = bisect_right(self.starts, index) - 1
        item, random = self.items[number], np.random.default_rng(seed)
        mirrored = self.flip and random.random() < 0.5
        for _ in range(TRIES):
            top = item.top + int(random.integers(item.height - self.size + 1))
            left = item.left + int(random.integers(item.width - self.size + 1))
            sides, valid = self._at(item, top, left)
            if valid.any():
                break
        if mirrored:
            sides, valid = [side[:, :, ::-1] for side in sides], valid[:, ::-1]
        return sides, valid, number

    def _at(self, item: Item, top: int, left: int) -> tuple[list[Array], Array]:
        rows, columns = slice(top, top + self.size), slice(left, left + self.size)
        sides, valid = [], np.ones((self.size, self.size), bool)
        for number, layers in enumerate(item.sides):
            channels = self.own_channels.get(item.name, self.channels[0]) if not number else self.channels[number]
            parts, first = [], 0
            for layer in layers:
                count = layer.shape[0]
                values, mask = layer.read(rows, columns)
                floats, good = stack_to_network(values, channels[first : first + count], mask)
                parts.append(floats)
                valid &= good
                first += count
            sides.append(np.concatenate(parts) if len(parts) > 1 else parts[0])
        if not valid.all():
            for side in sides:
                side[:, ~valid] = FILL
        return sides, valid


def fitting(item: Item, size: int) -> int:
    """Return how many windows fit into an item without overlap."""
    return max(1, item.height // size) * max(1, item.width // size)


def grid(items: Sequence[Item], size: int) -> list[tuple[int, int, int]]:
    """Return windows (item, top, left) without overlap, centered in each item; at most `MOST_TILES`, evenly chosen."""
    places = []
    for number, item in enumerate(items):
        down, across = max(1, item.height // size), max(1, item.width // size)
        top, left = item.top + (item.height - down * size) // 2, item.left + (item.width - across * size) // 2
        places += [(number, top + row * size, left + column * size) for row in range(down) for column in range(across)]
    if len(places) <= MOST_TILES:
        return places
    return [places[index * len(places) // MOST_TILES] for index in range(MOST_TILES)]


@dataclass(frozen=True)
class WindowDataset:
    """Windows of one set, or of (input, target) pairs; see `ganzoo.data.datasets.Dataset`.

    Batches have ``names``, and "valid" (N, 1, S, S), 1 where all channels are valid, if any pixel of the data is not.

    Attributes:
        windows: What is read.
        names: Of each side in a batch.
        masked: Whether batches say which pixels are valid.
        labels: The class of each item, or None.
    """

    windows: WindowSet
    names: tuple[str, ...]
    masked: bool
    labels: Sequence[int] | None = None

    @property
    def in_memory(self) -> bool:
        return self.windows.in_memory

    def __len__(self) -> int:
        return len(self.windows)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        """Return the batch; see the protocol."""
        sides, valid, items = read_windows(self.windows, indices, random, own)
        batch = dict(zip(self.names, sides, strict=True))
        if self.masked:
            batch["valid"] = valid
        if self.labels is not None:
            batch["label"] = torch.tensor([self.labels[item] for item in items], dtype=torch.long)
        return batch


@dataclass(frozen=True)
class UnpairedWindows:
    """Windows of two sets without correspondence; batches have "a", "b", and "valid_a", "valid_b" if any is invalid.

    The shorter set starts over at its end; for training, b is drawn at random.
    """

    a: WindowSet
    b: WindowSet
    masked: bool
    shuffled: bool = True

    @property
    def in_memory(self) -> bool:
        return self.a.in_memory and self.b.in_memory

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        """Return the batch; see the protocol."""
        partners = indices
        if self.shuffled:
            partners = torch.randint(len(self.b), (len(indices),), generator=random).tolist()
        (a,), valid_a, _ = read_windows(self.a, [index % len(self.a) for index in indices], random, own)
        (b,), valid_b, _ = read_windows(self.b, [index % len(self.b) for index in partners], random, own)
        return {"a": a, "b": b} | ({"valid_a": valid_a, "valid_b": valid_b} if self.masked else {})


def read_windows(
    windows: WindowSet, indices: list[int], random: torch.Generator, own: slice
) -> tuple[list[Tensor], Tensor, list[int]]:
    """Return (N, C, S, S) of each side, the mask (N, 1, S, S) in float32, and the items, of the share ``own``."""
    seeds = torch.randint(2**62, (len(indices),), generator=random).tolist()
    read = [windows.read(index, seed) for index, seed in list(zip(indices, seeds, strict=True))[own]]
    count, size = len(read), windows.size
    stacked = [
        torch.from_numpy(np.stack([sides[number] for sides, _, _ in read]))
        if read
        else torch.empty(0, len(channels), size, size)
        for number, channels in enumerate(windows.channels)
    ]
    valid = np.stack([good for _, good, _ in read])[:, None] if read else np.empty((0, 1, size, size))
    return stacked, torch.from_numpy(valid.astype(np.float32)), [item for _, _, item in read][:count]
