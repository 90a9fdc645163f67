"""How a pass goes down a picture: which rows of which step each strip adds, and which it hands on to the next.

No row is computed twice in a pass: of those that a later strip needs again, the last few are carried over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ganzoo.inference.tiling.graphs import Graph, Shape
from ganzoo.inference.tiling.layers import Rows

STRIP = {"cpu": 4 << 20, "elsewhere": 256 << 20}  # bytes of the largest result in a strip; 4 MiB stays in the caches
UNUSED = 6  # pieces


@dataclass(frozen=True)
class Pass:
    """One way down the picture; steps are named by their places in the graph.

    targets   steps that are made whole: for their statistics, or because one is the output
    order     steps at work, in order
    read      those of them that come from a store, or are the picture
    written   those that go into a store, with the step whose place they take there
    """

    targets: tuple[int, ...]
    order: tuple[int, ...]
    read: frozenset[int]
    written: Mapping[int, int | None]


@dataclass(frozen=True)
class Strip:
    """Rows that are ``made`` anew, by step, and for every step the first row of those ``kept`` for later strips."""

    made: dict[int, Rows]
    kept: dict[int, int]


class Timeline:
    """A pass in ``count`` strips.

    spent   by step: the steps whose rows nobody needs any more in a strip when this one is done
    """

    def __init__(self, graph: Graph, shapes: list[Shape], one: Pass, count: int) -> None:
        self.graph, self.shapes, self.one, self.count = graph, shapes, one, count
        self.users = self._users()
        self.spent: dict[int, list[int]] = {place: [] for place in one.order}
        for place in one.order:
            self.spent[max(self.users[place], default=place)].append(place)

    def _users(self) -> dict[int, list[int]]:
        """Return who computes from a step's rows in this pass."""
        users: dict[int, list[int]] = {place: [] for place in self.one.order}
        for place in self.one.order:
            if place not in self.one.read:
                for source in self.graph.steps[place].inputs:
                    users[source].append(place)
        return users

    def strips(self) -> list[Strip]:
        """Return the strips from top to bottom, computed anew: there may be thousands, of one pass after the other."""
        done = dict.fromkeys(self.one.order, 0)
        wanted = [self._extend(done, index) for index in range(1, self.count + 1)]
        strips: list[Strip] = []
        kept = {place: self.shapes[place].height for place in self.one.order}
        for made, lows in reversed(wanted):
            strips.append(Strip(made, dict(kept)))
            kept = {place: min(low, kept[place]) for place, low in lows.items()}
        return strips[::-1]

    def _extend(self, done: dict[int, int], index: int) -> tuple[dict[int, Rows], dict[int, int]]:
        """Return the rows that strip ``index`` makes of each step, and the first row it needs; move ``done`` on."""
        made: dict[int, Rows] = {}
        lows: dict[int, int] = {}
        whole = {*self.one.targets, *self.one.written}
        replaced = {over: place for place, over in self.one.written.items()}
        for place in reversed(self.one.order):
            height = self.shapes[place].height
            low, high = height, done[place]
            if place in whole:
                high = max(high, -(-height * index // self.count))
            for user in self.users[place]:
                if user in made:
                    first, last = self.graph.steps[user].operation.needs(*made[user], height)
                    low, high = min(low, first), max(high, last)
            if replaced.get(place) in made:  # what takes a step's place must not overtake those who read it
                high = max(high, made[replaced[place]][1])
            if high > done[place]:
                made[place] = done[place], high
            lows[place], done[place] = low, high
        return made, lows

    @cached_property
    def peak(self) -> int:
        """Bytes that the strips hold at the worst moment, with a copy of what an operation takes and makes.

        Measured, the allocator keeps the room of some pieces more, unused, between those that come and go.
        """
        most = 0
        held = dict.fromkeys(self.one.order, 0)
        done = dict.fromkeys(self.one.order, 0)
        for strip in self.strips():
            waiting = 0
            for place in self.one.order:
                row = self.shapes[place].row
                if place in strip.made:
                    first, done[place] = strip.made[place]
                    new = (done[place] - first) * row
                    inputs = () if place in self.one.read else self.graph.steps[place].inputs
                    copies = sum(held[source] for source in inputs) + held[place] + 2 * new
                    most = max(most, sum(held.values()) + waiting + copies)
                    held[place] += new
                    waiting += new if place in self.one.written else 0
                for source in self.spent[place]:
                    held[source] = max(0, done[source] - strip.kept[source]) * self.shapes[source].row
        return most + UNUSED * max(self.shapes[place].size for place in self.one.order) // self.count


def fitting(graph: Graph, shapes: list[Shape], one: Pass, room: int, device: str) -> Timeline:
    """Return a pass in strips that suit a kind of device, or in thinner ones if those take more than ``room`` bytes.

    The thinnest are returned if none fit.
    """
    largest = max(shapes[place].size for place in one.order)
    most = max(shapes[place].height for place in one.order)
    count = min(most, -(-largest // STRIP.get(device, STRIP["elsewhere"])))
    while True:
        timeline = Timeline(graph, shapes, one, count)
        if timeline.peak <= room or count == most:
            return timeline
        count = min(2 * count, most)
