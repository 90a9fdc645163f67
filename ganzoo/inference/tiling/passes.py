"""Which passes over a picture make a generator's output by strips, and what is kept from one to the next.

A norm over the picture can work only when all of its input has been seen. So there is a pass for each level of norms,
which gathers the statistics of the norms' inputs, and a last one for the output. Each begins at the picture and at
those earlier results that were kept whole.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from ganzoo.errors import OptionError
from ganzoo.inference.tiling.graphs import Graph, Shape
from ganzoo.inference.tiling.timelines import Pass, Timeline, fitting

SHARES = (0.9, 0.75, 0.5, 0.25, 0.0)  # of the memory that results may be kept in, tried until strips fit beside them


@dataclass(frozen=True)
class Speeds:
    """What a machine does in a second: float operations, and bytes moved to and from memory or files.

    Only their ratios matter: they decide what is computed again rather than kept.
    """

    operations: float = 2e11
    memory: float = 4e9
    file: float = 1e9

    @classmethod
    def of(cls, device: str) -> Speeds:
        return cls() if device == "cpu" else cls(operations=1e13)

    def moving(self, kind: str, size: int) -> float:
        """Return the seconds that ``size`` bytes take."""
        return size / (self.memory if kind == "memory" else self.file)


@dataclass(frozen=True)
class Draft:
    """The passes that follow from what is kept.

    kinds    of what is kept: "memory" or "file", by step; all else is computed again
    last     the pass in which what is kept is read for the last time
    held     bytes in memory in each pass, ``filed`` bytes in files
    seconds  of each pass, estimated
    """

    passes: list[Pass]
    kinds: dict[int, str]
    last: dict[int, int]
    held: list[int]
    filed: list[int]
    seconds: list[float]


class Planner:
    """Decides for each result that is read in several passes: keep it in memory, in a file, or compute it again.

    milestones   steps that must have been made whole before a later step can be made: inputs of norms
    candidates   steps that may be kept: milestones, and what several steps read
    """

    def __init__(self, graph: Graph, shapes: list[Shape], speeds: Speeds) -> None:
        self.graph, self.shapes, self.speeds = graph, shapes, speeds
        self.needed = _needed(graph)
        self.milestones = {source for norm, source in graph.sources.items() if norm in self.needed}
        uses = Counter(one for place in self.needed for one in graph.steps[place].inputs)
        shared = {one for one, count in uses.items() if count > 1}
        self.candidates = sorted((shared | self.milestones) - {0})

    def drafts(self, max_memory: int) -> Iterator[Draft]:
        """Yield what may be done, from the quickest to what needs least memory beside what is kept."""
        tried: list[Draft] = []
        for share in SHARES:
            draft = self.quickest(max_memory * share)
            if draft not in tried:
                tried.append(draft)
                yield draft
        yield self.smallest()

    def quickest(self, budget: float) -> Draft:
        """Return the passes with at most ``budget`` bytes kept in memory: the quickest that single changes lead to."""
        best = self._drafted(dict.fromkeys(self.candidates, "file"), self.milestones)
        improved = True
        while improved:
            improved = False
            for place, kind in product(self.candidates, ("memory", "file", "")):
                tried = self._drafted({**best.kinds, place: kind}, self.milestones)
                if max(tried.held) <= budget and sum(tried.seconds) < 0.999 * sum(best.seconds):
                    best, improved = tried, True
        return best

    def smallest(self) -> Draft:
        """Return passes that hold few rows at a time: each ends at a candidate, and all are kept in files."""
        return self._drafted(dict.fromkeys(self.candidates, "file"), set(self.candidates))

    def _drafted(self, wanted: Mapping[int, str], milestones: set[int]) -> Draft:
        walks: list[tuple[tuple[int, ...], set[int], set[int]]] = []
        ready: set[int] = set()
        for targets in self._targets(milestones):
            order, read = self._walk(targets, ready)
            walks.append((targets, order, read))
            ready |= {place for place in order if wanted.get(place)}
        last = {place: index for index, (_, _, read) in enumerate(walks) for place in read if place}
        kinds = {place: wanted[place] for place in last}
        passes: list[Pass] = []
        unwritten = set(last)
        for index, (targets, order, read) in enumerate(walks):
            fresh, dying = sorted(order & unwritten), sorted(place for place in read if last.get(place) == index)
            unwritten -= order
            passes.append(Pass(targets, tuple(sorted(order)), frozenset(read), self._placed(fresh, dying, kinds)))
        held, filed = (self._held(passes, last, kinds, kind) for kind in ("memory", "file"))
        return Draft(passes, kinds, last, held, filed, [self._seconds(one, kinds) for one in passes])

    def _targets(self, milestones: set[int]) -> list[tuple[int, ...]]:
        """Return what each pass makes whole: milestones that depend on equally many others, and at last the output."""
        depths: dict[int, int] = {}
        targets: dict[int, list[int]] = {}
        for place in self.needed:
            depths[place] = max((depths[one] for one in self.graph.steps[place].inputs), default=0)
            if place in milestones:
                targets.setdefault(depths[place], []).append(place)
                depths[place] += 1
        return [*(tuple(targets[depth]) for depth in sorted(targets)), (self.graph.output,)]

    def _walk(self, targets: tuple[int, ...], ready: set[int]) -> tuple[set[int], set[int]]:
        """Return all steps at work when ``targets`` are made, and those of them that are read."""
        order: set[int] = set()
        ahead = list(targets)
        while ahead:
            place = ahead.pop()
            if place not in order:
                order.add(place)
                ahead += () if place in ready else self.graph.steps[place].inputs
        return order, order & (ready | {0})

    def _placed(self, fresh: list[int], dying: list[int], kinds: Mapping[int, str]) -> dict[int, int | None]:
        """Return for each step to be kept the one whose place it takes: as large, and read for the last time."""
        placed: dict[int, int | None] = {}
        for place in fresh:
            alike = [one for one in dying if one < place and kinds[one] == kinds[place]]
            free = (one for one in alike if self.shapes[one] == self.shapes[place] and one not in placed.values())
            placed[place] = next(free, None)
        return placed

    def _held(self, passes: list[Pass], last: dict[int, int], kinds: Mapping[int, str], kind: str) -> list[int]:
        """Return the bytes in stores of a kind in each pass."""
        held = [0] * len(passes)
        for index, one in enumerate(passes):
            for place, over in one.written.items():
                if kinds[place] == kind:
                    for later in range(index + (over is not None), last[place] + 1):
                        held[later] += self.shapes[place].size
        return held

    def _seconds(self, one: Pass, kinds: Mapping[int, str]) -> float:
        moved = [*one.written, *one.read]  # the picture, which is decoded anew, costs as much as from a file
        seconds = sum(self.speeds.moving(kinds.get(place, "file"), self.shapes[place].size) for place in moved)
        for place in set(one.order) - one.read:
            numbers = self.shapes[place].size / self.shapes[place].dtype.itemsize
            seconds += numbers * self.graph.steps[place].operation.work / self.speeds.operations
        return seconds


def plan(graph: Graph, shapes: list[Shape], max_memory: int, device: str) -> tuple[Draft, list[Timeline]]:
    """Return the passes, and the strips of each, that keep within ``max_memory`` bytes on a kind of device.

    Raises OptionError, with the memory that would do, where not even the thinnest strips fit.
    """
    for draft in Planner(graph, shapes, Speeds.of(device)).drafts(max_memory):
        rooms = [max_memory - held for held in draft.held]
        strips = [fitting(graph, shapes, one, room, device) for one, room in zip(draft.passes, rooms, strict=True)]
        needed = max(held + one.peak for held, one in zip(draft.held, strips, strict=True))
        if needed <= max_memory:
            return draft, strips
    short = math.ceil((needed - max_memory) / 1e6)
    raise OptionError(
        f"The memory is too little for {shapes[0].width}x{shapes[0].height} pixels: even the thinnest strips need "
        f"{math.ceil(needed / 1e6)} MB beside the picture. Raise --max-memory by {short} MB, or give a smaller --size."
    )


def _needed(graph: Graph) -> list[int]:
    """Return the steps on which the output depends, in order."""
    needed = {graph.output}
    for place in range(graph.output, -1, -1):
        if place in needed:
            needed.update(graph.steps[place].inputs)
    return sorted(needed)
