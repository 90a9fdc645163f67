"""Real clips to evaluate a model with, prepared the way its training prepared them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.cards.card import Card
from ganzoo.cards.protocol import Sample
from ganzoo.catalog.options import parse_fields
from ganzoo.data import idx
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data, Dataset, in_order
from ganzoo.data.moving_images import MovingImages, with_fixed_motion
from ganzoo.data.open_clips import open_clips as open_training_clips
from ganzoo.data.preprocessing import to_bytes
from ganzoo.data.request import DataRequest
from ganzoo.data.sources import Source, image_names, list_paths, open_sources
from ganzoo.data.videos import video_names
from ganzoo.evaluation.samples.image_sets import MAX_BYTES, StoredImages, one_frame_each
from ganzoo.evaluation.samples.image_sources import content_hash, hash_files
from ganzoo.evaluation.samples.reading import Reading

BATCH_SIZE = 32  # clips
CLIP_OPTIONS = ("frame_stride", "motion", "item_size", "speed")  # options of the training that define its clips


@dataclass
class StoredClips(StoredImages):
    """Clips from files; as images, one frame of each: the first of the first clip, the second of the second."""

    clips: Dataset | None = None

    def first(self, count: int) -> Tensor:
        """Return the first ``count`` clips (N, C, T, H, W) in [-1, 1]."""
        assert self.clips is not None
        return self.clips.batch(list(range(count)), torch.Generator().manual_seed(0))["clip"]


def open_clips(paths: Sequence[str], reading: Reading, card: Card) -> StoredClips:
    """Open videos, or images that are set in motion, the way a model's training did. Raises DataError, OptionError."""
    options = card.training.options if card.training else {}
    clip_options = {name: options[name] for name in CLIP_OPTIONS if name in options}
    own = {"image_size": card.image_size, "channels": card.out_channels, "frames": card.frames}
    config = parse_fields(DataConfig, {**own, **clip_options})
    source, part = open_sources(list_paths(list(paths), "clips")), reading.idx_part
    data = open_training_clips(DataRequest(source, config, reading.validation, MAX_BYTES), part)
    clips = _settle(data, reading)
    batches = enumerate(in_order(clips, BATCH_SIZE))
    images = torch.cat([to_bytes(one_frame_each(batch["clip"], BATCH_SIZE * n)) for n, batch in batches])
    splits: list[str] = [reading.part] if config.motion and idx.find(source, part) else []
    splits += [f"held out {reading.validation:g}"] if reading.validation else []
    files = _files(source, config, part)
    digest = content_hash(files, hash_files(source, files))
    sample = Sample(source.path.name, len(images), ", ".join(splits) or "all", digest)
    return StoredClips(sample, images, "", _describe(card, clip_options), clips=clips)


def _settle(data: Data, reading: Reading) -> Dataset:
    """Return the chosen clips; images in motion move the same way every time."""
    chosen = data.validation if reading.validation and data.validation else data.train
    return with_fixed_motion(chosen) if isinstance(chosen, MovingImages) else chosen


def _files(source: Source, config: DataConfig, part: str) -> list[str]:
    found = idx.find(source, part) if config.motion else None
    if found:
        return [name for name in found if name]
    return image_names(source) if config.motion else video_names(source)


def _describe(card: Card, clip_options: dict[str, object]) -> str:
    """Return how the clips were prepared, as a protocol's ``resizing`` states it."""
    options = ", ".join(f"{name} {value}" for name, value in clip_options.items() if value)
    return f"clips of {card.frames} frames, {card.image_size}x{card.image_size}{f', {options}' if options else ''}"
