"""A generator over an image of any size within bounded memory, with the same result as without tiling.

The image is processed in horizontal strips. Statistics of norms over the whole image are gathered in separate passes
(`passes`), strips pass on the rows that convolutions need from their neighbors (`timelines`), and what several passes
need is stored in memory, in temporary files, or computed again.

Kept by hand: libraries for tiled inference (MONAI, tiler, Segmentation Models) blend overlapping tiles, which changes
every pixel of a network with norms over the whole image. None gives the result of the untiled network.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import accumulate

import torch
from torch import Tensor, nn

from ganzoo.inference.tiling.graphs import Graph, Shape
from ganzoo.inference.tiling.layers import RowBlock
from ganzoo.inference.tiling.passes import PassPlan, plan_passes
from ganzoo.inference.tiling.stores import Stores, check_room
from ganzoo.inference.tiling.timelines import Pass, Strip, Timeline
from ganzoo.layers.replace_custom_layers import replace_custom_layers


class Strips:
    """A generator that is run in strips: a copy with torch's own layers, on the same device and of the same type."""

    def __init__(self, generator: nn.Module) -> None:
        """Raises OptionError that names a layer with which the generator cannot be tiled exactly."""
        copy = replace_custom_layers(generator).requires_grad_(False)
        with suppress(RuntimeError):  # weights of five dimensions have no such format
            copy.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._copy, self._channels = copy, int(getattr(generator, "in_channels", 3))
        stride, least = int(getattr(generator, "stride", 1)), int(getattr(generator, "least", 0))
        side = -(-max(64, least) // stride) * stride
        self._traced = (side, side)
        self._graph = Graph(copy, (self._channels, *self._traced))
        example = next(copy.parameters(), torch.empty(0))
        self._device, self._dtype = example.device, example.dtype

    def memory(self, height: int, width: int) -> int:
        """Estimate the bytes that a whole image needs without strips, in addition to the loaded model."""
        shapes = self._shapes(height, width)
        return self._graph.untiled_memory(shapes)

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
        """Compute the output for an image whose sides are multiples of the generator's stride and at least 16.

        Args:
            rows: Returns the image's rows first..last as float32 (1, C, last - first, W) in [-1, 1] on the CPU. It is
                called for all rows in order, several times.
            height: Of the image.
            width: Of the image.
            put: Takes the output's rows from ``first`` on, as float32 (1, C, n, W') on the CPU, in order.
            max_memory: Bytes that may be used in addition to the loaded model, and to what ``rows`` and ``put`` use.
            progress: Called with the share of the work that is done, up to 1.

        Raises:
            OptionError: ``max_memory`` is too small.
            OutputError: There is no room for temporary files.
        """
        shapes = self._shapes(height, width)
        plan, timelines = plan_passes(self._graph, shapes, max_memory, self._device.type)
        check_room(max(plan.file))
        with Stores() as stores:
            _Run(self, plan, timelines, shapes, stores, rows, put, progress or (lambda share: None)).run()

    def _shapes(self, height: int, width: int) -> list[Shape]:
        if self._graph.sized and self._traced != (height, width):
            self._graph, self._traced = Graph(self._copy, (self._channels, height, width)), (height, width)
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
        difference = mean.cpu().double() - self.mean
        self.mean = self.mean + difference * (len(pixels) / total)
        self.squares = self.squares + squares.cpu().double() + difference.square() * (self.count * len(pixels) / total)
        self.count = total

    def over(self, groups: int) -> tuple[Tensor, Tensor]:
        """Return mean and variance (C,) in float32 over ``groups`` groups of channels; 0: each channel by itself."""
        mean, variance = self.mean, self.squares / self.count
        if groups:
            means, size = mean.view(groups, -1), len(mean) // groups
            between = means.var(1, correction=0)
            variance = (variance.view(groups, -1).mean(1) + between).repeat_interleave(size)
            mean = means.mean(1).repeat_interleave(size)
        return mean.float(), variance.float()


class _Run:
    """One image being processed; ``blocks`` are the available rows of each step."""

    def __init__(
        self,
        strips: Strips,
        plan: PassPlan,
        timelines: list[Timeline],
        shapes: list[Shape],
        stores: Stores,
        rows: Callable[[int, int], Tensor],
        put: Callable[[int, Tensor], None],
        progress: Callable[[float], None],
    ) -> None:
        self.graph, self.device, self.dtype = strips._graph, strips._device, strips._dtype
        self.plan, self.timelines, self.shapes, self.stores = plan, timelines, shapes, stores
        self.rows, self.put, self.progress = rows, put, progress
        self.statistics: dict[int, tuple[Tensor, Tensor]] = {}
        self.blocks: dict[int, RowBlock] = {}

    def run(self) -> None:
        done, total = 0.0, sum(self.plan.seconds)
        for index, (timeline, seconds) in enumerate(zip(self.timelines, self.plan.seconds, strict=True)):
            pass_ = timeline.pass_
            for place, over in pass_.written.items():
                self.stores.open(place, self.shapes[place], self.plan.kinds[place], over)
            moments = {place: Moments() for place in pass_.targets if place in self.graph.sources.values()}
            final = index + 1 == len(self.timelines)
            strips = timeline.strips()
            work = [self._work(pass_, strip) for strip in strips]  # the first strips compute the most rows
            for strip, share in zip(strips, accumulate(one / sum(work) for one in work), strict=True):
                self._strip(timeline, strip, moments, final)
                self.progress((done + seconds * min(share, 1.0)) / total)
            done += seconds
            self._set_statistics(moments)
            for place in [place for place, last in self.plan.last.items() if last == index]:
                self.stores.drop(place)

    def _work(self, pass_: Pass, strip: Strip) -> float:
        """Return about how long a strip takes, in units of its pass."""
        work = 0.0
        for place, (first, last) in strip.computed.items():
            operations = 0.0 if place in pass_.read else self.graph.steps[place].operation.work
            work += (last - first) * self.shapes[place].row * (1 + operations)
        return work

    def _set_statistics(self, moments: dict[int, Moments]) -> None:
        """Set the statistics of the norms whose whole inputs have been processed."""
        for norm, source in self.graph.sources.items():
            if source in moments:
                mean, variance = moments[source].over(self.graph.steps[norm].operation.groups or 0)
                self.statistics[norm] = mean.to(self.device), variance.to(self.device)

    def _strip(self, timeline: Timeline, strip: Strip, moments: dict[int, Moments], final: bool) -> None:
        pass_ = timeline.pass_
        writing = []
        for place in pass_.order:
            if place in strip.computed:
                first, last = strip.computed[place]
                rows = self._read(place, first, last) if place in pass_.read else self._compute(place, first, last)
                if place in moments:
                    moments[place].add(rows)
                if final and place == self.graph.output:
                    self.put(first, rows.float().cpu())
                if place in pass_.written:
                    writing.append((place, first, rows))
                self._append(place, first, rows)
            for source in timeline.finished[place]:
                self._trim(source, strip.carried[source])
        for place, first, rows in writing:  # not earlier: they may overwrite rows that were just read
            self.stores[place].write(first, rows)

    def _read(self, place: int, first: int, last: int) -> Tensor:
        rows = self.stores[place].read(first, last) if place else self.rows(first, last).to(self.dtype)
        return rows.to(self.device).contiguous(memory_format=torch.channels_last)

    def _compute(self, place: int, first: int, last: int) -> Tensor:
        step = self.graph.steps[place]
        blocks = [self.blocks[source] for source in step.inputs]
        return step.operation.compute_rows(blocks, first, last, *self.statistics.get(place, ()))

    def _append(self, place: int, first: int, rows: Tensor) -> None:
        old = self.blocks.get(place)
        rows, first = (rows, first) if old is None else (torch.cat([old.rows, rows], 2), old.first)
        self.blocks[place] = RowBlock(rows, first, self.shapes[place].height)

    def _trim(self, place: int, first: int) -> None:
        """Drop the rows above ``first``."""
        old = self.blocks.pop(place, None)
        if old is not None and first < old.first + old.rows.shape[2]:
            rest = old.rows[:, :, max(0, first - old.first) :].clone()
            self.blocks[place] = RowBlock(rest, max(first, old.first), old.height)
