"""Clips -> a data set: cut out of videos, or images that move over a canvas."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ganzoo.data import descriptions, idx, videos
from ganzoo.data.class_folders import class_folders
from ganzoo.data.datasets import Augmentation, Data
from ganzoo.data.image_stores import Images, shrink
from ganzoo.data.labeled_images import LabeledImages
from ganzoo.data.moving_images import Motion, MovingImages, with_fixed_motion
from ganzoo.data.open_images import check_idx_memory
from ganzoo.data.preprocessing import pad_to_square, to_bytes, to_floats
from ganzoo.data.request import DataRequest, require
from ganzoo.data.sources import fingerprint, image_names
from ganzoo.data.video_clips import VideoClips, cut_into_clips
from ganzoo.errors import DataError, OptionError
from ganzoo.image_io import resizing
from ganzoo.image_io.video.formats import VIDEO_SUFFIXES

DEFAULT_ITEM = 5 / 8  # of the canvas
HAS_IMAGES = "Its images can move over a canvas: --set motion=bounce."
BATCH = 4096  # IDX images scaled at a time


def open_clips(request: DataRequest, part: str = "train") -> Data:
    """Open videos or, with the option ``motion``, images that move.

    Args:
        request: What to open.
        part: Of IDX files, "train" or "t10k".

    Raises:
        DataError: Something is missing or damaged.
        OptionError: An option does not fit the data.
    """
    return _open_moving(request, part) if request.config.motion else _open_videos(request)


def _open_videos(request: DataRequest) -> Data:
    names = videos.video_names(request.source)
    has_images = image_names(request.source) or idx.find(request.source)
    require(names, request.source, "videos", HAS_IMAGES if has_images else f"Videos end in {' '.join(VIDEO_SUFFIXES)}.")
    size, frames, stride = _video_size(request, names), request.config.clip_frames, request.config.frame_stride
    reading = videos.VideoReading(request.source, request.spec(size), stride)
    stored, counts, infos = videos.open_videos(reading, names, request.memory)
    spec = replace(reading.spec, channels=stored.shape[1])
    short = [name for name, count in zip(names, counts, strict=True) if count < frames]
    if len(short) == len(names):
        raise DataError(
            f"No video in {request.source.path} has {frames} frames{descriptions.strided(stride)}. Set a smaller "
            "frames, or a smaller frame_stride."
        )
    notes = descriptions.describe_videos(infos, spec, size, (frames, stride), short)
    if not isinstance(stored, Tensor):
        notes.append(descriptions.describe_memory(len(stored), spec, request.memory))
    notes += descriptions.describe_other_files(sorted(set(request.source.names) - set(names)), "video")
    notes += request.source.notes
    return _split_videos(request, names, size, stored, counts, notes)


def _video_size(request: DataRequest, names: list[str]) -> int:
    """Return the training size: the requested one, or the shorter side of the first video that can be read."""
    if request.config.image_size:
        return request.config.image_size
    for name in names:
        try:
            height, width = next(videos.read_frames(request.source, name)).rgb.shape[:2]
        except (DataError, StopIteration):
            continue
        return int(min(height, width))
    return 1


def _split_videos(
    request: DataRequest, names: list[str], size: int, stored: Images, counts: list[int], notes: list[str]
) -> Data:
    """Return the clips of videos; those of one video are all trained on, or all held out."""
    frames = request.config.clip_frames
    long = [video for video, count in enumerate(counts) if count >= frames]
    train, held_out = request.split([names[video] for video in long])
    classes, labels = class_folders(names) or ([], [])
    augmentation, none = request.config.augmentations(size)

    def cut(chosen: list[int], augmentation: Augmentation) -> VideoClips:
        starts, owners = cut_into_clips([counts[video] for video in chosen], frames)
        clip_labels = torch.tensor([labels[chosen[video]] for video in owners]) if classes else None
        return VideoClips(videos.select_videos(stored, counts, chosen), starts, frames, augmentation, clip_labels)

    clips, validation = cut([long[place] for place in train], augmentation), cut([long[n] for n in held_out], none)
    validation.images = shrink(validation.images, size) if held_out else validation.images
    all_labels = [part.labels for part in (clips, validation) if part.labels is not None]
    return Data(
        train=clips,
        validation=validation if held_out else None,
        image_size=size,
        channels=stored.shape[1],
        counts={"clips": len(clips)},
        held_out=[names[long[place]] for place in held_out],
        fingerprint=fingerprint(request.source, names, len(names)),
        classes=classes,
        notes=notes + (descriptions.describe_classes(classes, torch.cat(all_labels).tolist()) if classes else []),
        frames=frames,
    )


def _open_moving(request: DataRequest, part: str) -> Data:
    files = idx.find(request.source, part)
    if files:
        raw, labels = idx.read(request.source, files)
        canvas = request.config.image_size or max(raw.shape[-2:])
        item = _item_size(request, canvas)
        images = _scale(raw, request.config.stored_size(item), request)
        note = f"{len(raw):,} gray images of {raw.shape[-1]}x{raw.shape[-2]} in {files[0]}, scaled to {item}x{item}."
        return _split_moving(request, canvas, LabeledImages.from_idx(images, labels, files, [note]))
    names = image_names(request.source)
    require(names, request.source, "images to move")
    canvas = request.size(names)
    return _split_moving(request, canvas, LabeledImages.from_files(request, names, _item_size(request, canvas)))


def _item_size(request: DataRequest, canvas: int) -> int:
    """Return the side of a moving image. Raises OptionError where the canvas leaves it no room."""
    item = request.config.item_size or max(1, round(DEFAULT_ITEM * canvas))
    if item >= canvas:
        raise OptionError(
            f"item_size={item} leaves no room to move on a canvas of image_size={canvas}. Set a smaller item_size, or "
            f"a larger image_size."
        )
    return item


def _scale(raw: Tensor, size: int, request: DataRequest) -> Tensor:
    """Return IDX images (N, 1, H, W) as (N, C, size, size), those that are not square with a black border."""
    check_idx_memory(len(raw), size, request.memory, "item_size")
    square = pad_to_square(raw, max(raw.shape[-2:]))
    batches = torch.split(square, BATCH)
    scaled = torch.cat([to_bytes(resizing.resize(to_floats(batch), size, size)) for batch in batches])
    return scaled.expand(-1, 3, -1, -1) if request.config.channels == 3 else scaled


def _split_moving(request: DataRequest, canvas: int, labeled: LabeledImages) -> Data:
    config = request.config
    item, motion = _item_size(request, canvas), Motion(canvas, config.clip_frames, config.speed)
    train, held_out = labeled.split(request)
    augmentation, none = config.augmentations(item)
    train_images, train_labels = labeled.select(train)
    held_out_images, held_out_labels = labeled.select(held_out)
    validation = None
    if held_out:
        validation = with_fixed_motion(MovingImages(shrink(held_out_images, item), none, motion, held_out_labels))
    note = (
        f"Each moves over a black canvas of {canvas}x{canvas}, by up to {config.speed:g} pixels a frame: a clip of "
        f"{config.clip_frames} frames, generated anew for every step."
    )
    return Data(
        train=MovingImages(train_images, augmentation, motion, train_labels),
        validation=validation,
        image_size=canvas,
        channels=labeled.images.shape[1],
        counts={"clips": len(train)},
        held_out=[labeled.names[index] for index in held_out],
        fingerprint=fingerprint(request.source, labeled.files, len(labeled.names)),
        classes=labeled.classes,
        notes=[
            *labeled.notes,
            *descriptions.describe_duplicates(len(labeled.names) - len(train) - len(held_out)),
            note,
        ],
        frames=config.clip_frames,
    )
