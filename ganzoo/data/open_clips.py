"""A path and a recipe's wishes -> clips: cut out of videos, or pictures set in motion."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ganzoo.data import idx, notes, videos
from ganzoo.data.datasets import Data, View
from ganzoo.data.decode import fit, to_bytes, to_floats
from ganzoo.data.image_stores import Pictures, open_stored_images, shrink, subset
from ganzoo.data.layout import class_folders, split
from ganzoo.data.moving_images import Motion, Moving, settled
from ganzoo.data.opening import Opening, require
from ganzoo.data.sources import fingerprint, image_names
from ganzoo.errors import DataError, OptionError
from ganzoo.image_io import resizing
from ganzoo.image_io.video.formats import VIDEO_SUFFIXES

USUAL_ITEM = 5 / 8  # of the canvas
MOVE_PICTURES = "Its pictures can be set in motion: --set motion=bounce."
AT_ONCE = 4096  # IDX pictures scaled at a time


def open_clips(asked: Opening, part: str = "train") -> Data:
    """Open videos, or with ``motion`` pictures that are moved. Raises DataError, OptionError.

    part   of IDX files, "train" or "t10k"
    """
    return _open_moving(asked, part) if asked.data_config.motion else _open_videos(asked)


def _open_videos(asked: Opening) -> Data:
    names = videos.video_names(asked.source)
    pictures = len(image_names(asked.source)) or idx.find(asked.source)
    require(names, asked.source, "videos", MOVE_PICTURES if pictures else f"Videos end in {' '.join(VIDEO_SUFFIXES)}.")
    size, frames, stride = _video_size(asked, names), asked.data_config.clip_frames, asked.data_config.frame_stride
    reading = videos.Reading(asked.source, asked.form(size), stride)
    stored, counts, facts = videos.open_videos(reading, names, asked.memory)
    form = replace(reading.form, channels=stored.shape[1])
    short = [name for name, count in zip(names, counts, strict=True) if count < frames]
    if len(short) == len(names):
        raise DataError(
            f"No video in {asked.source.path} has {frames} frames{notes.strided(stride)}. Set a smaller frames, or "
            "a smaller frame_stride."
        )
    said = [*notes.of_videos(facts, form, size, (frames, stride), short)]
    if not isinstance(stored, Tensor):
        said.append(notes.of_memory(len(stored), form, asked.memory))
    said += notes.of_other_files(sorted(set(asked.source.names) - set(names)), "video")
    return _cuts(asked, names, size, stored, counts, said)


def _video_size(asked: Opening, names: list[str]) -> int:
    """Return the size to train on: the one asked for, or the shorter side of the first video that can be read."""
    if asked.data_config.image_size:
        return asked.data_config.image_size
    for name in names:
        try:
            height, width = next(videos.frames_of(asked.source, name)).rgb.shape[:2]
        except (DataError, StopIteration):
            continue
        return int(min(height, width))
    return 1


def _cuts(asked: Opening, names: list[str], size: int, stored: Pictures, counts: list[int], said: list[str]) -> Data:
    """Return the clips of videos; those of a video are all trained on, or all held out."""
    frames = asked.data_config.clip_frames
    long = [video for video, count in enumerate(counts) if count >= frames]
    kept, held = split([names[video] for video in long], asked.validation)
    classes, labels = class_folders(names) or ([], [])
    view, plain = asked.data_config.views(size)

    def part(chosen: list[int], how: View) -> videos.Cuts:
        firsts, of = videos.cut([counts[video] for video in chosen], frames)
        labels_of_cuts = torch.tensor([labels[chosen[video]] for video in of]) if classes else None
        return videos.Cuts(videos.some_videos(stored, counts, chosen), firsts, frames, how, labels_of_cuts)

    train, hidden = part([long[place] for place in kept], view), part([long[place] for place in held], plain)
    hidden.pictures = shrink(hidden.pictures, size) if held else hidden.pictures
    every = torch.cat([each.labels for each in (train, hidden) if each.labels is not None]).tolist() if classes else []
    return Data(
        train=train,
        validation=hidden if held else None,
        image_size=size,
        channels=stored.shape[1],
        counts={"clips": len(train)},
        held_out=[names[long[place]] for place in held],
        fingerprint=fingerprint(asked.source, names, len(names)),
        classes=classes,
        notes=[*said, *(notes.of_classes(classes, every) if classes else [])],
        frames=frames,
    )


def _open_moving(asked: Opening, part: str) -> Data:
    found = idx.find(asked.source, part)
    if found:
        raw, labels = idx.read(asked.source, found)
        canvas = asked.data_config.image_size or max(raw.shape[-2:])
        item = _item_size(asked, canvas)
        pictures = _scaled(raw, asked.data_config.stored(item), asked)
        names = [f"{index}" for index in range(len(raw))]
        classes = [] if labels is None else [f"{label}" for label in range(int(labels.max()) + 1)]
        said = [
            f"{len(raw):,} gray pictures of {raw.shape[-1]}x{raw.shape[-2]} in {found[0]}, scaled to {item}x{item}."
        ]
        return _moving(asked, names, [name for name in found if name], canvas, pictures, labels, classes, said)
    names = image_names(asked.source)
    require(names, asked.source, "pictures to move")
    canvas = asked.size(names)
    item = _item_size(asked, canvas)
    form = asked.form(item)
    stored, facts = open_stored_images(asked.source, names, form, asked.memory)
    classes, numbers = class_folders(names) or ([], [])
    said = asked.notes(facts, stored, form, item) + (notes.of_classes(classes, numbers) if classes else [])
    return _moving(asked, names, names, canvas, stored, torch.tensor(numbers) if classes else None, classes, said)


def _item_size(asked: Opening, canvas: int) -> int:
    """Return the side of what moves. Raises OptionError where the canvas leaves it no room."""
    item = asked.data_config.item_size or max(1, round(USUAL_ITEM * canvas))
    if item >= canvas:
        raise OptionError(
            f"item_size={item} leaves no room to move on a canvas of image_size={canvas}. Set a smaller item_size, or "
            f"a larger image_size."
        )
    return item


def _scaled(raw: Tensor, size: int, asked: Opening) -> Tensor:
    """Return IDX pictures (N, 1, H, W) as (N, C, size, size), those that are not square with a black frame."""
    if len(raw) * size * size > asked.memory:
        raise DataError(
            f"{len(raw)} pictures of {size}x{size} take {len(raw) * size * size / 2**30:.1f} GiB of memory, "
            f"over the limit of {asked.memory / 2**30:.1f}. Set a smaller item_size."
        )
    square = fit(raw, max(raw.shape[-2:]))
    made = torch.cat([to_bytes(resizing.resize(to_floats(part), size, size)) for part in torch.split(square, AT_ONCE)])
    return made.expand(-1, 3, -1, -1) if asked.data_config.channels == 3 else made


def _moving(
    asked: Opening,
    names: list[str],
    files: list[str],
    canvas: int,
    pictures: Pictures,
    labels: Tensor | None,
    classes: list[str],
    said: list[str],
) -> Data:
    data_config = asked.data_config
    item, motion = _item_size(asked, canvas), Motion(canvas, data_config.clip_frames, data_config.speed)
    kept, held = split(names, asked.validation)
    view, plain = data_config.views(item)

    def part(indices: list[int]) -> tuple[Pictures, Tensor | None]:
        return subset(pictures, indices), None if labels is None else labels[indices]

    (shown, shown_labels), (hidden, hidden_labels) = part(kept), part(held)
    how = f"over a black canvas of {canvas}x{canvas}, by up to {data_config.speed:g} pixels a frame"
    return Data(
        train=Moving(shown, view, motion, shown_labels),
        validation=settled(Moving(shrink(hidden, item), plain, motion, hidden_labels)) if held else None,
        image_size=canvas,
        channels=pictures.shape[1],
        counts={"clips": len(kept)},
        held_out=[names[index] for index in held],
        fingerprint=fingerprint(asked.source, files, len(names)),
        classes=classes,
        notes=[*said, f"Each moves {how}: a clip of {data_config.clip_frames} frames, anew in every step."],
        frames=data_config.clip_frames,
    )
