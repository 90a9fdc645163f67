"""Sets of images to evaluate: stored in files, generated or translated by a model; in batches, with their `Sample`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Protocol

import torch
from torch import Tensor

from ganzoo.cards.protocol import Sample
from ganzoo.data.image_stores import Images, take
from ganzoo.data.preprocessing import to_bytes, to_floats
from ganzoo.errors import OptionError
from ganzoo.image_io import tensors
from ganzoo.inference import conditions
from ganzoo.loading.model import Model

MAX_BYTES = 512 * 2**20  # decoded images up to this size stay in memory; of more, each batch is decoded when needed


class ImageSet(Protocol):
    """Images in an order that never changes.

    Attributes:
        sample: What a protocol records of them.
        key: A hash that changes with any of the images; "" for images that a model computes.
    """

    sample: Sample
    key: str

    def batches(self, batch_size: int) -> Iterator[Tensor]:
        """Yield all images, (N, C, H, W) uint8, up to ``batch_size`` at a time."""
        ...

    def some(self, indices: list[int]) -> list[Tensor]:
        """Return the chosen images, (C, H, W) uint8."""
        ...


@dataclass
class StoredImages:
    """Images from files; ``resizing`` describes how they were resized, ``contents`` tell equal ones."""

    sample: Sample
    images: Images
    key: str
    resizing: str
    names: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.images)

    def batches(self, batch_size: int) -> Iterator[Tensor]:
        for first in range(0, len(self), batch_size):
            yield take(self.images, list(range(first, min(first + batch_size, len(self)))))

    def some(self, indices: list[int]) -> list[Tensor]:
        return list(take(self.images, indices))


class ModelImages(ABC):
    """Images that a model computes: only once, if they are few enough to stay in memory."""

    model: Model
    sample: Sample
    key = ""
    _cached: Tensor | None = None

    def batches(self, batch_size: int) -> Iterator[Tensor]:
        if self._cached is not None:
            yield from torch.split(self._cached, batch_size)
            return
        computed: list[Tensor] = []
        for batch in self.compute(batch_size):
            if batch[0].numel() * self.sample.count <= MAX_BYTES:
                computed.append(batch)
            yield batch
        self._cached = torch.cat(computed) if computed else None

    def some(self, indices: list[int]) -> list[Tensor]:
        return self.compute_some(indices) if self._cached is None else [self._cached[index] for index in indices]

    @abstractmethod
    def compute(self, batch_size: int) -> Iterator[Tensor]:
        """Yield all images, (N, C, H, W) uint8."""

    @abstractmethod
    def compute_some(self, indices: list[int]) -> list[Tensor]:
        """Return the chosen images."""


@dataclass
class GeneratedImages(ModelImages):
    """Images generated from latents, of all classes in turn: the same as ``model.generate(count, seed)`` returns.

    Of each clip, one frame counts as an image: the first frame of the first clip, the second of the second.
    """

    model: Model
    sample: Sample

    def compute(self, batch_size: int) -> Iterator[Tensor]:
        latents = self._latents()
        for first in range(0, self.sample.count, batch_size):
            yield self._generate_images(list(islice(latents, min(batch_size, self.sample.count - first))), first)

    def compute_some(self, indices: list[int]) -> list[Tensor]:
        chosen = set(indices)
        latents = islice(self._latents(), max(indices, default=-1) + 1)
        images = {i: self._generate_images([one], i)[0] for i, one in enumerate(latents) if i in chosen}
        return [images[index] for index in indices]

    def clips(self, count: int, batch_size: int) -> Tensor:
        """Return the first ``count`` clips (N, C, T, H, W) in [-1, 1], rounded to 8 bits."""
        latents = self._latents()
        sizes = [min(batch_size, count - first) for first in range(0, count, batch_size)]
        clips = [self._generate(list(islice(latents, size)), batch_size * n) for n, size in enumerate(sizes)]
        return to_floats(to_bytes(torch.cat(clips)))

    def labels(self, first: int, count: int) -> Tensor:
        """Return the labels (count,) of the images from ``first`` on: all classes in turn; (0,) without classes."""
        numbers = conditions.numbers(self.model.card, None, first + count)
        return torch.tensor(numbers[first:], dtype=torch.int64)

    def _latents(self) -> Iterator[Tensor]:
        random = torch.Generator().manual_seed(self.sample.seed or 0)
        while True:
            yield torch.randn(self.model.card.latent_dim, generator=random)

    def _generate_images(self, latents: list[Tensor], first: int) -> Tensor:
        outputs = self._generate(latents, first)
        return to_bytes(one_frame_each(outputs, first) if outputs.ndim == 5 else outputs)

    def _generate(self, latents: list[Tensor], first: int) -> Tensor:
        labels = self.labels(first, len(latents))
        conditioning = {"label": labels} if len(labels) else {}
        return self.model(torch.stack(latents), **conditioning).cpu()


@dataclass
class TranslatedImages(ModelImages):
    """Other images, translated by a model at the size they have; to one class where the model takes a label."""

    model: Model
    inputs: ImageSet
    sample: Sample
    label: int | None = None

    def compute(self, batch_size: int) -> Iterator[Tensor]:
        for batch in self.inputs.batches(batch_size):
            yield self.translate(batch)

    def compute_some(self, indices: list[int]) -> list[Tensor]:
        return [self.translate(one[None])[0] for one in self.inputs.some(indices)]

    def translate(self, images: Tensor) -> Tensor:
        """Return the model's translation of images (N, C, H, W) uint8."""
        return translate(self.model, images, self.label)


def one_frame_each(clips: Tensor, first: int) -> Tensor:
    """Return frame n % T of each clip (N, C, T, H, W), n being the clip's number, which counts from ``first``."""
    numbers = torch.arange(len(clips), device=clips.device)
    return clips.transpose(1, 2)[numbers, (numbers + first) % clips.shape[2]]


def generated_images(model: Model, count: int, seed: int) -> GeneratedImages:
    """Return ``count`` images that a model generates from latents. Raises OptionError for a wrong count or seed."""
    if count < 1 or not 0 <= seed < 2**63:
        raise OptionError(
            f"number={count} and seed={seed} are not valid: number must be at least 1, and seed from 0 to 2**63 - 1."
        )
    return GeneratedImages(model, Sample("generated", count, seed=seed))


def translated_images(model: Model, inputs: ImageSet, label: int | None = None) -> TranslatedImages:
    """Return the translations of all ``inputs``, to the class ``label`` where the model takes one."""
    target = "" if label is None else f" to {model.card.classes[label]}"
    sample = replace(inputs.sample, source=f"translated {inputs.sample.source}{target}")
    return TranslatedImages(model, inputs, sample, label)


def translate(model: Model, images: Tensor, label: int | None = None) -> Tensor:
    """Return a model's translation of images (N, C, H, W) uint8, in 8 bits too."""
    conditioning = {} if label is None else {"label": torch.full((len(images),), label)}
    return to_bytes(model(to_floats(with_channels(images, model.card.in_channels)), **conditioning)).cpu()


def with_channels(batch: Tensor, channels: int) -> Tensor:
    """Return uint8 images with the number of channels that a network takes."""
    if batch.shape[1] == channels:
        return batch
    return batch.expand(-1, 3, -1, -1) if channels == 3 else to_bytes(tensors.to_tensor(batch, channels))
