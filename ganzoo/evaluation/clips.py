"""Real clips to judge a model by, made ready as its training made them; and how far clips are from one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganzoo.cards.card import Card
from ganzoo.cards.protocol import Sample
from ganzoo.data import idx
from ganzoo.data.clips import open_clips
from ganzoo.data.config import DataConfig
from ganzoo.data.datasets import Data, Dataset, in_order
from ganzoo.data.decode import to_bytes
from ganzoo.data.moving_images import Moving, settled
from ganzoo.data.opening import Opening
from ganzoo.data.sources import Source, image_names, listed, open_sources
from ganzoo.data.videos import video_names
from ganzoo.evaluation.image_sources import Reading, content_hash
from ganzoo.evaluation.samples import HELD_BYTES, Stored, one_each

MOST = 1024  # clips of each side whose frames and motion are compared
AT_ONCE = 32
WISHES = ("frame_stride", "motion", "item_size", "speed")  # of the training, which say what its clips were


@dataclass
class StoredClips(Stored):
    """Clips that are there already; as pictures, one frame of each, the first of one, the second of the next."""

    clips: Dataset | None = None


def open_real(paths: Sequence[str], reading: Reading, card: Card) -> StoredClips:
    """Open videos, or pictures that are set in motion, as the training of a model did. Raises as `open_data` does."""
    options = card.training.options if card.training else {}
    own = {name: options[name] for name in WISHES if name in options}
    data_config = DataConfig(image_size=card.image_size, channels=card.out_channels, frames=card.frames, **own)
    source, part = open_sources(listed(list(paths), "clips")), {"test": "t10k", "train": "train"}[reading.part]
    data = open_clips(Opening(source, data_config, reading.validation, HELD_BYTES), part)
    clips = _fixed(data, reading)
    pictures = torch.cat([to_bytes(one_each(batch["clip"], AT_ONCE * n)) for n, batch in _numbered(clips)])
    said = [reading.part] if data_config.motion and idx.find(source, part) else []
    said += [f"held out {reading.validation:g}"] if reading.validation else []
    split = ", ".join(said) or "all"
    sample = Sample(source.path.name, len(pictures), split, content_hash(source, _files(source, data_config, part)))
    return StoredClips(sample, pictures, "", _words(card, own), clips=clips)


def some_clips(real: StoredClips, count: int) -> Tensor:
    """Return the first ``count`` clips (N, C, T, H, W) in [-1, 1]."""
    assert real.clips is not None
    return real.clips.batch(list(range(count)), torch.Generator().manual_seed(0))["clip"]


def frames_of(clips: Tensor) -> Tensor:
    """Return the frames (N * T, C, H, W) of clips (N, C, T, H, W), one clip after the other."""
    return clips.transpose(1, 2).flatten(0, 1)


def _fixed(data: Data, reading: Reading) -> Dataset:
    chosen = data.validation if reading.validation and data.validation else data.train
    return settled(chosen) if isinstance(chosen, Moving) else chosen


def _numbered(clips: Dataset) -> enumerate[dict[str, Tensor]]:
    return enumerate(in_order(clips, AT_ONCE))


def _files(source: Source, data_config: DataConfig, part: str) -> list[str]:
    found = idx.find(source, part) if data_config.motion else None
    if found:
        return [name for name in found if name]
    return image_names(source) if data_config.motion else video_names(source)


def _words(card: Card, own: dict[str, object]) -> str:
    """Return what became of the files, as a protocol's ``resizing`` says it."""
    said = ", ".join(f"{name} {value}" for name, value in own.items() if value)
    return f"clips of {card.frames} frames, {card.image_size}x{card.image_size}{f', {said}' if said else ''}"
