"""The batches of a run, in order: out of memory at once, or decoded ahead by worker processes that may die.

What a step sees is a function of the seed and the step alone: no position needs saving, and neither the number of
workers nor the death of one changes a picture.
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
from ganzoo.data.streams import Plan, Streamed
from ganzoo.errors import DataError, GanzooError, OptionError, TrainingError
from ganzoo.training.data_order import Order

DEATHS = 3  # of workers in a row, after which it is no accident
AHEAD = 4  # steps decoded ahead by one reader of shards
TOLD = 20  # notes on samples, after which they are only counted

MicroBatches: TypeAlias = "list[dict[str, Tensor]]"


def shares(batch_size: int, micro_batches: int, rank: int, processes: int) -> list[slice]:
    """Return the positions in the whole batch of this process's micro-batches, ``parts`` of them.

    A micro-batch of all processes together is one piece of the batch; each process has one piece of that.
    Raises OptionError where the batch cannot be shared evenly.
    """
    pieces = micro_batches * processes
    if batch_size % pieces:
        low = batch_size // pieces * pieces
        right = f"{low} or {low + pieces}" if low else f"{pieces}"
        raise OptionError(
            f"batch_size={batch_size} cannot be cut evenly: {processes} processes with {micro_batches} micro-batches each. "
            f"Set batch_size={right}: it counts the pictures of all processes together."
        )
    size = batch_size // pieces
    starts = [(micro_batch * processes + rank) * size for micro_batch in range(micro_batches)]
    return [slice(start, start + size) for start in starts]


def usual_workers(train: Dataset) -> int:
    """Return how many worker processes decode where nobody says: none for pictures in memory."""
    return 0 if train.in_memory else max(1, min(4, os.cpu_count() or 1) - 1)


class Batches:
    """This process's share of every step's batch, as CPU tensors in [-1, 1].

    train      `Data.train`: in memory, on disk, or a stream of shards
    batch_size pictures a step, of all processes together
    parts      micro-batches that a step is cut into
    workers    processes that decode what is not in memory (of a stream: threads of one process); 0: none, decode here;
               None: `usual_workers`
    note       is told what happened, in sentences
    Raises OptionError where batch or shards cannot be shared by the processes.
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
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        own = shares(batch_size, micro_batches, rank, processes)
        order = Order(len(train), batch_size, seed)
        self.workers = usual_workers(train) if workers is None else 0 if train.in_memory else workers
        self.steps: MapSteps | StreamSteps
        if isinstance(train, Streamed):
            train.check(processes)
            plan = Plan(batch_size, own, seed, rank, processes, order.random, max(1, self.workers))
            self.steps = StreamSteps(train, plan)
        else:
            self.steps = MapSteps(train, order, own)
        self.note, self.note_once = note, _Notes(note)
        self._next, self._iterator = -1, iter(())
        self._processes: list[Any] = []

    def get(self, step: int) -> MicroBatches:
        """Return the micro-batches of ``step``, counted from 0; steps in a row are read ahead.

        Raises DataError where a picture cannot be read any more, TrainingError where workers die again and again.
        """
        if isinstance(self.steps, MapSteps) and not self.workers:
            return self.steps.one(step)
        if step != self._next:
            self._start(step)
        result, notes = self._received(step)
        for text in notes:
            self.note_once(text)
        if isinstance(result, str):
            self.close()
            raise DataError(result)
        self._next = step + 1
        return result

    def close(self) -> None:
        """End the workers."""
        self._next, self._iterator, self._processes = -1, iter(()), []

    def _received(self, step: int) -> tuple[MicroBatches | str, list[str]]:
        for death in range(1, DEATHS + 2):
            try:
                if not self._dead():
                    return next(self._iterator)
            except (RuntimeError, OSError, EOFError):  # the loader waits for a worker, or takes tensors from it
                if not self._dead(patience=1):
                    raise
            self.close()
            if death <= DEATHS:
                self.note(f"A process that decodes pictures died; another one goes on from step {step + 1}.")
                self._start(step)
        raise TrainingError(
            f"The processes that decode pictures died {DEATHS + 1} times in a row at step {step + 1}: the system may "
            "have too little memory for them. Start again with fewer workers, or with none."
        )

    def _start(self, step: int) -> None:
        """Begin to decode at ``step``."""
        self.close()
        if not self.workers:
            self._iterator = self.steps.after(step)
            return
        with warnings.catch_warnings(), _without_handler():
            warnings.simplefilter("ignore")  # of more workers than cores, and of a fork beside other threads
            self._iterator = iter(self.steps.loader(step, self.workers))
        self._processes = list(getattr(self._iterator, "_workers", []))

    def _dead(self, patience: float = 0) -> bool:
        """Tell whether a worker has died, or does so within ``patience`` seconds."""
        ending = wait([process.sentinel for process in self._processes], patience) if patience else []
        for process in self._processes:
            if process.sentinel in ending:
                process.join()  # its files are closed a moment before it counts as dead
        return any(not process.is_alive() for process in self._processes)


class MapSteps(MapDataset[Any]):
    """Steps of pictures that can be read in any order; an item is what happens in one step."""

    def __init__(self, train: Dataset, order: Order, own: list[slice]) -> None:
        self.train, self.order, self.own = train, order, own

    def one(self, step: int) -> MicroBatches:
        """Return a step's micro-batches."""
        indices = self.order.indices(step)
        return [self.train.batch(indices, self.order.random(step), own) for own in self.own]

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
    """Steps of a stream, which one process reads, and decodes in threads."""

    def __init__(self, train: Streamed, plan: Plan) -> None:
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
        return _loader(self, num_workers=1, prefetch_factor=AHEAD)


def _loader(steps: Any, **options: Any) -> DataLoader[Any]:
    """Return a loader of whole steps, whose workers live as long as it is read: there is no last step.

    It draws nothing from training's own random numbers.
    """
    # Forked workers ask nothing of the script that trains: others would import it, and train again.
    options["multiprocessing_context"] = "fork" if sys.platform == "linux" else None
    return DataLoader(steps, batch_size=None, generator=torch.Generator(), worker_init_fn=_deaf, **options)


def _deaf(_: int) -> None:
    """Leave Ctrl-C, which the terminal sends to workers too, to the process that trains."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _without_handler:
    """Keep torch from handling the death of a worker with an error in the midst of whatever is being computed then."""

    def __enter__(self) -> None:
        self.main = threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGCHLD")
        self.previous = signal.getsignal(signal.SIGCHLD) if self.main else None

    def __exit__(self, *_: object) -> None:
        if self.main and self.previous is not None:
            signal.signal(signal.SIGCHLD, self.previous)


class _Notes:
    """Passes each note on once, though passes over the data repeat it, and only counts them when they are many."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.note, self.reported = note, set[str]()

    def __call__(self, text: str) -> None:
        if text in self.reported:
            return
        self.reported.add(text)
        count = len(self.reported)
        if count <= TOLD:
            self.note(text)
        elif count == TOLD + 1 or str(count).strip("0") == "1":
            self.note(f"{text} That makes {count:,} such notes; more are only counted.")
