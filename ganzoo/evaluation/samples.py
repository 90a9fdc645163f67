"""Pictures to judge, or to judge by: files in place, or what a model makes; in batches, with what a protocol says."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from ganzoo.cards.protocol import Sample
from ganzoo.data.decode import to_bytes, to_floats
from ganzoo.data.image_stores import Pictures, take
from ganzoo.errors import OptionError
from ganzoo.image_io import images
from ganzoo.inference import conditions
from ganzoo.loading.model import Model

HELD_BYTES = 512 * 2**20  # decoded pictures up to this are kept in memory; of more, each batch is decoded when needed


class Images(Protocol):
    """Pictures in an order that never changes.

    sample  what a protocol says of them
    key     a hash that changes with any of the pictures; "" for those that are made anew every time
    """

    sample: Sample
    key: str

    def batches(self, at_once: int) -> Iterator[Tensor]:
        """Yield all pictures, (N, C, H, W) uint8, up to ``at_once`` at a time."""
        ...

    def some(self, indices: list[int]) -> list[Tensor]:
        """Return the chosen pictures, (C, H, W) uint8."""
        ...


@dataclass
class Stored:
    """Pictures that are there already; ``resizing`` says what happened to them."""

    sample: Sample
    pictures: Pictures
    key: str
    resizing: str
    names: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.pictures)

    def batches(self, at_once: int) -> Iterator[Tensor]:
        for first in range(0, len(self), at_once):
            yield take(self.pictures, list(range(first, min(first + at_once, len(self)))))

    def some(self, indices: list[int]) -> list[Tensor]:
        return list(take(self.pictures, indices))


class ModelImages(ABC):
    """Pictures that a model makes: once, where they are few enough to be kept."""

    model: Model
    sample: Sample
    key = ""
    _kept: Tensor | None = None

    def batches(self, at_once: int) -> Iterator[Tensor]:
        if self._kept is not None:
            yield from torch.split(self._kept, at_once)
            return
        made: list[Tensor] = []
        for batch in self.make(at_once):
            if batch[0].numel() * self.sample.count <= HELD_BYTES:
                made.append(batch)
            yield batch
        self._kept = torch.cat(made) if made else None

    def some(self, indices: list[int]) -> list[Tensor]:
        return self.make_some(indices) if self._kept is None else [self._kept[index] for index in indices]

    @abstractmethod
    def make(self, at_once: int) -> Iterator[Tensor]:
        """Yield all pictures, (N, C, H, W) uint8."""

    @abstractmethod
    def make_some(self, indices: list[int]) -> list[Tensor]:
        """Return the chosen pictures."""


@dataclass
class Generated(ModelImages):
    """Pictures that a model makes from latents, and of all classes: those ``model.generate(count, seed)`` returns.

    Of each clip, one frame counts as a picture: the first of one, the second of the next.
    """

    model: Model
    sample: Sample

    def make(self, at_once: int) -> Iterator[Tensor]:
        latents = self._latents()
        for first in range(0, self.sample.count, at_once):
            yield self._pictures(list(islice(latents, min(at_once, self.sample.count - first))), first)

    def make_some(self, indices: list[int]) -> list[Tensor]:
        request = set(indices)
        latents = islice(self._latents(), max(indices, default=-1) + 1)
        made = {index: self._pictures([one], index)[0] for index, one in enumerate(latents) if index in request}
        return [made[index] for index in indices]

    def clips(self, count: int, at_once: int) -> Tensor:
        """Return the first ``count`` clips (N, C, T, H, W) in [-1, 1], rounded to 8 bits."""
        latents = self._latents()
        sizes = [min(at_once, count - first) for first in range(0, count, at_once)]
        made = [self._made(list(islice(latents, size)), at_once * part) for part, size in enumerate(sizes)]
        return to_floats(to_bytes(torch.cat(made)))

    def _latents(self) -> Iterator[Tensor]:
        random = torch.Generator().manual_seed(self.sample.seed or 0)
        while True:
            yield torch.randn(self.model.card.latent_dim, generator=random)

    def labels(self, first: int, count: int) -> Tensor:
        """Return the labels (count,) of the pictures from ``first`` on: all classes in turn; (0,) without classes."""
        numbers = conditions.numbers(self.model.card, None, first + count)
        return torch.tensor(numbers[first:], dtype=torch.int64)

    def _pictures(self, latents: list[Tensor], first: int) -> Tensor:
        made = self._made(latents, first)
        return to_bytes(one_each(made, first) if made.ndim == 5 else made)

    def _made(self, latents: list[Tensor], first: int) -> Tensor:
        labels = self.labels(first, len(latents))
        given = {"label": labels} if len(labels) else {}
        return self.model(torch.stack(latents), **given).cpu()


@dataclass
class Translated(ModelImages):
    """Other pictures as a model translates them, to one class where it takes a label, at the size they have."""

    model: Model
    inputs: Images
    sample: Sample
    label: int | None = None

    def make(self, at_once: int) -> Iterator[Tensor]:
        for batch in self.inputs.batches(at_once):
            yield self.through(batch)

    def make_some(self, indices: list[int]) -> list[Tensor]:
        return [self.through(one[None])[0] for one in self.inputs.some(indices)]

    def through(self, pictures: Tensor) -> Tensor:
        """Return what the model makes of pictures (N, C, H, W) uint8."""
        return through(self.model, pictures, self.label)


def one_each(clips: Tensor, first: int) -> Tensor:
    """Return one frame of each clip (N, C, T, H, W), by the clip's number, of which the first one's is ``first``."""
    numbers = torch.arange(len(clips), device=clips.device)
    return clips.transpose(1, 2)[numbers, (numbers + first) % clips.shape[2]]


def generated(model: Model, count: int, seed: int) -> Generated:
    """Return ``count`` pictures that a model makes from latents. Raises OptionError for a wrong count or seed."""
    if count < 1 or not 0 <= seed < 2**63:
        raise OptionError(f"number={count} and seed={seed} are not right: at least 1, and from 0 to 2**63 - 1.")
    return Generated(model, Sample("generated", count, seed=seed))


def translated(model: Model, inputs: Images, label: int | None = None) -> Translated:
    """Return what a model makes of each of ``inputs``; ``label``: the class to make of them, where it takes one."""
    given = inputs.sample
    target = "" if label is None else f" to {model.card.classes[label]}"
    return Translated(model, inputs, replace(given, source=f"translated {given.source}{target}"), label)


def through(model: Model, pictures: Tensor, label: int | None = None) -> Tensor:
    """Return what a model makes of pictures (N, C, H, W) uint8, in 8 bits too."""
    conditioning = {} if label is None else {"label": torch.full((len(pictures),), label)}
    return to_bytes(model(to_floats(with_channels(pictures, model.card.in_channels)), **conditioning)).cpu()


def with_channels(batch: Tensor, channels: int) -> Tensor:
    """Return uint8 pictures with the channels that a network takes."""
    if batch.shape[1] == channels:
        return batch
    return batch.expand(-1, 3, -1, -1) if channels == 3 else to_bytes(images.to_tensor(batch, channels))
