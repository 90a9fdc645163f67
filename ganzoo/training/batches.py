"""The batches of a run, in order: read from memory, or decoded ahead by worker processes.

A step's batch depends on the seed and the step alone. So no position needs saving, and neither the number of workers
nor the death of one changes an image.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import wait
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset
from torch.utils.data import Dataset as MapDataset

from ganzoo.data.datasets import Dataset
from ganzoo.data.streams import Plan, Stream
from ganzoo.errors import DataError, GanzooError, OptionError
from ganzoo.training import worker_deaths
from ganzoo.training.data_order import Order

DEATHS = 3  # of workers in a row, after which training gives up
START_METHOD = "fork" if sys.platform == "linux" else None  # of workers; None: as the system has it
FEW_CORES = 2
PREFETCH = 4  # steps decoded ahead by one reader of shards
MAX_NOTES = 20  # on samples, after which they are only counted

MicroBatches: TypeAlias = "list[dict[str, Tensor]]"


def split_batch(batch_size: int, micro_batches: int, rank: int, processes: int) -> list[slice]:
    """Return where each micro-batch of this process is in the whole batch.

    The batch is cut into micro-batches, and each of these into one piece for each process.

    Raises:
        OptionError: the batch cannot be split evenly.
    """
    pieces = micro_batches * processes
    if batch_size % pieces:
        low = batch_size // pieces * pieces
        right = f"{low} or {low + pieces}" if low else f"{pieces}"
        raise OptionError(
            f"batch_size={batch_size} cannot be split evenly: {processes} processes with {micro_batches} micro-batches "
            f"each. Set batch_size={right}: it counts the images of all processes together."
        )
    size = batch_size // pieces
    starts = [(micro_batch * processes + rank) * size for micro_batch in range(micro_batches)]
    return [slice(start, start + size) for start in starts]


def default_workers(train: Dataset) -> int:
    """Return how many worker processes decode by default: none for images in memory.

    Windows of large files cost so little that a process for them does not pay on one or two cores.
    """
    cores = os.cpu_count() or 1
    if train.in_memory or (cores <= FEW_CORES and hasattr(train, "order")):
        return 0
    return max(1, min(4, cores) - 1)


class Batches:
    """This process's share of every step's batch, as CPU tensors in [-1, 1].

    Args:
        train: `Data.train`: in memory, on disk, or a stream of shards.
        batch_size: images per step, over all processes.
        micro_batches: how many a step is split into.
        seed: of order and augmentation.
        rank: this process's.
        processes: how many train together.
        workers: processes that decode what is not in memory (of a stream: threads of one process); 0: decode in this
            process; None: `default_workers`.
        log: called with messages about workers and samples.

    Raises:
        OptionError: batch or shards cannot be split among the processes.
    """

    def __init__(
        self,
        train: Dataset,
        *,
        batch_size: int,
        micro_batches: int = 1,
        seed: int = 0,
        rank: int = 0,
        processes: int = 1,
        workers: int | None = None,
        log: Callable[[str], None] = lambda text: None,
    ) -> None:
        slices = split_batch(batch_size, micro_batches, rank, processes)
        own = getattr(train, "order", None)  # of windows that stay in files
        order = Order(len(train), batch_size, seed, own(seed) if own is not None else None)
        self.workers = default_workers(train) if workers is None else 0 if train.in_memory else workers
        self.steps: MapSteps | StreamSteps
        if isinstance(train, Stream):
            train.check(processes)
            plan = Plan(batch_size, slices, seed, rank, processes, order.random, max(1, self.workers))
            self.steps = StreamSteps(train, plan)
        else:
            self.steps = MapSteps(train, order, slices)
        self.log, self.log_once = log, _Notes(log)
        self._next, self._iterator = -1, iter(())
        self._processes: list[Any] = []

    def get(self, step: int) -> MicroBatches:
        """Return the micro-batches of ``step``, counted from 0; consecutive steps are read ahead.

        Raises:
            DataError: an image cannot be read any more.
            TrainingError: workers die again and again.
        """
        if isinstance(self.steps, MapSteps) and not self.workers:
            return self.steps.one(step)
        if step != self._next:
            self._start(step)
        result, notes = self._receive(step)
        for text in notes:
            self.log_once(text)
        if isinstance(result, str):
            self.close()
            raise DataError(result)
        self._next = step + 1
        return result

    def close(self) -> None:
        """End the workers."""
        self._next, self._iterator, self._processes = -1, iter(()), []

    def _receive(self, step: int) -> tuple[MicroBatches | str, list[str]]:
        codes: list[int | None] = []
        for death in range(1, DEATHS + 2):
            try:
                if not self._any_dead():
                    return next(self._iterator)
            except (RuntimeError, OSError, EOFError):  # the loader waits for a worker, or takes tensors from it
                if not self._any_dead(patience=1):
                    raise
            codes += [process.exitcode for process in self._processes]
            self.close()
            if error := worker_deaths.unguarded(codes):
                raise error
            if death <= DEATHS:
                self.log(f"A process that decodes images died; another one continues from step {step + 1}.")
                self._start(step)
        raise worker_deaths.explain(codes, DEATHS + 1, step + 1)

    def _start(self, step: int) -> None:
        """Start to decode at ``step``."""
        self.close()
        if not self.workers:
            self._iterator = self.steps.after(step)
            return
        with warnings.catch_warnings(), _without_handler():
            warnings.simplefilter("ignore")  # about more workers than cores, and a fork among threads
            try:
                self._iterator = iter(self.steps.loader(step, self.workers))
            except BrokenPipeError as error:  # a spawned process ended before it had read what it should do
                raise worker_deaths.explain([1], 1, step + 1) from error
        self._processes = list(getattr(self._iterator, "_workers", []))

    def _any_dead(self, patience: float = 0) -> bool:
        """Return whether a worker has died, or dies within ``patience`` seconds."""
        ending = wait([process.sentinel for process in self._processes], patience) if patience else []
        for process in self._processes:
            if process.sentinel in ending:
                process.join()  # its files are closed a moment before it counts as dead
        return any(not process.is_alive() for process in self._processes)


class MapSteps(MapDataset[Any]):
    """The steps of a dataset that can be read in any order; an item is one step's micro-batches and messages."""

    def __init__(self, train: Dataset, order: Order, slices: list[slice]) -> None:
        self.train, self.order, self.slices = train, order, slices

    def one(self, step: int) -> MicroBatches:
        """Return a step's micro-batches."""
        indices = self.order.indices(step)
        return [self.train.batch(indices, self.order.random(step), piece) for piece in self.slices]

    def __getitem__(self, step: int) -> tuple[MicroBatches | str, list[str]]:
        try:
            return self.one(step), []
        except GanzooError as error:  # the loader would bury its text in a trace
            return str(error), []

    def after(self, step: int) -> Iterator[Any]:
        return (self[each] for each in range(step, sys.maxsize))

    def loader(self, step: int, workers: int) -> DataLoader[Any]:
        return _loader(self, num_workers=workers, sampler=range(step, sys.maxsize), prefetch_factor=2)


class StreamSteps(IterableDataset[Any]):
    """The steps of a stream, which one process reads and decodes in threads."""

    def __init__(self, train: Stream, plan: Plan) -> None:
        self.train, self.plan, self.first = train, plan, 0

    def __iter__(self) -> Iterator[Any]:
        return self.after(self.first)

    def after(self, step: int) -> Iterator[Any]:
        notes: list[str] = []
        try:
            for batches in self.train.steps(step, self.plan, notes.append):
                yield batches, notes[:]
                notes.clear()
        except GanzooError as error:
            yield str(error), notes

    def loader(self, step: int, workers: int) -> DataLoader[Any]:
        self.first = step
        return _loader(self, num_workers=1, prefetch_factor=PREFETCH)


def _loader(steps: Any, **options: Any) -> DataLoader[Any]:
    """Return an endless loader of whole steps. It does not touch training's random state."""
    # Forked workers do not import the script that trains; spawned ones would, and train again.
    options["multiprocessing_context"] = START_METHOD
    return DataLoader(steps, batch_size=None, generator=torch.Generator(), worker_init_fn=_ignore_interrupt, **options)


def _ignore_interrupt(_: int) -> None:
    """Leave Ctrl-C, which the terminal also sends to workers, to the process that trains."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _without_handler:
    """Keep torch from raising an error in the middle of a computation when a worker dies."""

    def __enter__(self) -> None:
        self.main = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGCHLD")
        self.previous = signal.getsignal(signal.SIGCHLD) if self.main else None

    def __exit__(self, *_: object) -> None:
        if self.main and self.previous is not None:
            signal.signal(signal.SIGCHLD, self.previous)


class _Notes:
    """Logs each message once, though every pass over the data repeats it; many messages are only counted."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log, self.logged = log, set[str]()

    def __call__(self, text: str) -> None:
        if text in self.logged:
            return
        self.logged.add(text)
        count = len(self.logged)
        if count <= MAX_NOTES:
            self.log(text)
        elif count == MAX_NOTES + 1 or str(count).strip("0") == "1":
            self.log(f"{text} That makes {count:,} such notes; more are only counted.")
