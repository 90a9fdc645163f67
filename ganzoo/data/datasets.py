"""What recipes train on: images, pairs, or two unpaired sets, held decoded in memory.

Every random choice (crop, flip, partner) is drawn from the generator that the caller hands in, so a batch is a
function of its indices and that generator's seed: a resumed run sees what an uninterrupted one would.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from ganzoo.data.decode import to_floats


class Dataset(Protocol):
    """Training or validation pictures."""

    def __len__(self) -> int: ...

    def batch(self, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        """Return tensors (len(indices), C, H, W) in [-1, 1] by name, augmented with ``random``."""
        ...


@dataclass
class Data:
    """A data set, split: what is trained on, what is kept out, and the facts a recipe and a card need.

    counts    what is trained on: {"images": n}, {"pairs": n}, or {"a": n, "b": m}
    held_out  the names of the files kept out
    fingerprint  what the files were, as `ganzoo.data.sources.fingerprint` has it, to notice that they changed
    """

    train: Dataset
    validation: Dataset | None
    image_size: int
    channels: int
    counts: dict[str, int]
    held_out: list[str] = field(default_factory=list)
    fingerprint: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """How a stored picture becomes a training picture: a crop of ``size``, and perhaps mirrored."""

    size: int
    flip: bool

    def draw(self, stored: int, count: int, random: torch.Generator) -> list[tuple[int, int, bool]]:
        """Return (top, left, mirrored) for ``count`` pictures stored with ``stored`` pixels a side."""
        room = stored - self.size + 1
        places = torch.randint(room, (count, 2), generator=random).tolist()
        mirrored = (torch.rand(count, generator=random) < 0.5).tolist() if self.flip else [False] * count
        return [(top, left, mirror) for (top, left), mirror in zip(places, mirrored, strict=True)]

    def apply(self, pictures: Tensor, indices: list[int], drawn: list[tuple[int, int, bool]]) -> Tensor:
        """Return (N, C, size, size) float32 in [-1, 1]."""
        if pictures.shape[-1] == self.size:  # nothing to crop: all at once
            chosen = pictures[indices]
        else:
            crops = [
                pictures[index, :, top : top + self.size, left : left + self.size]
                for index, (top, left, _) in zip(indices, drawn, strict=True)
            ]
            chosen = torch.stack(crops)
        mirrored = torch.tensor([mirror for _, _, mirror in drawn])
        if mirrored.any():
            chosen[mirrored] = chosen[mirrored].flip(-1)
        return to_floats(chosen)


@dataclass
class Images:
    """Single pictures, (N, C, S, S) uint8; batches have "image" and, where known, "label" (N,)."""

    pictures: Tensor
    view: View
    labels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        drawn = self.view.draw(self.pictures.shape[-1], len(indices), random)
        out = {"image": self.view.apply(self.pictures, indices, drawn)}
        if self.labels is not None:
            out["label"] = self.labels[indices].long()
        return out


@dataclass
class Paired:
    """Pictures in pairs; batches have "input" and "target", cropped and mirrored alike."""

    inputs: Tensor
    targets: Tensor
    view: View

    def __len__(self) -> int:
        return len(self.inputs)

    def batch(self, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        drawn = self.view.draw(self.inputs.shape[-1], len(indices), random)
        return {
            "input": self.view.apply(self.inputs, indices, drawn),
            "target": self.view.apply(self.targets, indices, drawn),
        }


@dataclass
class Unpaired:
    """Two sets without correspondence; batches have "a", in order, and "b".

    ``shuffled``: b is drawn at random, as training wants it; else it comes in order too, so that validation sees
    every picture. The shorter set starts again at its end.
    """

    a: Tensor
    b: Tensor
    view: View
    shuffled: bool = True

    def __len__(self) -> int:
        return max(len(self.a), len(self.b))

    def batch(self, indices: list[int], random: torch.Generator) -> dict[str, Tensor]:
        wrapped = [index % len(self.a) for index in indices]
        if self.shuffled:
            partners = torch.randint(len(self.b), (len(indices),), generator=random).tolist()
        else:
            partners = [index % len(self.b) for index in indices]
        return {
            "a": self.view.apply(self.a, wrapped, self.view.draw(self.a.shape[-1], len(indices), random)),
            "b": self.view.apply(self.b, partners, self.view.draw(self.b.shape[-1], len(indices), random)),
        }
