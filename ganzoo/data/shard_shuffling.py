"""The order in which samples come out of shards: a function of seed, epoch and process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from ganzoo.data import shards
from ganzoo.data.shards import Note, Sample
from ganzoo.data.splitting import hash_place
from ganzoo.errors import DataError

BUFFER = 1000  # samples that wait, not decoded, to be mixed


@dataclass(frozen=True)
class ShuffledShards:
    """Shuffled epochs over this process's shards: every ``processes``-th, from the ``rank``-th on.

    ``share``: samples whose key has a `hash_place` below it are held out.
    """

    names: list[str]
    share: float
    seed: int
    rank: int = 0
    processes: int = 1
    buffer: int = BUFFER

    def samples(self, first: int, note: Note) -> Iterator[Sample]:
        """Yield samples without end, from the ``first``-th on: those before are read but not decoded.

        Whole epochs are skipped once the length of one is known. Raises DataError where the shards have no sample.
        """
        epoch = 0
        while True:
            length = 0
            for sample in self.epoch(epoch, note):
                length += 1
                if length > first:
                    yield sample
            if not length:
                raise DataError(f"No sample is left in {', '.join(self._own())}. Give shards that can be read.")
            skipped, first = divmod(max(0, first - length), length)
            epoch += 1 + skipped

    def epoch(self, number: int, note: Note) -> Iterator[Sample]:
        """Yield each sample once: shards in a new order, mixed over neighboring ones by a buffer."""
        random = Random(f"{self.seed} {self.rank} {number}")  # only its random() is the same in every Python
        order = sorted(self._own(), key=lambda _: random.random())
        waiting: list[Sample] = []
        for sample in (sample for shard in order for sample in shards.read(shard, note)):
            if hash_place(sample.key) < self.share:
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


class Lookahead:
    """An iterator whose next items can be read before it is advanced."""

    def __init__(self, samples: Iterator[Sample]) -> None:
        self.samples = samples
        self.peeked: deque[Sample] = deque()

    def next(self) -> Sample:
        """Return the next sample, and advance."""
        return self.peeked.popleft() if self.peeked else next(self.samples)

    def peek(self, distance: int) -> Sample:
        """Return the sample ``distance`` after the next one, without advancing."""
        while len(self.peeked) <= distance:
            self.peeked.append(next(self.samples))
        return self.peeked[distance]
