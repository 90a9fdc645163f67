"""Images that move over a canvas: clips that are generated for each training step, so that nothing is stored.

They follow Moving MNIST (Srivastava et al. 2015, arXiv:1502.04681, section 4): position and velocity are drawn at
random, and images bounce off the borders.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganzoo.data.datasets import WHOLE, Augmentation
from ganzoo.data.image_stores import Images, take

DRAWS = 4  # random numbers in [0, 1) for each clip: start (down, across), direction, speed
MIN_SPEED = 0.5  # share of the highest speed


@dataclass(frozen=True)
class Motion:
    """How images move.

    Attributes:
        canvas: Its side in pixels.
        frames: Of a clip.
        speed: Most pixels a frame; the speed of each clip is drawn between a half of it and all of it.
    """

    canvas: int
    frames: int
    speed: float

    def places(self, draws: Tensor, size: int) -> list[list[list[int]]]:
        """Return (top, left) in each frame of each clip (N, T, 2) of images of ``size``, for draws (N, 4)."""
        room = self.canvas - size
        angle = 2 * math.pi * draws[:, 2]
        length = self.speed * (MIN_SPEED + (1 - MIN_SPEED) * draws[:, 3])
        velocity = torch.stack([angle.sin() * length, angle.cos() * length], 1)
        straight = room * draws[:, None, :2] + velocity[:, None] * torch.arange(self.frames)[None, :, None]
        places: list[list[list[int]]] = reflect(straight, room).round().long().tolist()
        return places

    def clips(self, images: Tensor, draws: Tensor) -> Tensor:
        """Move images (N, C, s, s) in [-1, 1] over a black canvas: clips (N, C, T, canvas, canvas)."""
        size = images.shape[-1]
        clips = images.new_full((*images.shape[:2], self.frames, self.canvas, self.canvas), -1.0)
        for clip, image, path in zip(clips, images, self.places(draws, size), strict=True):
            for frame, (top, left) in enumerate(path):
                clip[:, frame, top : top + size, left : left + size] = image
        return clips


def reflect(places: Tensor, room: float) -> Tensor:
    """Reflect places on a line at 0 and at ``room``, as often as needed."""
    folded = places.remainder(2 * room)
    return torch.minimum(folded, 2 * room - folded)


@dataclass
class MovingImages:
    """Clips of moving images; batches have "clip" and, where known, "label" (N,).

    ``fixed``: random numbers (len, 4) that make every image move the same way every time, for validation.
    """

    images: Images
    augmentation: Augmentation
    motion: Motion
    labels: Tensor | None = None
    fixed: Tensor | None = None

    @property
    def in_memory(self) -> bool:
        return isinstance(self.images, Tensor)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        crops = self.augmentation.draw_for(self.images, len(indices), random)
        draws = torch.rand(len(indices), DRAWS, generator=random) if self.fixed is None else self.fixed[indices]
        images = self.augmentation.load(self.images, indices, crops, own)
        batch = {"clip": self.motion.clips(images, draws[own])}
        if self.labels is not None:
            batch["label"] = take(self.labels, indices[own]).long()
        return batch


def with_fixed_motion(moving: MovingImages) -> MovingImages:
    """Return the same images, each of which moves the same way every time."""
    draws = torch.rand(len(moving), DRAWS, generator=torch.Generator().manual_seed(0))
    return replace(moving, fixed=draws)
