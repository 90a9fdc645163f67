"""Clips that are cut out of videos."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from ganzoo.data.datasets import WHOLE, Augmentation
from ganzoo.data.image_stores import Images, take


@dataclass
class VideoClips:
    """Clips cut out of videos; batches have "clip" and, where known, "label" (N,).

    Attributes:
        images: The frames of all videos, (F, C, S, S) uint8.
        starts: The first frame of each clip.
        frames: Of a clip.
    """

    images: Images
    starts: list[int]
    frames: int
    augmentation: Augmentation
    labels: Tensor | None = None

    @property
    def in_memory(self) -> bool:
        return isinstance(self.images, Tensor)

    def __len__(self) -> int:
        return len(self.starts)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        """All frames of a clip are cropped and mirrored alike."""
        crops = self.augmentation.draw_for(self.images, len(indices), random)
        own_indices = indices[own]
        frames = [self.starts[index] + frame for index in own_indices for frame in range(self.frames)]
        images = take(self.images, frames)
        _, channels, *sides = images.shape
        # Frames as channels: they are cropped and mirrored as one image.
        stacked = images.view(len(own_indices), self.frames * channels, *sides)
        augmented = self.augmentation.apply(stacked, crops and crops[own])
        clips = augmented.view(len(own_indices), self.frames, channels, *augmented.shape[2:])
        batch = {"clip": clips.transpose(1, 2).contiguous()}
        if self.labels is not None:
            batch["label"] = take(self.labels, own_indices).long()
        return batch


def cut_into_clips(counts: list[int], frames: int) -> tuple[list[int], list[int]]:
    """Return the first frame of every whole clip, and the index of its video. Clips do not overlap.

    Args:
        counts: Frames of each video.
        frames: Of a clip.
    """
    begins = [0, *accumulate(counts)]
    clips = [(begins[video] + at, video) for video, n in enumerate(counts) for at in range(0, n - frames + 1, frames)]
    return [start for start, _ in clips], [video for _, video in clips]
