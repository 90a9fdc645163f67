"""Windows of items -> batches in float32, cut out at random for training, or on a grid for validation.

A window's place is drawn from a seed of its own, which the batch's generator gives: so the shares of several processes
make up the batch that one process would see, though only the process that reads a window knows where it is valid.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.datasets import WHOLE
from ganzoo.data.rasters.frames import HeldFrame
from ganzoo.data.rasters.items import Item, Layers
from ganzoo.data.rasters.regions import RegionCache, RegionOrder, Regions, has_valid
from ganzoo.data.seeds import mix
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
        own_channels: Item name -> channels of each side, where ranges are measured on each image.
        size: Side of a window.
        flip: Mirror half of them.
        tiles: Fixed windows (item, top, left), for validation; None: windows at random.
        regions: What random windows are cut out of where items stay in their files; None: anywhere.
    """

    items: Sequence[Item]
    channels: tuple[tuple[Channel, ...], ...]
    own_channels: Mapping[str, Sequence[tuple[Channel, ...]]]
    size: int
    flip: bool = False
    tiles: Sequence[tuple[int, int, int]] | None = None
    regions: Regions | None = None

    @cached_property
    def in_memory(self) -> bool:
        """Whether a window needs no file."""
        return all(isinstance(layer, HeldFrame) for item in self.items for side in item.sides for layer in side)

    def __len__(self) -> int:
        return len(self.tiles) if self.tiles is not None else self.starts[-1]

    @cached_property
    def starts(self) -> list[int]:
        """The number of windows that fit into all items before each one."""
        return [0, *accumulate(fitting(item, self.size) for item in self.items)]

    def read(self, index: int, seed: int, out: Sequence[Array], valid: Array | None) -> int:
        """Read a window, and return the number of its item.

        Args:
            index: Of the window.
            seed: Of its place.
            out: Float32 (C, S, S) for each side, which is overwritten with values in [-1, 1].
            valid: Bool (S, S), overwritten with where all channels of all sides are valid; None where none are missing.
        """
        if self.tiles is not None:
            number, top, left = self.tiles[index % len(self.tiles)]
            item = self.items[number]
            self._at(item.sides, self._channels(item), top, left, False, out, valid)
            return number
        random = np.random.default_rng(seed)
        mirrored = self.flip and random.random() < 0.5
        if self.regions is None:
            number = bisect_right(self.starts, index % len(self)) - 1
            item = self.items[number]
            sides, left, top, columns, rows = item.sides, item.left, item.top, item.width, item.height
        else:
            number, sides, rows, columns = self._region(index, valid is not None)
            item, left, top = self.items[number], 0, 0
        channels = self._channels(item)
        for _ in range(TRIES):
            row = top + int(random.integers(rows - self.size + 1))
            column = left + int(random.integers(columns - self.size + 1))
            self._at(sides, channels, row, column, mirrored, out, valid)
            if valid is None or valid.any():
                break
        return number

    def _channels(self, item: Item) -> Sequence[tuple[Channel, ...]]:
        return self.own_channels.get(item.name, self.channels)

    @cached_property
    def _cache(self) -> RegionCache:
        assert self.regions is not None
        return RegionCache(self.regions, self.items)

    def order(self, seed: int, stream: int = 0) -> RegionOrder | None:
        """Return in which order regions come, and decode each before it does; None without regions."""
        return RegionOrder(self.regions, seed, stream, self._cache.prepare) if self.regions else None

    def _region(self, index: int, masked: bool) -> tuple[int, tuple[Layers, ...], int, int]:
        """Return the item, pixels, height and width of a region; of another one at random where no pixel is valid."""
        regions = self.regions
        assert regions is not None
        chosen = index % len(regions.all)
        for attempt in range(len(regions.all)):
            if chosen not in self._cache.empty:
                sides = self._cache.get(chosen)
                if not masked or has_valid(sides):
                    break
                self._cache.empty.add(chosen)
            chosen = mix(index, attempt) % len(regions.all)
        else:
            sides = self._cache.get(chosen)
        region = regions.all[chosen]
        return region.item, sides, region.rows + self.size - 1, region.columns + self.size - 1

    def _at(
        self,
        sides: Sequence[Layers],
        described: Sequence[tuple[Channel, ...]],
        top: int,
        left: int,
        mirrored: bool,
        out: Sequence[Array],
        valid: Array | None,
    ) -> None:
        rows, columns = slice(top, top + self.size), slice(left, left + self.size)
        if valid is not None:
            valid[:] = True
        for number, layers in enumerate(sides):
            channels, first = described[number], 0
            for layer in layers:
                count = layer.shape[0]
                values, mask = layer.read(rows, columns)
                if mirrored:
                    values, mask = values[:, :, ::-1], None if mask is None else mask[:, :, ::-1]
                convert(values, channels[first : first + count], mask, out[number][first : first + count], valid)
                first += count
        if valid is not None and not valid.all():
            for side in out:
                side[:, ~valid] = FILL


def convert(values: Array, channels: Sequence[Channel], mask: Array | None, out: Array, valid: Array | None) -> None:
    """Write what a network sees of values (C, h, w) to ``out``, and clear in ``valid`` (h, w) what is missing.

    Linear channels of up to 16 bits, none of them missing, are converted in place, which is three times as fast.
    """
    plain = values.dtype.kind in "iu" and values.dtype.itemsize <= 2
    if valid is not None or not plain or any(one.transform != "linear" or one.range is None for one in channels):
        out[:], good = stack_to_network(values, channels, mask)
        if valid is not None:
            valid &= good
        return
    for layer, channel, target in zip(values, channels, out, strict=True):
        low, high = channel.range or (0.0, 1.0)
        np.subtract(layer, np.float32(low), out=target, dtype=np.float32)
        target *= np.float32(2 / (high - low))
        target -= np.float32(1)
        if channel.outside == "clip":
            np.clip(target, -1, 1, out=target)


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

    def order(self, seed: int) -> Callable[[int], int] | None:
        """Return position -> index of windows that stay in files; None where they may come in any order."""
        own = self.windows.order(seed)
        return own.at if own else None

    def __len__(self) -> int:
        return len(self.windows)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        """Return the batch; see the protocol."""
        sides, valid, items = read_windows(self.windows, indices, random, own, self.masked)
        batch = dict(zip(self.names, sides, strict=True))
        if valid is not None:
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

    def order(self, seed: int) -> Callable[[int], int] | None:
        """Return position -> index of windows that stay in files, of both sets in one number."""
        a, b = self.a.order(seed), self.b.order(seed, 1)
        if a is None or b is None:
            return None
        count = len(a.regions.all)
        return lambda position: a.at(position) + count * b.at(position)

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        """Return the batch; see the protocol."""
        partners = indices
        if self.a.regions is not None and self.b.regions is not None:
            count = len(self.a.regions.all)
            indices, partners = [index % count for index in indices], [index // count for index in indices]
        elif self.shuffled:
            partners = torch.randint(len(self.b), (len(indices),), generator=random).tolist()
        (a,), valid_a, _ = read_windows(self.a, indices, random, own, self.masked)
        (b,), valid_b, _ = read_windows(self.b, partners, random, own, self.masked)
        masks = {} if valid_a is None or valid_b is None else {"valid_a": valid_a, "valid_b": valid_b}
        return {"a": a, "b": b, **masks}


def read_windows(
    windows: WindowSet, indices: list[int], random: torch.Generator, own: slice, masked: bool
) -> tuple[list[Tensor], Tensor | None, list[int]]:
    """Return (N, C, S, S) of each side, the mask (N, 1, S, S) if ``masked``, and the items, of the share ``own``."""
    seeds = torch.randint(2**62, (len(indices),), generator=random).tolist()
    chosen, size = list(zip(indices, seeds, strict=True))[own], windows.size
    sides = [torch.empty(len(chosen), len(channels), size, size) for channels in windows.channels]
    arrays = [side.numpy() for side in sides]
    valid = np.ones((len(chosen), size, size), bool) if masked else None
    items = [
        windows.read(index, seed, [array[row] for array in arrays], None if valid is None else valid[row])
        for row, (index, seed) in enumerate(chosen)
    ]
    return sides, None if valid is None else torch.from_numpy(valid[:, None].astype(np.float32)), items
