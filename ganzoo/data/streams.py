"""Shards as a data set: samples are decoded as they come, so broken ones are left out with a note."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

import torch
from torch import Tensor

from ganzoo.data import notes, shards
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data, Dataset, Images, Paired, Unpaired, View
from ganzoo.data.decode import Facts, Form, decode
from ganzoo.data.image_stores import Pictures, shrink
from ganzoo.data.layout import check_share, place
from ganzoo.data.shard_order import Ahead, Passes
from ganzoo.data.shards import Note, Sample
from ganzoo.errors import DataError, ImageError, OptionError
from ganzoo.image_io import decoding, image_paths

SHOWN = 64  # samples kept in memory for sample sheets
HELD_OUT = 256  # samples kept in memory for validation, of however many are held out
IN_A_ROW = 100  # broken samples, after which the shards are thought to hold something else

Batch: TypeAlias = "dict[str, Tensor]"
Decoded: TypeAlias = "tuple[list[Tensor], int]"  # pictures (C, S, S) uint8, and the label or -1


@dataclass(frozen=True)
class Reading:
    """How a sample becomes tensors: its one picture, or its input and target; and its label, where samples have one.

    swapped  input and target change places
    """

    form: Form
    paired: bool
    swapped: bool
    labels: bool

    def decode(self, sample: Sample) -> Decoded:
        """Return one or two pictures (C, S, S) uint8, and the label or -1. Raises DataError that names the sample."""
        found = [decode(content, name, self.form)[0] for name, content in images_of(sample, self.paired)]
        return found[::-1] if self.swapped else found, label_of(sample) if self.labels else -1


@dataclass(frozen=True)
class Window:
    """The pictures of one process among those of a whole batch; only these can be loaded."""

    rows: Tensor
    places: dict[int, int]  # position in the batch -> row
    count: int  # of the whole batch

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

    shares   the positions of each micro-batch in the whole batch
    random   step -> the generator of that step's augmentation
    threads  that decode
    """

    batch_size: int
    shares: list[slice]
    seed: int
    rank: int
    processes: int
    random: Callable[[int], torch.Generator]
    threads: int = 1


@dataclass
class Streamed:
    """Training data out of shards: `steps` is what training sees; `batch` shows the first few samples only.

    sets  the shards, or of "unpaired" those of A and of B
    """

    sets: list[list[str]]
    reading: Reading
    view: View
    held_share: float
    shown: Dataset
    in_memory: bool = False

    def __len__(self) -> int:
        """How many samples `batch` can show; how many there are in all is not known."""
        return len(self.shown)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = slice(None)) -> Batch:
        return self.shown.batch(indices, random, own)

    def check(self, processes: int) -> None:
        """Raise OptionError where there are fewer shards than processes."""
        fewest = min(len(names) for names in self.sets)
        if fewest < processes:
            raise OptionError(
                f"{processes} processes cannot share {fewest} shard{'' if fewest == 1 else 's'}: each needs one of its "
                f"own. Start {fewest} at most, or write the data as more shards."
            )

    def steps(self, first: int, plan: Plan, note: Note) -> Iterator[list[Batch]]:
        """Yield this process's micro-batches of each step from ``first`` on, without end."""
        positions = [position for share in plan.shares for position in range(plan.batch_size)[share]]
        places = {position: row for row, position in enumerate(positions)}
        streams = [
            Ahead(
                Passes(names, self.held_share, plan.seed + number, plan.rank, plan.processes).samples(
                    first * len(positions), note
                )
            )
            for number, names in enumerate(self.sets)
        ]
        step = first
        with ThreadPoolExecutor(plan.threads) as pool:
            while True:
                decoded = [good_samples(stream, len(positions), self.reading, pool, note) for stream in streams]
                dataset = self._dataset(decoded, places, plan.batch_size)
                everything = list(range(plan.batch_size))
                yield [dataset.batch(everything, plan.random(step), share) for share in plan.shares]
                step += 1

    def _dataset(self, decoded: list[list[Decoded]], places: dict[int, int], count: int) -> Dataset:
        """Return one batch as a data set of ``count`` pictures, so that it is augmented as any other."""
        columns, own = stacked(decoded)
        labels = torch.full((count,), -1)
        labels[list(places)] = own
        return dataset_of([Window(rows, places, count) for rows in columns], labels, self.reading, self.view)


def stacked(decoded: list[list[Decoded]]) -> tuple[list[Tensor], Tensor]:
    """Return one tensor (N, C, S, S) a kind of picture, and the labels of the first set (N,)."""
    columns = [torch.stack(column) for rows in decoded for column in zip(*(each for each, _ in rows), strict=True)]
    return columns, torch.tensor([label for _, label in decoded[0]])


def dataset_of(columns: Sequence[Pictures], labels: Tensor, reading: Reading, view: View) -> Dataset:
    """Return the data set that pictures of one or two kinds make."""
    if reading.paired:
        return Paired(columns[0], columns[1], view)
    if len(columns) == 2:
        return Unpaired(columns[0], columns[1], view, shuffled=False)
    return Images(columns[0], view, labels if reading.labels else None)


def good_samples(stream: Ahead, count: int, reading: Reading, pool: ThreadPoolExecutor, note: Note) -> list[Decoded]:
    """Return the next ``count`` samples, decoded; in place of a broken one, which is noted, comes one after them.

    The stream goes on after ``count`` samples whatever was broken: so any step can be found without decoding.
    Raises DataError where `IN_A_ROW` are broken.
    """

    def attempt(sample: Sample) -> Decoded | str:
        try:
            return reading.decode(sample)
        except DataError as error:
            return str(error)

    results = list(pool.map(attempt, [stream.next() for _ in range(count)]))
    ahead = 0
    for index, result in enumerate(results):
        while isinstance(result, str):
            note(f"Left out: {result}")
            if ahead == IN_A_ROW:
                raise DataError(f"More than {IN_A_ROW} samples of the shards are broken one after the other: {result}")
            result = attempt(stream.peek(ahead))
            ahead += 1
        results[index] = result
    return [result for result in results if not isinstance(result, str)]


def images_of(sample: Sample, paired: bool) -> list[tuple[str, bytes]]:
    """Return (name, content) of a sample's picture, or of its input and target.

    Raises DataError where it has none, or several.
    """
    found = {end: content for end, content in sample.files.items() if image_paths.is_image_path(f"x.{end}")}
    wanted = ("input", "target") if paired else ("",)
    chosen = [[end for end in found if not side or end.split(".")[0] == side] for side in wanted]
    for side, ends in zip(wanted, chosen, strict=True):
        if len(ends) != 1:
            what = f"{side} picture ({side}.jpg, {side}.png, ...)" if side else "picture"
            raise DataError(
                f"{sample.name}: it has {len(ends)} files that could be its {what}, of {list(sample.files)}."
            )
    return [(f"{sample.name}.{ends[0]}", found[ends[0]]) for ends in chosen]


def label_of(sample: Sample) -> int:
    """Return the number in a sample's cls file. Raises DataError where there is none."""
    try:
        return int(sample.files["cls"])
    except (KeyError, ValueError) as error:
        raise DataError(f"{sample.name}: it has no cls file with a number, as the first sample has.") from error


def open_stream(paths: list[str], kind: str, data_config: DataConfig, validation: float) -> Data:
    """Open shards: read their first samples, and those that are held out, of which `HELD_OUT` are kept.

    Raises DataError where there are none, or none that can be decoded.
    """
    check_share(validation)
    if len(paths) != (2 if kind == "unpaired" else 1):
        wanted = "two paths, A and B" if kind == "unpaired" else "one path"
        raise OptionError(f"Shards for '{kind}' are {wanted}, and here are {len(paths)}: {', '.join(paths)}.")
    sets, said = [shards.find(path) for path in paths], list[str]()
    size, reading, note = _first(sets[0], kind, data_config, said)
    previews = [_preview(names, reading, validation, said.append) for names in sets]
    view, plain = data_config.views(size)
    columns, labels = stacked([preview.shown for preview in previews])
    return Data(
        train=Streamed(sets, reading, view, validation, dataset_of(columns, labels, reading, view)),
        validation=_validation(previews, reading, plain) if validation else None,
        image_size=size,
        channels=reading.form.channels,
        counts={"shards": sum(len(names) for names in sets)},
        held_out=[key for preview in previews for key in preview.keys],
        fingerprint=shards.fingerprint([name for names in sets for name in names]),
        notes=[_described(sets), note, *_kept(previews, validation), *said],
    )


@dataclass
class Preview:
    """The first samples of shards: to show, and held out, with the keys of these."""

    shown: list[Decoded] = field(default_factory=list)
    held: list[Decoded] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


def _first(names: list[str], kind: str, data_config: DataConfig, said: list[str]) -> tuple[int, Reading, str]:
    """Return the size to train on, the way to read, and a sentence, from the first sample that can be decoded."""
    samples = (sample for name in names for sample in shards.read(name, said.append))
    reason = ""
    for sample in islice(samples, IN_A_ROW):
        try:
            found = [decoding.read(content) for _, content in images_of(sample, kind == "paired")]
        except (DataError, ImageError) as error:
            reason = f"{'' if isinstance(error, DataError) else f'{sample.name}: '}{error}".rstrip(".")
            continue
        height, width = found[0].rgb.shape[:2]
        size = data_config.image_size or min(height, width)
        stored = data_config.stored(size)
        form = Form(stored, stored, data_config.channels or (1 if all(each.gray for each in found) else 3))
        swapped = kind == "paired" and data_config.direction == "right-to-left"
        reading = Reading(form, kind == "paired", swapped, kind == "images" and "cls" in sample.files)
        facts = Facts(sample.name, width, height, found[0].gray, False, "")
        return size, reading, f"The first sample is {notes.becomes([facts], form, size)}."
    reason = reason or " ".join(said).rstrip(".") or "They are empty"
    raise DataError(f"No sample of {names[0]} can be used. {reason}.")


def _preview(names: list[str], reading: Reading, share: float, note: Note) -> Preview:
    """Decode the first samples to train on, and the first that are held out.

    Raises DataError where there are none of the one or of the other.
    """
    preview, most_held = Preview(), HELD_OUT if share else 0
    for sample in (sample for name in names for sample in shards.read(name, note)):
        held = place(sample.key) < share
        if len(preview.held if held else preview.shown) < (most_held if held else SHOWN):
            try:
                (preview.held if held else preview.shown).append(reading.decode(sample))
            except DataError as error:
                note(f"Left out: {error}")
                continue
            preview.keys += [sample.key] if held else []
        if len(preview.shown) == SHOWN and len(preview.held) == most_held:
            break
    if not preview.shown or (share and not preview.held):
        raise DataError(
            f"validation={share} leaves {len(preview.held)} samples of {names[0]} and its like for validation and "
            f"{len(preview.shown)} to train on. Give another share, or more samples."
        )
    return preview


def _validation(previews: list[Preview], reading: Reading, plain: View) -> Dataset:
    columns, labels = stacked([preview.held for preview in previews])
    return dataset_of([shrink(each, plain.size) for each in columns], labels, reading, plain)


def _described(sets: list[list[str]]) -> str:
    counted = " and ".join(f"{len(names):,} shard{'' if len(names) == 1 else 's'}" for names in sets)
    return (
        f"The pictures of {counted} are decoded as they come. They cannot be checked beforehand: "
        "what cannot be used is left out during training, and named."
    )


def _kept(previews: list[Preview], share: float) -> list[str]:
    if not share:
        return []
    kept = " and ".join(f"{len(preview.held):,}" for preview in previews)
    return [f"About {share:.1%} of the samples are held out, by their keys; of these, {kept} are measured."]
