"""What recipes train on: images, pairs, or two unpaired sets, held in memory or decoded when needed.

Every random choice (crop, flip, partner) is drawn from the generator that the caller hands in, so a batch is a
function of its indices and that generator's seed: a resumed run sees what an uninterrupted one would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import torch
from torch import Tensor

from ganzoo.data.decode import to_floats
from ganzoo.data.image_stores import Pictures, take

WHOLE = slice(None)
Drawn: TypeAlias = "list[tuple[int, int, bool]]"


class Dataset(Protocol):
    """Training or validation pictures.

    in_memory  whether a batch costs no decoding
    """

    @property
    def in_memory(self) -> bool: ...

    def __len__(self) -> int: ...

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        """Return tensors (N, C, H, W) in [-1, 1] by name, augmented with ``random``.

        ``own`` is the share of ``indices`` that is read and returned. What is random is drawn for all of them, so
        that the shares of several processes are those of the batch that one process would see.
        """
        ...


def in_order(dataset: Dataset, at_once: int) -> Iterator[dict[str, Tensor]]:
    """Yield all pictures from the first to the last, up to ``at_once`` at a time, the same ones every time."""
    for first in range(0, len(dataset), at_once):
        indices = list(range(first, min(first + at_once, len(dataset))))
        yield dataset.batch(indices, torch.Generator().manual_seed(0))


@dataclass
class Data:
    """A data set, split: what is trained on, what is kept out, and the facts a recipe and a card need.

    counts    what is trained on: {"images": n}, {"pairs": n}, {"a": n, "b": m}, or {"shards": n} of a stream
    held_out  the names of the files kept out
    fingerprint  what the files were, as `ganzoo.data.sources.fingerprint` has it, to notice that they changed
    classes   names of the labels 0, 1, ...; empty where pictures have none
    frames    of a clip, 0 for pictures
    notes     what the user may want to know of the pictures and of what becomes of them, a sentence each
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


@dataclass(frozen=True)
class View:
    """How a stored picture becomes a training picture: a crop of ``size``, and perhaps mirrored."""

    size: int
    flip: bool

    def plan(self, pictures: Pictures, count: int, random: torch.Generator) -> Drawn | None:
        """Return `draw` for ``count`` pictures, or None, with nothing drawn, where nothing is cropped or mirrored."""
        stored = pictures.shape[-1]
        return self.draw(stored, count, random) if self.flip or stored != self.size else None

    def draw(self, stored: int, count: int, random: torch.Generator) -> Drawn:
        """Return (top, left, mirrored) for ``count`` pictures stored with ``stored`` pixels a side."""
        room = stored - self.size + 1
        places = torch.randint(room, (count, 2), generator=random).tolist()
        mirrored = (torch.rand(count, generator=random) < 0.5).tolist() if self.flip else [False] * count
        return [(top, left, mirror) for (top, left), mirror in zip(places, mirrored, strict=True)]

    def apply(self, chosen: Tensor, drawn: Drawn | None) -> Tensor:
        """Crop and mirror pictures (N, C, H, W) uint8, which are overwritten; return (N, C, size, size) in [-1, 1]."""
        if drawn is None or not drawn:
            return to_floats(chosen[..., : self.size, : self.size])
        if chosen.shape[-1] != self.size:
            crops = [
                one[:, top : top + self.size, left : left + self.size]
                for one, (top, left, _) in zip(chosen, drawn, strict=True)
            ]
            chosen = torch.stack(crops)
        mirrored = torch.tensor([mirror for _, _, mirror in drawn])
        if mirrored.any():
            chosen[mirrored] = chosen[mirrored].flip(-1)
        return to_floats(chosen)

    def show(self, pictures: Pictures, indices: list[int], drawn: Drawn | None, own: slice) -> Tensor:
        """Return the share ``own`` of the pictures, as training sees them."""
        return self.apply(take(pictures, indices[own]), None if drawn is None else drawn[own])


@dataclass
class Images:
    """Single pictures, (N, C, S, S) uint8; batches have "image" and, where known, "label" (N,)."""

    pictures: Pictures
    view: View
    labels: Tensor | None = None

    @property
    def in_memory(self) -> bool:
        return isinstance(self.pictures, Tensor)

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        drawn = self.view.plan(self.pictures, len(indices), random)
        out = {"image": self.view.show(self.pictures, indices, drawn, own)}
        if self.labels is not None:
            out["label"] = take(self.labels, indices[own]).long()
        return out


@dataclass
class Paired:
    """Pictures in pairs; batches have "input" and "target", cropped and mirrored alike."""

    inputs: Pictures
    targets: Pictures
    view: View

    @property
    def in_memory(self) -> bool:
        return isinstance(self.inputs, Tensor)

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        drawn = self.view.plan(self.inputs, len(indices), random)
        return {
            "input": self.view.show(self.inputs, indices, drawn, own),
            "target": self.view.show(self.targets, indices, drawn, own),
        }


@dataclass
class Unpaired:
    """Two sets without correspondence; batches have "a", in order, and "b".

    ``shuffled``: b is drawn at random, as training wants it; else it comes in order too, so that validation sees
    every picture. The shorter set starts again at its end.
    """

    a: Pictures
    b: Pictures
    view: View
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
        drawn_a = self.view.plan(self.a, len(indices), random)
        drawn_b = self.view.plan(self.b, len(indices), random)
        return {
            "a": self.view.show(self.a, wrapped, drawn_a, own),
            "b": self.view.show(self.b, partners, drawn_b, own),
        }
