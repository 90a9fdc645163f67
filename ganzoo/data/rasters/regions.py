"""Windows of sets that stay in their files: many are cut out of one region before the next is decoded.

A window of a tiled file touches four tiles, each of which costs more to decode than the window to cut. So the places
where windows can start are divided into regions. At any time windows are cut at random out of many of them, which are
kept in memory; now and then the oldest one gives way to the next. Over a run every place is as likely as any other.

Which regions a step sees depends on the seed and the step alone, as `ganzoo.training.data_order` has it.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import torch

from ganzoo.data.rasters.frames import HeldFrame, hold_window
from ganzoo.data.rasters.items import Item, Layers
from ganzoo.data.seeds import mix

CACHE = 1 << 29  # bytes of pixels that a process keeps decoded
REUSE = 8  # windows that cover each pixel of a region while it is in memory
MORE_REUSE = 32  # likewise, where a good part of the set is in memory anyway
GOOD_PART = 1 / 32  # of the set's regions: of sets up to 16 GiB
LEAST = 16  # regions in memory at a time: as many are preferred to larger ones
WIDEST = 8  # sides of a window in a side of a region
GRID = 256  # pixels; regions start at multiples, as the tiles of most files do
GOLDEN = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio: its multiples fill [0, 2^64) evenly


@dataclass(frozen=True)
class Region:
    """Places in an item where windows can start.

    Attributes:
        item: The item's number.
        top: First row where a window can start.
        left: First column.
        rows: How many rows there are where one can start.
        columns: How many columns.
        weight: Share of all windows, in windows that fit into the item.
    """

    item: int
    top: int
    left: int
    rows: int
    columns: int
    weight: float


@dataclass(frozen=True)
class Regions:
    """All regions of a set, and how they take turns.

    Attributes:
        all: Each place where a window can start is in one of them.
        active: How many are in memory at a time.
        visits: Windows that each gives while it is, on average; one region is exchanged after as many.
        size: Side of a window.
    """

    all: Sequence[Region]
    active: int
    visits: int
    size: int

    @classmethod
    def of(cls, items: Sequence[Item], weights: Sequence[int], size: int, budget: int = CACHE) -> Regions:
        """Divide items into regions, as large as they can be while enough of them fit into ``budget`` bytes.

        Args:
            items: The images, each at least as large as a window.
            weights: Windows that fit into each.
            size: Side of a window.
            budget: Bytes of decoded pixels to keep.
        """
        pixel = max(pixel_bytes(item) for item in items)
        side = WIDEST
        while side > 1 and budget < LEAST * pixel * ((side + 1) * size) ** 2:
            side //= 2
        regions = [
            region
            for number, (item, weight) in enumerate(zip(items, weights, strict=True))
            for region in _divide(item, number, weight, size, side * size)
        ]
        largest = max((one.rows + size - 1) * (one.columns + size - 1) for one in regions)
        active = max(1, budget // (pixel * largest))
        reuse = MORE_REUSE if active >= GOOD_PART * len(regions) else REUSE
        return cls(regions, active, max(1, round(reuse * sum(weights) / len(regions))), size)


def pixel_bytes(item: Item) -> int:
    """Return the bytes that a pixel of an item takes in memory, with its mask."""
    layers = [layer for side in item.sides for layer in side]
    return sum(layer.shape[0] * (layer.dtype.itemsize + (layer.dtype.kind == "f")) for layer in layers)


def _divide(item: Item, number: int, weight: int, size: int, side: int) -> list[Region]:
    """Return the regions of an item: ``side`` x ``side`` places or about as many, and no less than a tile or strip."""
    rows, columns = item.height - size + 1, item.width - size + 1
    high, wide = item.sides[0][0].block
    across = max(side, min(wide, columns))
    down = max(high, size, side * side // across)
    parts = [
        (top, left, bottom - top, right - left)
        for top, bottom in _cuts(item.top, rows, down)
        for left, right in _cuts(item.left, columns, across)
    ]
    share = weight / (rows * columns)
    return [Region(number, top, left, tall, broad, share * tall * broad) for top, left, tall, broad in parts]


def _cuts(first: int, length: int, step: int) -> list[tuple[int, int]]:
    """Return ``length`` places from ``first`` on in parts of about ``step``, cut at multiples of `GRID` if possible."""
    count = max(1, round(length / step))
    ends = [first + length * number // count for number in range(count + 1)]
    if step >= 2 * GRID:
        ends[1:-1] = [round(end / GRID) * GRID for end in ends[1:-1]]
    return list(pairwise(ends))


@dataclass
class RegionOrder:
    """Which regions the windows of each position come from: always ``active`` ones, the oldest of which gives way.

    The endless sequence of regions visits each in proportion to its weight, as evenly as can be.

    Attributes:
        regions: All of them.
        seed: Of the run.
        stream: Of several sets, which.
        announce: Called with the regions that windows come from now, and the one that comes next.
    """

    regions: Regions
    seed: int
    stream: int = 0
    announce: Callable[[set[int], int], None] = lambda active, following: None
    _last: tuple[int, list[int]] = field(default=(-1, []))

    @cached_property
    def _shuffled(self) -> tuple[list[int], list[float]]:
        """Return the regions in an order of chance, and the sums of their weights."""
        random = torch.Generator().manual_seed(mix(self.seed, 5, self.stream))
        order = torch.randperm(len(self.regions.all), generator=random).tolist()
        return order, list(accumulate(self.regions.all[number].weight for number in order))

    def region(self, place: int) -> int:
        """Return the region at a place of the sequence."""
        order, sums = self._shuffled
        share = ((place + mix(self.seed, 6, self.stream)) * GOLDEN) % 2**64 / 2**64
        return order[min(bisect_right(sums, share * sums[-1]), len(order) - 1)]

    def at(self, position: int) -> int:
        """Return the region of the window at a position, counted from 0 over the whole run."""
        visits, active = self.regions.visits, self.regions.active
        block, place = divmod(position, visits)
        if self._last[0] != block:
            random = torch.Generator().manual_seed(mix(self.seed, 7, self.stream, block))
            rounds = [torch.randperm(active, generator=random).tolist() for _ in range(-(-visits // active))]
            chosen = [number for each in rounds for number in each][:visits]
            now = [self.region(block + number) for number in range(active)]
            self._last = block, [now[number] for number in chosen]
            self.announce(set(now), self.region(block + active))
        return self._last[1][place]


class RegionCache:
    """The decoded regions of one process, and which of them have no valid pixel.

    Args:
        regions: All of them.
        items: The images that they belong to.
    """

    def __init__(self, regions: Regions, items: Sequence[Item]) -> None:
        self.regions, self.items = regions, items
        self.empty: set[int] = set()
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._kept: set[int] = set()
        self._held: OrderedDict[int, tuple[Layers, ...]] = OrderedDict()
        self._coming: dict[int, Future[tuple[Layers, ...]]] = {}
        self._thread: ThreadPoolExecutor | None = None

    def __reduce__(self) -> Any:
        return RegionCache, (self.regions, self.items)

    def get(self, number: int) -> tuple[Layers, ...]:
        """Return the layers of a region's pixels, each side's."""
        if self._process != os.getpid():  # forked: the thread stayed in the other process
            self._start()
        if number not in self._held:
            coming = self._coming.pop(number, None)
            self._held[number] = coming.result() if coming else self._decode(number)
            for each in list(self._held)[:-1]:
                if len(self._held) > self.regions.active + 1 and each not in self._kept:
                    del self._held[each]
        self._held.move_to_end(number)
        return self._held[number]

    def prepare(self, active: set[int], following: int) -> None:
        """Keep the active regions, and decode the one that follows in the background.

        Decoders are not Python: they leave the interpreter to other threads.
        """
        if self._process != os.getpid():
            self._start()
        self._kept = active | {following}
        if following in self._held or following in self.empty or self._coming:
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "regions")
        self._coming[following] = self._thread.submit(self._decode, following)

    def _decode(self, number: int) -> tuple[Layers, ...]:
        region = self.regions.all[number]
        rows = slice(region.top, region.top + region.rows + self.regions.size - 1)
        columns = slice(region.left, region.left + region.columns + self.regions.size - 1)
        sides = self.items[region.item].sides
        return tuple(tuple(hold_window(layer, rows, columns) for layer in side) for side in sides)


def has_valid(sides: Sequence[Layers]) -> bool:
    """Tell whether some pixel is valid in all channels, as far as files say."""
    good = None
    for layer in (layer for side in sides for layer in side):
        if isinstance(layer, HeldFrame) and layer.mask is not None:
            pixels = layer.mask.all(axis=0)
            good = pixels if good is None else good & pixels
    return good is None or bool(good.any())
