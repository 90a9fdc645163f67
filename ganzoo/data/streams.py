"""Shards as training data: samples are decoded as they come, so damaged ones are left out with a note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from ganzoo.data.datasets import WHOLE, Augmentation, Dataset
from ganzoo.data.shard_samples import Decoded, SampleReading, build_dataset, decode_next, stack
from ganzoo.data.shard_shuffling import Lookahead, ShuffledShards
from ganzoo.data.shards import Note
from ganzoo.errors import OptionError

Batch: TypeAlias = "dict[str, Tensor]"


@dataclass(frozen=True)
class OwnImages:
    """The images of one process within a whole batch; only these can be loaded.

    Attributes:
        rows: (n, C, S, S) uint8.
        places: Position in the batch -> row.
        count: Size of the whole batch.
    """

    rows: Tensor
    places: dict[int, int]
    count: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.count, *self.rows.shape[1:]

    def __len__(self) -> int:
        return self.count

    def load(self, indices: list[int]) -> Tensor:
        return self.rows[[self.places[index] for index in indices]]


@dataclass(frozen=True)
class Plan:
    """Which share of which batches a process reads.

    Attributes:
        batch_size: Of all processes together.
        shares: The positions of each micro-batch in the whole batch.
        seed: Of the order of samples.
        rank: Of this process.
        processes: Their number.
        random: Step -> the generator of that step's augmentation.
        threads: That decode.
    """

    batch_size: int
    shares: list[slice]
    seed: int
    rank: int
    processes: int
    random: Callable[[int], torch.Generator]
    threads: int = 1


@dataclass
class Stream:
    """Training data in shards: `steps` yields what is trained on; `batch` returns only the first few samples.

    Attributes:
        sets: The shards, or of "unpaired" data those of A and of B.
        reading: How samples are decoded.
        augmentation: Of the decoded images.
        validation_share: Share of the samples that is held out.
        preview: The first samples.
    """

    sets: list[list[str]]
    reading: SampleReading
    augmentation: Augmentation
    validation_share: float
    preview: Dataset
    in_memory: bool = False

    def __len__(self) -> int:
        """The number of samples that `batch` can return; the number of all samples is not known."""
        return len(self.preview)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> Batch:
        return self.preview.batch(indices, random, own)

    def check(self, processes: int) -> None:
        """Raise OptionError where there are fewer shards than processes."""
        fewest = min(len(names) for names in self.sets)
        if fewest < processes:
            raise OptionError(
                f"{processes} processes cannot share {fewest} shard{'' if fewest == 1 else 's'}: each needs at least "
                f"one. Start at most {fewest}, or write the data as more shards."
            )

    def steps(self, first: int, plan: Plan, note: Note) -> Iterator[list[Batch]]:
        """Yield this process's micro-batches of each step from ``first`` on, without end."""
        positions = [position for share in plan.shares for position in range(plan.batch_size)[share]]
        places = {position: row for row, position in enumerate(positions)}
        streams = [
            Lookahead(
                ShuffledShards(names, self.validation_share, plan.seed + number, plan.rank, plan.processes).samples(
                    first * len(positions), note
                )
            )
            for number, names in enumerate(self.sets)
        ]
        step = first
        with ThreadPoolExecutor(plan.threads) as pool:
            while True:
                decoded = [decode_next(stream, len(positions), self.reading, pool, note) for stream in streams]
                dataset = self._dataset(decoded, places, plan.batch_size)
                everything = list(range(plan.batch_size))
                yield [dataset.batch(everything, plan.random(step), share) for share in plan.shares]
                step += 1

    def _dataset(self, decoded: list[list[Decoded]], places: dict[int, int], count: int) -> Dataset:
        """Return one batch as a data set of ``count`` images, so that it is augmented as any other."""
        sides, own_labels = stack(decoded)
        labels = torch.full((count,), -1)
        labels[list(places)] = own_labels
        images = [OwnImages(rows, places, count) for rows in sides]
        return build_dataset(images, labels, self.reading, self.augmentation)
