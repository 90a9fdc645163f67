"""How a pass goes down an image: which rows of which step each strip adds, and which it passes on to the next.

No row is computed twice in a pass: rows that a later strip needs again are carried over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ganzoo.inference.tiling.graphs import Graph, Shape
from ganzoo.inference.tiling.layers import Rows

STRIP = {"cpu": 4 << 20, "elsewhere": 256 << 20}  # bytes of the largest result in a strip; 4 MiB stays in the caches
LONG = 300  # steps, from which on a strip costs much by itself
ROWS = 4  # of most results at least in a strip of so many steps, where memory allows
LOOK = 64  # strips by which a peak of memory is first estimated
MARGIN = 8  # strips at the end of these, whose followers are not known
UNUSED = 6  # blocks


@dataclass(frozen=True)
class Pass:
    """One pass down the image. Steps are identified by their indices in the graph.

    Attributes:
        targets: Steps that are computed whole: for their statistics, or because one is the output.
        order: Steps that take part, in order.
        read: Those of them that come from a store, or are the image.
        written: Those that go into a store, with the step that they overwrite there.
    """

    targets: tuple[int, ...]
    order: tuple[int, ...]
    read: frozenset[int]
    written: Mapping[int, int | None]


@dataclass(frozen=True)
class Strip:
    """Rows that are ``computed``, by step, and for each step the first row that is ``carried`` over to later strips."""

    computed: dict[int, Rows]
    carried: dict[int, int]


class Timeline:
    """A pass in ``count`` strips.

    ``finished``: by step, the steps whose rows a strip no longer needs when this step is done.
    """

    def __init__(self, graph: Graph, shapes: list[Shape], pass_: Pass, count: int) -> None:
        self.graph, self.shapes, self.pass_, self.count = graph, shapes, pass_, count
        self.users = self._users()
        self.finished: dict[int, list[int]] = {place: [] for place in pass_.order}
        for place in pass_.order:
            self.finished[max(self.users[place], default=place)].append(place)

    def _users(self) -> dict[int, list[int]]:
        """Return the steps that use a step's rows in this pass."""
        users: dict[int, list[int]] = {place: [] for place in self.pass_.order}
        for place in self.pass_.order:
            if place not in self.pass_.read:
                for source in self.graph.steps[place].inputs:
                    users[source].append(place)
        return users

    def strips(self) -> list[Strip]:
        """Return the strips from top to bottom. They are not cached, because a pass may have thousands."""
        return self._first(self.count)

    def _first(self, number: int) -> list[Strip]:
        """Return the first ``number`` strips; of fewer than all, the last ones carry over less than they really do."""
        done = dict.fromkeys(self.pass_.order, 0)
        extended = [self._extend(done, index) for index in range(1, number + 1)]
        strips: list[Strip] = []
        carried = {place: self.shapes[place].height for place in self.pass_.order}
        for computed, lows in reversed(extended):
            strips.append(Strip(computed, dict(carried)))
            for place, low in lows.items():
                if low < carried[place]:
                    carried[place] = low
        return strips[::-1]

    @cached_property
    def _readers(self) -> list[tuple[int, int, bool, list[tuple[int, Callable[[int, int, int], Rows]]], int | None]]:
        """Every step from the last to the first: its height, whether all of it is computed, who reads it, and how."""
        whole = {*self.pass_.targets, *self.pass_.written}
        overwriting = {over: place for place, over in self.pass_.written.items()}
        steps = self.graph.steps
        return [
            (
                place,
                self.shapes[place].height,
                place in whole,
                [(user, steps[user].operation.input_rows) for user in self.users[place]],
                overwriting.get(place),
            )
            for place in reversed(self.pass_.order)
        ]

    def _extend(self, done: dict[int, int], index: int) -> tuple[dict[int, Rows], dict[int, int]]:
        """Return the rows that strip ``index`` computes of each step, and the first row it needs; advance ``done``."""
        computed: dict[int, Rows] = {}
        lows: dict[int, int] = {}
        for place, height, whole, readers, over in self._readers:
            low = height
            before = high = done[place]
            if whole:
                high = max(high, -(-height * index // self.count))
            for user, input_rows in readers:
                if user in computed:
                    first, last = input_rows(*computed[user], height)
                    low, high = min(low, first), max(high, last)
            if over in computed:  # a step that overwrites another must not overtake its readers
                high = max(high, computed[over][1])
            if high > before:
                computed[place] = before, high
            lows[place], done[place] = low, high
        return computed, lows

    @cached_property
    def peak(self) -> int:
        """Peak memory of the strips in bytes, with a copy of the inputs and the output of an operation.

        As measured, the allocator also keeps the space of a few unused blocks. Most strips of a long pass are alike:
        only so many are looked at as it takes until none needs more than those before.
        """
        number, before = min(self.count, LOOK), -1
        while (peak := self._peak_of(number)) > before and number < self.count:
            number, before = min(self.count, 2 * number), peak
        return peak + UNUSED * max(self.shapes[place].size for place in self.pass_.order) // self.count

    def _peak_of(self, number: int) -> int:
        """Return the peak of the first ``number`` strips in bytes."""
        peak = total = 0
        allocated = dict.fromkeys(self.pass_.order, 0)
        done = dict.fromkeys(self.pass_.order, 0)
        for strip in self._first(number)[: number if number == self.count else -MARGIN]:
            waiting = 0
            for place in self.pass_.order:
                row = self.shapes[place].row
                if place in strip.computed:
                    first, done[place] = strip.computed[place]
                    new = (done[place] - first) * row
                    inputs = () if place in self.pass_.read else self.graph.steps[place].inputs
                    copies = sum(allocated[source] for source in inputs) + allocated[place] + 2 * new
                    peak = max(peak, total + waiting + copies)
                    allocated[place] += new
                    total += new
                    waiting += new if place in self.pass_.written else 0
                for source in self.finished[place]:
                    left = max(0, done[source] - strip.carried[source]) * self.shapes[source].row
                    total += left - allocated[source]
                    allocated[source] = left
        return peak


def fit_strips(graph: Graph, shapes: list[Shape], one: Pass, room: int, device: str) -> Timeline:
    """Return a pass in strips that suit a kind of device, or in thinner ones if those take more than ``room`` bytes.

    The thinnest are returned if none fit.
    """
    largest = max(shapes[place].size for place in one.order)
    max_count = max(shapes[place].height for place in one.order)
    count = min(max_count, -(-largest // STRIP.get(device, STRIP["elsewhere"])))
    if len(one.order) > LONG:
        usual = Counter(shapes[place].height for place in one.order).most_common(1)[0][0]
        count = min(count, max(1, usual // ROWS))
    while True:
        timeline = Timeline(graph, shapes, one, count)
        if timeline.peak <= room or count == max_count:
            return timeline
        count = min(2 * count, max_count)
