"""Which passes over an image compute a generator's output by strips, and what is stored from one to the next.

A norm over the image needs the statistics of its whole input. So there is a pass for each level of norms, which gathers
the statistics of the norms' inputs, and a last one for the output. Each starts from the image and those earlier results
that were stored whole.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from ganzoo.errors import OptionError
from ganzoo.inference.tiling.graphs import Graph, Shape
from ganzoo.inference.tiling.timelines import Pass, Timeline, fit_strips

SHARES = (0.9, 0.75, 0.5, 0.25, 0.0)  # of the memory that stored results may take, tried until strips fit too
SECTIONS = (2, 4, 8, 16, 32)  # of a long network, each with passes of its own, tried until strips fit
LEAST_STEPS = 16  # of a section


@dataclass(frozen=True)
class Speeds:
    """What a machine does in a second: float operations, and bytes moved to and from memory or files.

    Only their ratios matter: they decide what is computed again instead of being stored.
    """

    operations: float = 2e11
    memory: float = 4e9
    file: float = 1e9

    @classmethod
    def for_device(cls, device: str) -> Speeds:
        return cls() if device == "cpu" else cls(operations=1e13)

    def move_seconds(self, kind: str, size: int) -> float:
        """Return the seconds that moving ``size`` bytes takes."""
        return size / (self.memory if kind == "memory" else self.file)


@dataclass(frozen=True)
class PassPlan:
    """The passes that follow from what is stored.

    Attributes:
        passes: In order.
        kinds: Where each stored step is: "memory" or "file"; all others are computed again.
        last: The pass in which each stored step is read for the last time.
        memory: Bytes stored in memory in each pass.
        file: Bytes stored in files in each pass.
        seconds: Of each pass, estimated.
    """

    passes: list[Pass]
    kinds: dict[int, str]
    last: dict[int, int]
    memory: list[int]
    file: list[int]
    seconds: list[float]


class Planner:
    """Decides for each result that several passes read: store it in memory, in a file, or compute it again.

    Attributes:
        milestones: Steps that must be computed whole before a later step can start: inputs of norms.
        candidates: Steps that may be stored: milestones, and steps that several others read.
    """

    def __init__(self, graph: Graph, shapes: list[Shape], speeds: Speeds) -> None:
        self.graph, self.shapes, self.speeds = graph, shapes, speeds
        self.needed = _needed(graph)
        self.milestones = {source for norm, source in graph.sources.items() if norm in self.needed}
        uses = Counter(one for place in self.needed for one in graph.steps[place].inputs)
        shared = {one for one, count in uses.items() if count > 1}
        self.candidates = sorted((shared | self.milestones) - {0})

    def plans(self, max_memory: int) -> Iterator[PassPlan]:
        """Yield plans, from the fastest to the one that needs least memory in addition to what is stored."""
        tried: list[PassPlan] = []
        for share in SHARES:
            plan = self.fastest(max_memory * share)
            if plan not in tried:
                tried.append(plan)
                yield plan
        for count in SECTIONS:
            if len(self.needed) >= count * LEAST_STEPS:
                yield self.sections(count)
        yield self.smallest()

    def fastest(self, budget: float) -> PassPlan:
        """Return a plan with at most ``budget`` bytes stored in memory: the fastest that single changes lead to."""
        best = self._plan_from(dict.fromkeys(self.candidates, "file"), self.milestones)
        improved = len(best.passes) > 1  # a single pass stores nothing
        while improved:
            improved = False
            for place, kind in product(self.candidates, ("memory", "file", "")):
                tried = self._plan_from({**best.kinds, place: kind}, self.milestones)
                if max(tried.memory) <= budget and sum(tried.seconds) < 0.999 * sum(best.seconds):
                    best, improved = tried, True
        return best

    def sections(self, count: int) -> PassPlan:
        """Return a plan in which passes also end at ``count`` - 1 candidates, and all that later ones read is in files.

        These divide the steps about evenly, and of those near such a place, they are where least must be stored.
        """
        length = len(self.needed) / count
        order = {place: index for index, place in enumerate(self.needed)}
        stored = self._stored_at()
        ends: set[int] = set()
        for wanted in (length * section for section in range(1, count)):
            near = [one for one in self.candidates if abs(order[one] - wanted) < length / 2]
            ends.update(sorted(near, key=lambda one: (stored[one], abs(order[one] - wanted)))[:1])
        return self._plan_from(dict.fromkeys(self.candidates, "file"), self.milestones | ends)

    def _stored_at(self) -> dict[int, int]:
        """Return for each candidate the bytes of all candidates up to it that later steps read."""
        last: dict[int, int] = {}  # the last candidate, or the output, that is computed from a step
        for place in reversed(self.needed):
            until = place if place in self.candidates else last.get(place, place)
            for one in self.graph.steps[place].inputs:
                last[one] = max(last.get(one, 0), until)
        return {
            end: sum(self.shapes[one].size for one in self.candidates if one <= end < last.get(one, 0))
            for end in self.candidates
        }

    def smallest(self) -> PassPlan:
        """Return a plan that needs few rows at a time: each pass ends at a candidate, and all are stored in files."""
        return self._plan_from(dict.fromkeys(self.candidates, "file"), set(self.candidates))

    def _plan_from(self, storage: Mapping[int, str], milestones: set[int]) -> PassPlan:
        walks: list[tuple[tuple[int, ...], set[int], set[int]]] = []
        ready: set[int] = set()
        for targets in self._targets(milestones):
            order, read = self._walk(targets, ready)
            walks.append((targets, order, read))
            ready |= {place for place in order if storage.get(place)}
        last = {place: index for index, (_, _, read) in enumerate(walks) for place in read if place}
        kinds = {place: storage[place] for place in last}
        passes: list[Pass] = []
        unwritten = set(last)
        for index, (targets, order, read) in enumerate(walks):
            fresh, dying = sorted(order & unwritten), sorted(place for place in read if last.get(place) == index)
            unwritten -= order
            passes.append(Pass(targets, tuple(sorted(order)), frozenset(read), self._overwrites(fresh, dying, kinds)))
        memory, file = (self._stored_bytes(passes, last, kinds, kind) for kind in ("memory", "file"))
        return PassPlan(passes, kinds, last, memory, file, [self._seconds(one, kinds) for one in passes])

    def _targets(self, milestones: set[int]) -> list[tuple[int, ...]]:
        """Return what each pass computes whole: milestones at the same depth, and finally the output."""
        depths: dict[int, int] = {}
        targets: dict[int, list[int]] = {}
        for place in self.needed:
            needed = [*self.graph.steps[place].inputs, *self._statistics(place)]
            depths[place] = max((depths[one] for one in needed), default=0)
            if place in milestones:
                targets.setdefault(depths[place], []).append(place)
                depths[place] += 1
        return [*(tuple(targets[depth]) for depth in sorted(targets)), (self.graph.output,)]

    def _statistics(self, place: int) -> tuple[int, ...]:
        """Return the step whose statistics a step needs."""
        source = self.graph.sources.get(place)
        return () if source is None else (source,)

    def _walk(self, targets: tuple[int, ...], ready: set[int]) -> tuple[set[int], set[int]]:
        """Return all steps that computing ``targets`` needs, and those of them that are read."""
        order: set[int] = set()
        ahead = list(targets)
        while ahead:
            place = ahead.pop()
            if place not in order:
                order.add(place)
                ahead += () if place in ready else self.graph.steps[place].inputs
        return order, order & (ready | {0})

    def _overwrites(self, fresh: list[int], dying: list[int], kinds: Mapping[int, str]) -> dict[int, int | None]:
        """Return for each step to be stored the one that it overwrites: as large, and read for the last time."""
        overwritten: dict[int, int | None] = {}
        for place in fresh:
            alike = [one for one in dying if one < place and kinds[one] == kinds[place]]
            free = (one for one in alike if self.shapes[one] == self.shapes[place] and one not in overwritten.values())
            overwritten[place] = next(free, None)
        return overwritten

    def _stored_bytes(self, passes: list[Pass], last: dict[int, int], kinds: Mapping[int, str], kind: str) -> list[int]:
        """Return the bytes in stores of a kind in each pass."""
        stored = [0] * len(passes)
        for index, one in enumerate(passes):
            for place, over in one.written.items():
                if kinds[place] == kind:
                    for later in range(index + (over is not None), last[place] + 1):
                        stored[later] += self.shapes[place].size
        return stored

    def _seconds(self, one: Pass, kinds: Mapping[int, str]) -> float:
        moved = [*one.written, *one.read]  # decoding the image again costs as much as reading a file
        seconds = sum(self.speeds.move_seconds(kinds.get(place, "file"), self.shapes[place].size) for place in moved)
        for place in set(one.order) - one.read:
            numbers = self.shapes[place].size / self.shapes[place].dtype.itemsize
            seconds += numbers * self.graph.steps[place].operation.work / self.speeds.operations
        return seconds


def plan_passes(graph: Graph, shapes: list[Shape], max_memory: int, device: str) -> tuple[PassPlan, list[Timeline]]:
    """Return the passes, and the strips of each, that stay within ``max_memory`` bytes on a kind of device.

    Raises:
        OptionError: Not even the thinnest strips fit; the message says how much memory they need.
    """
    for plan in Planner(graph, shapes, Speeds.for_device(device)).plans(max_memory):
        rooms = [max_memory - stored for stored in plan.memory]
        strips = [fit_strips(graph, shapes, one, room, device) for one, room in zip(plan.passes, rooms, strict=True)]
        needed = max(stored + one.peak for stored, one in zip(plan.memory, strips, strict=True))
        if needed <= max_memory:
            return plan, strips
    short = math.ceil((needed - max_memory) / 1e6)
    raise OptionError(
        f"There is not enough memory for {shapes[0].width}x{shapes[0].height} pixels: even the thinnest strips need "
        f"{math.ceil(needed / 1e6)} MB in addition to the image. Raise --max-memory by {short} MB, or give a smaller "
        "--size."
    )


def _needed(graph: Graph) -> list[int]:
    """Return the steps on which the output depends, in order."""
    needed = {graph.output}
    for place in range(graph.output, -1, -1):
        if place in needed:
            needed.update(graph.steps[place].inputs)
            if place in graph.sources:
                needed.add(graph.sources[place])
    return sorted(needed)
