"""What recipes train on: images, pairs, or two unpaired sets, in memory or decoded when needed.

Every random choice (crop, flip, partner) is drawn from the generator that the caller passes, so a batch is a function
of its indices and that generator's seed: a resumed run sees the same batches as an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from ganzoo.data.image_stores import Images, take
from ganzoo.data.preprocessing import to_floats
from ganzoo.rasters.channel import Channel

WHOLE = slice(None)
Crops: TypeAlias = "list[tuple[int, int, bool]]"  # top, left, mirrored


class Dataset(Protocol):
    """Training or validation data. ``in_memory``: a batch needs no decoding."""

    @property
    def in_memory(self) -> bool: ...

    def __len__(self) -> int: ...

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        """Return tensors (N, C, H, W) in [-1, 1] by name, augmented.

        Args:
            indices: Of the whole batch.
            random: Draws the augmentation, for all of ``indices``: so the shares of several processes make up the
                batch that one process would see.
            own: The share of ``indices`` that is read and returned.
        """
        ...


def in_order(dataset: Dataset, at_once: int) -> Iterator[dict[str, Tensor]]:
    """Yield batches of up to ``at_once`` from the first to the last, the same ones every time."""
    for first in range(0, len(dataset), at_once):
        indices = list(range(first, min(first + at_once, len(dataset))))
        yield dataset.batch(indices, torch.Generator().manual_seed(0))


@dataclass
class Data:
    """An opened data set, split into training and validation, with the facts that a recipe and a card need.

    Attributes:
        train: What is trained on.
        validation: What is held out, or None.
        image_size: Side of an image, or of a clip's canvas; its height if there is a width.
        image_width: Width of an image that is not square, else 0.
        channels: Of an image; of pairs, of the target; of two sets, of B.
        counts: Of what is trained on: {"images": n}, {"pairs": n}, {"a": n, "b": m}, or {"shards": n} of a stream.
        held_out: The names of the files that are held out.
        fingerprint: Identifies the files, see `ganzoo.data.sources.fingerprint`, to notice that they changed.
        classes: Names of the labels 0, 1, ...; empty where images have none.
        notes: A sentence on each fact that the user may want to know of the images and their preprocessing.
        frames: Of a clip, 0 for images.
        in_channels: Of the input of pairs, or of A of two sets; 0: as many as ``channels``.
        depth: Bits of a stored value: 8 for ordinary images.
        input_channels: What the input's channels mean, or those of A; () for 8-bit gray or RGB.
        masked: Whether batches say which pixels are missing.
        output_channels: Those of the target, of B, or of what is generated.
    """

    train: Dataset
    validation: Dataset | None
    image_size: int
    channels: int
    counts: dict[str, int]
    held_out: list[str] = field(default_factory=list)
    fingerprint: dict[str, Any] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    frames: int = 0
    in_channels: int = 0
    depth: int = 8
    input_channels: tuple[Channel, ...] = ()
    output_channels: tuple[Channel, ...] = ()
    masked: bool = False
    image_width: int = 0


@dataclass(frozen=True)
class Augmentation:
    """How a stored image becomes a training image: cropped to height ``size`` and ``width``, and perhaps mirrored.

    ``width`` 0 stands for squares.
    """

    size: int
    flip: bool
    width: int = 0

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of a training image."""
        return self.size, self.width or self.size

    def draw_for(self, images: Images, count: int, random: torch.Generator) -> Crops | None:
        """Return random crops for ``count`` images, or None, drawing nothing, where nothing is cropped or mirrored."""
        stored = (images.shape[-2], images.shape[-1])
        return self.draw(stored, count, random) if self.flip or stored != self.sides else None

    def draw(self, stored: tuple[int, int], count: int, random: torch.Generator) -> Crops:
        """Return crops for ``count`` images stored with ``stored`` height and width in pixels."""
        rooms = [have - side + 1 for have, side in zip(stored, self.sides, strict=True)]
        if rooms[0] == rooms[1]:
            places = torch.randint(rooms[0], (count, 2), generator=random).tolist()
        else:
            places = torch.stack([torch.randint(room, (count,), generator=random) for room in rooms], 1).tolist()
        mirrored = (torch.rand(count, generator=random) < 0.5).tolist() if self.flip else [False] * count
        return [(top, left, mirror) for (top, left), mirror in zip(places, mirrored, strict=True)]

    def apply(self, images: Tensor, crops: Crops | None) -> Tensor:
        """Crop and mirror images (N, C, H, W) uint8, which are overwritten; return floats (N, C, H, W) in [-1, 1]."""
        height, width = self.sides
        if crops is None or not crops:
            return to_floats(images[..., :height, :width])
        if tuple(images.shape[-2:]) != (height, width):
            cropped = [
                image[:, top : top + height, left : left + width]
                for image, (top, left, _) in zip(images, crops, strict=True)
            ]
            images = torch.stack(cropped)
        mirrored = torch.tensor([mirror for _, _, mirror in crops])
        if mirrored.any():
            images[mirrored] = images[mirrored].flip(-1)
        return to_floats(images)

    def load(self, images: Images, indices: list[int], crops: Crops | None, own: slice) -> Tensor:
        """Return the share ``own`` of the images, augmented."""
        return self.apply(take(images, indices[own]), None if crops is None else crops[own])


@dataclass
class ImageDataset:
    """Single images, (N, C, S, S) uint8; batches have "image" and, where known, "label" (N,)."""

    images: Images
    augmentation: Augmentation
    labels: Tensor | None = None

    @property
    def in_memory(self) -> bool:
        return isinstance(self.images, Tensor)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        crops = self.augmentation.draw_for(self.images, len(indices), random)
        batch = {"image": self.augmentation.load(self.images, indices, crops, own)}
        if self.labels is not None:
            batch["label"] = take(self.labels, indices[own]).long()
        return batch


@dataclass
class PairedDataset:
    """Images in pairs; batches have "input" and "target", cropped and mirrored alike."""

    inputs: Images
    targets: Images
    augmentation: Augmentation

    @property
    def in_memory(self) -> bool:
        return isinstance(self.inputs, Tensor)

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        crops = self.augmentation.draw_for(self.inputs, len(indices), random)
        return {
            "input": self.augmentation.load(self.inputs, indices, crops, own),
            "target": self.augmentation.load(self.targets, indices, crops, own),
        }


@dataclass
class UnpairedDataset:
    """Two sets without correspondence; batches have "a", in order, and "b". The shorter set starts over at its end.

    ``shuffled``: b is drawn at random, for training. Otherwise it comes in order too, so that validation sees every
    image.
    """

    a: Images
    b: Images
    augmentation: Augmentation
    shuffled: bool = True

    @property
    def in_memory(self) -> bool:
        return isinstance(self.a, Tensor) and isinstance(self.b, Tensor)

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        wrapped = [index % len(self.a) for index in indices]
        if self.shuffled:
            partners = torch.randint(len(self.b), (len(indices),), generator=random).tolist()
        else:
            partners = [index % len(self.b) for index in indices]
        crops_a = self.augmentation.draw_for(self.a, len(indices), random)
        crops_b = self.augmentation.draw_for(self.b, len(indices), random)
        return {
            "a": self.augmentation.load(self.a, wrapped, crops_a, own),
            "b": self.augmentation.load(self.b, partners, crops_b, own),
        }
