"""The order in which samples come out of shards: a function of seed, epoch and process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from ganzoo.data import shards
from ganzoo.data.layout import place
from ganzoo.data.shards import Note, Sample
from ganzoo.errors import DataError

BUFFER = 1000  # samples that wait, not decoded, to be mixed


@dataclass(frozen=True)
class Passes:
    """Shuffled passes over this process's shards, which are every ``processes``-th, from the ``rank``-th on.

    share  samples whose key's place is below it are kept out of training
    """

    names: list[str]
    share: float
    seed: int
    rank: int = 0
    processes: int = 1
    buffer: int = BUFFER

    def samples(self, first: int, note: Note) -> Iterator[Sample]:
        """Yield samples without end, from the ``first``-th on: those before are read but not decoded.

        Whole passes are skipped once the length of one is known. Raises DataError where the shards hold no sample.
        """
        epoch = 0
        while True:
            length = 0
            for sample in self.one_pass(epoch, note):
                length += 1
                if length > first:
                    yield sample
            if not length:
                raise DataError(f"No sample is left in {', '.join(self._own())}. Give shards that can be read.")
            skipped, first = divmod(max(0, first - length), length)
            epoch += 1 + skipped

    def one_pass(self, epoch: int, note: Note) -> Iterator[Sample]:
        """Yield each sample once: shards in a new order, and mixed over neighboring ones by a buffer."""
        random = Random(f"{self.seed} {self.rank} {epoch}")  # only its random() is the same in every Python
        order = sorted(self._own(), key=lambda _: random.random())
        waiting: list[Sample] = []
        for sample in (sample for shard in order for sample in shards.read(shard, note)):
            if place(sample.key) < self.share:
                continue
            if len(waiting) < self.buffer:
                waiting.append(sample)
                continue
            index = int(random.random() * len(waiting))
            waiting[index], sample = sample, waiting[index]
            yield sample
        yield from sorted(waiting, key=lambda _: random.random())

    def _own(self) -> list[str]:
        return self.names[self.rank :: self.processes]


class Ahead:
    """An iterator that can be looked into before it is advanced."""

    def __init__(self, samples: Iterator[Sample]) -> None:
        self.samples = samples
        self.seen: deque[Sample] = deque()

    def next(self) -> Sample:
        """Return the next sample, and go past it."""
        return self.seen.popleft() if self.seen else next(self.samples)

    def peek(self, distance: int) -> Sample:
        """Return the sample ``distance`` after the next one, and stay."""
        while len(self.seen) <= distance:
            self.seen.append(next(self.samples))
        return self.seen[distance]
