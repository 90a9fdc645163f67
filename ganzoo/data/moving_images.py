"""Pictures set in motion: clips that are made when a step asks for them, so that nothing is stored.

As the digits of Moving MNIST (Srivastava et al. 2015, arXiv:1502.04681, section 4): a start and a velocity drawn at
random, and pictures bounce off the borders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganzoo.data.datasets import WHOLE, View
from ganzoo.data.image_stores import Pictures, take

DRAWS = 4  # numbers from [0, 1) a clip: where it starts, down and across, its direction, its speed
SLOWEST = 0.5  # share of the highest speed


@dataclass(frozen=True)
class Motion:
    """How pictures move: over a canvas of ``canvas`` pixels a side, for ``frames`` frames.

    speed   most pixels a frame; each clip's own is drawn from a half of it up
    """

    canvas: int
    frames: int
    speed: float

    def places(self, draws: Tensor, size: int) -> list[list[list[int]]]:
        """Return (top, left) in each frame of each clip (N, T, 2) of pictures of ``size``, for draws (N, 4)."""
        room = self.canvas - size
        angle = 2 * math.pi * draws[:, 2]
        length = self.speed * (SLOWEST + (1 - SLOWEST) * draws[:, 3])
        velocity = torch.stack([angle.sin() * length, angle.cos() * length], 1)
        straight = room * draws[:, None, :2] + velocity[:, None] * torch.arange(self.frames)[None, :, None]
        places: list[list[list[int]]] = bounced(straight, room).round().long().tolist()
        return places

    def clips(self, pictures: Tensor, draws: Tensor) -> Tensor:
        """Move pictures (N, C, s, s) in [-1, 1]: clips (N, C, T, canvas, canvas), black around them."""
        size = pictures.shape[-1]
        made = pictures.new_full((*pictures.shape[:2], self.frames, self.canvas, self.canvas), -1.0)
        for clip, picture, way in zip(made, pictures, self.places(draws, size), strict=True):
            for frame, (top, left) in enumerate(way):
                clip[:, frame, top : top + size, left : left + size] = picture
        return made


def bounced(places: Tensor, room: float) -> Tensor:
    """Reflect places on a line at 0 and at ``room``, as often as it takes."""
    folded = places.remainder(2 * room)
    return torch.minimum(folded, 2 * room - folded)


@dataclass
class Moving:
    """Clips of pictures that move; batches have "clip" and, where known, "label" (N,).

    fixed   the draws (len, 4) of every picture, so that it moves the same way every time, as validation wants it
    """

    pictures: Pictures
    view: View
    motion: Motion
    labels: Tensor | None = None
    fixed: Tensor | None = None

    @property
    def in_memory(self) -> bool:
        return isinstance(self.pictures, Tensor)

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        drawn = self.view.plan(self.pictures, len(indices), random)
        draws = torch.rand(len(indices), DRAWS, generator=random) if self.fixed is None else self.fixed[indices]
        shown = self.view.show(self.pictures, indices, drawn, own)
        out = {"clip": self.motion.clips(shown, draws[own])}
        if self.labels is not None:
            out["label"] = take(self.labels, indices[own]).long()
        return out


def settled(moving: Moving) -> Moving:
    """Return the same pictures, each of which moves the same way every time."""
    draws = torch.rand(len(moving), DRAWS, generator=torch.Generator().manual_seed(0))
    return replace(moving, fixed=draws)
