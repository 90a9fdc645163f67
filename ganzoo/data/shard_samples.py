"""Samples of shards -> tensors: the images in a sample, its label, and what replaces a damaged sample."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from ganzoo.data.datasets import Augmentation, Dataset, ImageDataset, PairedDataset, UnpairedDataset
from ganzoo.data.image_stores import Images
from ganzoo.data.preprocessing import ImageSpec, decode
from ganzoo.data.shard_shuffling import Lookahead
from ganzoo.data.shards import Note, Sample
from ganzoo.errors import DataError
from ganzoo.image_io.image_paths import is_image_path

MAX_DAMAGED = 100  # samples in a row, after which the shards are assumed to hold something else

Decoded: TypeAlias = "tuple[list[Tensor], int]"  # images (C, S, S) uint8, and the label or -1


@dataclass(frozen=True)
class SampleReading:
    """How a sample becomes tensors: its one image, or its input and target; and its label, where samples have one.

    ``swapped``: input and target change places.
    """

    spec: ImageSpec
    paired: bool
    swapped: bool
    labels: bool

    def decode(self, sample: Sample) -> Decoded:
        """Return one or two images (C, S, S) uint8, and the label or -1. Raises DataError that names the sample."""
        images = [decode(content, name, self.spec)[0] for name, content in find_images(sample, self.paired)]
        return images[::-1] if self.swapped else images, read_label(sample) if self.labels else -1


def find_images(sample: Sample, paired: bool) -> list[tuple[str, bytes]]:
    """Return (name, content) of a sample's image, or of its input and target.

    Raises:
        DataError: It has none, or several.
    """
    images = {end: content for end, content in sample.files.items() if is_image_path(f"x.{end}")}
    sides = ("input", "target") if paired else ("",)
    found = [[end for end in images if not side or end.split(".")[0] == side] for side in sides]
    for side, ends in zip(sides, found, strict=True):
        if len(ends) != 1:
            what = f"{side} image ({side}.jpg, {side}.png, ...)" if side else "image"
            raise DataError(
                f"{sample.name}: it has {len(ends)} files that could be its {what}, of {list(sample.files)}."
            )
    return [(f"{sample.name}.{ends[0]}", images[ends[0]]) for ends in found]


def read_label(sample: Sample) -> int:
    """Return the number in a sample's cls file. Raises DataError where there is none."""
    try:
        return int(sample.files["cls"])
    except (KeyError, ValueError) as error:
        raise DataError(f"{sample.name}: it has no cls file with a number, as the first sample has.") from error


def decode_next(
    stream: Lookahead, count: int, reading: SampleReading, pool: ThreadPoolExecutor, note: Note
) -> list[Decoded]:
    """Return the next ``count`` samples, decoded. A damaged one is noted, and replaced by one that comes after them.

    The stream advances by ``count`` samples however many were damaged, so any step can be found without decoding.

    Raises:
        DataError: `MAX_DAMAGED` samples in a row are damaged.
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
            if ahead == MAX_DAMAGED:
                raise DataError(f"More than {MAX_DAMAGED} samples of the shards in a row are damaged: {result}")
            result = attempt(stream.peek(ahead))
            ahead += 1
        results[index] = result
    return [result for result in results if not isinstance(result, str)]


def stack(decoded: list[list[Decoded]]) -> tuple[list[Tensor], Tensor]:
    """Return one tensor (N, C, S, S) for each side of the data, and the labels of the first set (N,)."""
    sides = [torch.stack(side) for samples in decoded for side in zip(*(images for images, _ in samples), strict=True)]
    return sides, torch.tensor([label for _, label in decoded[0]])


def build_dataset(
    sides: Sequence[Images], labels: Tensor, reading: SampleReading, augmentation: Augmentation
) -> Dataset:
    """Return the data set of single, paired or unpaired images."""
    if reading.paired:
        return PairedDataset(sides[0], sides[1], augmentation)
    if len(sides) == 2:
        return UnpairedDataset(sides[0], sides[1], augmentation, shuffled=False)
    return ImageDataset(sides[0], augmentation, labels if reading.labels else None)
