"""A generator over a picture of any size within bounded memory, with the result that it has untiled.

The picture goes through in horizontal strips. Statistics of norms over the whole picture are gathered in passes of
their own (`passes`), strips hand on the rows that convolutions need of their neighbors (`timelines`), and what several
passes need is kept in memory, in temporary files, or computed again.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganzoo.inference.tiling.graphs import Graph, Shape
from ganzoo.inference.tiling.layers import Part
from ganzoo.inference.tiling.passes import Draft, plan
from ganzoo.inference.tiling.stores import Stores, check_room
from ganzoo.inference.tiling.timelines import Strip, Timeline
from ganzoo.layers.replace_custom_layers import replace_custom_layers


class Strips:
    """A generator that is run in strips. A plain copy of it is made, on the same device and in the same type."""

    def __init__(self, generator: nn.Module) -> None:
        """Raises OptionError that names a layer with which a generator cannot be tiled exactly."""
        copy = replace_custom_layers(generator).requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._graph = Graph(copy)
        self._channels = int(getattr(generator, "in_channels", 3))
        example = next(copy.parameters(), torch.empty(0))
        self._device, self._dtype = example.device, example.dtype

    def memory(self, height: int, width: int) -> int:
        """Return about how many bytes beyond the loaded model a pass over a whole picture needs, without strips."""
        return self._graph.untiled_memory(self._shapes(height, width))

    @torch.inference_mode()
    def run(
        self,
        rows: Callable[[int, int], Tensor],
        height: int,
        width: int,
        put: Callable[[int, Tensor], None],
        max_memory: int,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Make the output for a picture, whose sides are multiples of the generator's stride and at least 16.

        rows         returns the picture's rows first..last as float32 (1, C, last - first, W) in [-1, 1] on the CPU;
                     it is asked for all rows in order, several times
        put          takes the output's rows from ``first`` on, as float32 (1, C, n, W') on the CPU, in order
        max_memory   bytes that may be held beyond the loaded model; what ``rows`` and ``put`` hold is not counted
        progress     gets the share of the work that is done, up to 1

        Raises OptionError where ``max_memory`` is too little, OutputError where temporary files find no room.
        """
        shapes = self._shapes(height, width)
        draft, timelines = plan(self._graph, shapes, max_memory, self._device.type)
        check_room(max(draft.filed))
        with Stores() as stores:
            _Run(self, draft, timelines, shapes, stores, rows, put, progress or (lambda share: None)).go()

    def _shapes(self, height: int, width: int) -> list[Shape]:
        return self._graph.shapes(self._channels, height, width, self._dtype)


class Moments:
    """Mean and variance of channels over rows that come strip by strip, in float64 on the CPU.

    Strips are merged by the formula of Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", 1979.
    """

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0, torch.zeros(()), torch.zeros(())

    def add(self, rows: Tensor) -> None:
        """Take rows (1, C, n, W) into account."""
        pixels = rows.permute(0, 2, 3, 1).flatten(0, 2).float()
        mean = pixels.mean(0)
        squares = (pixels - mean).square_().sum(0)
        total = self.count + len(pixels)
        apart = mean.cpu().double() - self.mean
        self.mean = self.mean + apart * (len(pixels) / total)
        self.squares = self.squares + squares.cpu().double() + apart.square() * (self.count * len(pixels) / total)
        self.count = total

    def over(self, groups: int) -> tuple[Tensor, Tensor]:
        """Return mean and variance (C,) in float32, each over ``groups`` of channels; 0: each channel by itself."""
        mean, variance = self.mean, self.squares / self.count
        if groups:
            means, size = mean.view(groups, -1), len(mean) // groups
            between = means.var(1, correction=0)
            variance = (variance.view(groups, -1).mean(1) + between).repeat_interleave(size)
            mean = means.mean(1).repeat_interleave(size)
        return mean.float(), variance.float()


class _Run:
    """One picture on its way; ``parts`` are the rows at hand of each step."""

    def __init__(
        self,
        strips: Strips,
        draft: Draft,
        timelines: list[Timeline],
        shapes: list[Shape],
        stores: Stores,
        rows: Callable[[int, int], Tensor],
        put: Callable[[int, Tensor], None],
        progress: Callable[[float], None],
    ) -> None:
        self.graph, self.device, self.dtype = strips._graph, strips._device, strips._dtype
        self.draft, self.timelines, self.shapes, self.stores = draft, timelines, shapes, stores
        self.rows, self.put, self.progress = rows, put, progress
        self.statistics: dict[int, tuple[Tensor, Tensor]] = {}
        self.parts: dict[int, Part] = {}

    def go(self) -> None:
        done, total = 0.0, sum(self.draft.seconds)
        for index, (timeline, seconds) in enumerate(zip(self.timelines, self.draft.seconds, strict=True)):
            one = timeline.one
            for place, over in one.written.items():
                self.stores.open(place, self.shapes[place], self.draft.kinds[place], over)
            moments = {place: Moments() for place in one.targets if place in self.graph.sources.values()}
            final = index + 1 == len(self.timelines)
            for number, strip in enumerate(timeline.strips(), 1):
                self._strip(timeline, strip, moments, final)
                self.progress((done + seconds * number / timeline.count) / total)
            done += seconds
            self._settle(moments)
            for place in [place for place, last in self.draft.last.items() if last == index]:
                self.stores.drop(place)

    def _settle(self, moments: dict[int, Moments]) -> None:
        """Set the statistics of the norms whose inputs have been seen."""
        for norm, source in self.graph.sources.items():
            if source in moments:
                mean, variance = moments[source].over(self.graph.steps[norm].operation.groups or 0)
                self.statistics[norm] = mean.to(self.device), variance.to(self.device)

    def _strip(self, timeline: Timeline, strip: Strip, moments: dict[int, Moments], final: bool) -> None:
        one = timeline.one
        writing = []
        for place in one.order:
            if place in strip.made:
                first, last = strip.made[place]
                made = self._read(place, first, last) if place in one.read else self._compute(place, first, last)
                if place in moments:
                    moments[place].add(made)
                if final and place == self.graph.output:
                    self.put(first, made.float().cpu())
                if place in one.written:
                    writing.append((place, first, made))
                self._join(place, first, made)
            for source in timeline.spent[place]:
                self._trim(source, strip.kept[source])
        for place, first, made in writing:  # not before: it may take the place of rows that were read just now
            self.stores[place].write(first, made)

    def _read(self, place: int, first: int, last: int) -> Tensor:
        rows = self.stores[place].read(first, last) if place else self.rows(first, last).to(self.dtype)
        return rows.to(self.device).contiguous(memory_format=torch.channels_last)

    def _compute(self, place: int, first: int, last: int) -> Tensor:
        step = self.graph.steps[place]
        parts = [self.parts[source] for source in step.inputs]
        return step.operation.make(parts, first, last, *self.statistics.get(place, ()))

    def _join(self, place: int, first: int, made: Tensor) -> None:
        old = self.parts.get(place)
        rows, first = (made, first) if old is None else (torch.cat([old.rows, made], 2), old.first)
        self.parts[place] = Part(rows, first, self.shapes[place].height)

    def _trim(self, place: int, first: int) -> None:
        """Let go of the rows above ``first``."""
        old = self.parts.pop(place, None)
        if old is not None and first < old.first + old.rows.shape[2]:
            kept = old.rows[:, :, max(0, first - old.first) :].clone()
            self.parts[place] = Part(kept, max(first, old.first), old.height)
