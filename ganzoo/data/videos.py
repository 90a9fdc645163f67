"""Videos and animated GIFs -> frames, in memory or decoded when needed.

Frames are counted, not timed: the rate of a video does not matter. Pillow reads GIF, PyAV all other formats.
"""

from __future__ import annotations

import io
import os
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image, ImageSequence
from torch import Tensor

from ganzoo.data.image_stores import Images, damaged_files, in_threads
from ganzoo.data.preprocessing import ImageInfo, ImageSpec, preprocess
from ganzoo.data.sources import Folder, Source
from ganzoo.errors import DataError, ImageError
from ganzoo.image_io.decoding import MAX_PIXELS, DecodedImage
from ganzoo.image_io.video.formats import find_format, is_video_path, require_pyav
from ganzoo.image_io.video.reader import VideoReader


def video_names(source: Source) -> list[str]:
    """Return the names that have the suffix of a video or of an animated GIF."""
    return [name for name in source.names if is_video_path(name)]


@dataclass(frozen=True)
class VideoReading:
    """How videos are read: how their frames are stored, and that only every ``stride``-th is used."""

    source: Source
    spec: ImageSpec
    stride: int

    def frames(self, name: str) -> Iterator[tuple[DecodedImage, Tensor]]:
        """Yield the used frames of one video, as decoded and as (C, H, W) uint8. Raises DataError that names it."""
        for image in islice(read_frames(self.source, name), 0, None, self.stride):
            yield image, preprocess(image, self.spec)

    def decode(self, name: str, keep: bool) -> tuple[Tensor, int, ImageInfo]:
        """Decode one video.

        Returns:
            Its used frames (T, C, H, W), none without ``keep``; their number; and what the file was.
        """
        kept, count, gray = [], 0, True
        for image, frame in self.frames(name):
            count, size = count + 1, image.rgb.shape
            gray = gray and is_gray(image)
            kept += [frame] if keep else []
        if not count:
            raise DataError(f"{name}: it has no frames.")
        frames = torch.stack(kept) if kept else torch.empty(0, *self.spec.shape, dtype=torch.uint8)
        return frames, count, ImageInfo(name, size[1], size[0], gray, False, "")


@dataclass(frozen=True)
class VideoStore:
    """The frames of videos that stay in their files, one video after the other. ``counts``: used frames of each."""

    reading: VideoReading
    names: list[str]
    counts: list[int]

    @property
    def shape(self) -> tuple[int, ...]:
        return sum(self.counts), *self.reading.spec.shape

    def __len__(self) -> int:
        return sum(self.counts)

    def load(self, indices: list[int]) -> Tensor:
        """Return (len(indices), C, H, W) uint8. Each call decodes a video once, from its beginning."""
        starts = [0, *accumulate(self.counts)]
        needed: dict[int, set[int]] = {}
        for index in indices:
            video = bisect_right(starts, index) - 1
            needed.setdefault(video, set()).add(index - starts[video])
        found: dict[int, Tensor] = {}
        for video, places in needed.items():
            frames = islice(self.reading.frames(self.names[video]), max(places) + 1)
            found |= {starts[video] + place: frame for place, (_, frame) in enumerate(frames) if place in places}
        if missing := [index for index in indices if index not in found]:
            raise DataError(f"{self.names[bisect_right(starts, missing[0]) - 1]}: it has fewer frames than before.")
        chosen = [found[index] for index in indices]
        return torch.stack(chosen) if chosen else torch.empty(0, *self.shape[1:], dtype=torch.uint8)


def open_videos(reading: VideoReading, names: list[str], memory: int) -> tuple[Images, list[int], list[ImageInfo]]:
    """Decode every video once, in threads.

    Args:
        reading: How frames are stored; 0 channels mean 1 if every frame is gray, else 3.
        names: The videos.
        memory: Bytes up to which the frames become one tensor; beyond, they become a `VideoStore`.

    Returns:
        All frames, the number of frames of each video, and what each file was.

    Raises:
        DataError: Videos are damaged; the message names all of them.
        MissingPackage: PyAV is needed and not installed.
    """
    if not all(name.lower().endswith(".gif") for name in names):
        require_pyav()
    full = replace(reading, spec=replace(reading.spec, channels=reading.spec.channels or 3))
    stored: list[Tensor] | None = []
    counts, infos, damaged = list[int](), list[ImageInfo](), list[str]()

    def decode_one(name: str) -> tuple[Tensor, int, ImageInfo] | str:
        try:
            return full.decode(name, keep=stored is not None)
        except DataError as error:
            return str(error)

    for result in in_threads(decode_one, names):
        if isinstance(result, str):
            damaged.append(result)
            continue
        counts.append(result[1])
        infos.append(result[2])
        stored = None if stored is None or sum(counts) * full.spec.bytes > memory else [*stored, result[0]]
    if damaged:
        raise damaged_files(damaged, len(names), "videos", reading.source)
    gray = reading.spec.channels == 0 and all(info.gray for info in infos)
    if stored is None:
        spec = replace(full.spec, channels=1) if gray else full.spec
        return VideoStore(replace(full, spec=spec), names, counts), counts, infos
    frames = torch.cat(stored)
    return frames[:, :1].clone() if gray else frames, counts, infos


def select_videos(images: Images, counts: list[int], chosen: list[int]) -> Images:
    """Return the frames of the chosen videos, one video after the other."""
    if isinstance(images, VideoStore):
        names, chosen_counts = [images.names[video] for video in chosen], [counts[video] for video in chosen]
        return replace(images, names=names, counts=chosen_counts)
    assert isinstance(images, Tensor)
    if len(chosen) == len(counts):
        return images
    by_video = torch.split(images, counts)
    return torch.cat([by_video[video] for video in chosen]) if chosen else images[:0]


def read_frames(source: Source, name: str) -> Iterator[DecodedImage]:
    """Yield all frames of one video.

    Raises:
        DataError: The video is damaged, which may show only at its end. The message begins with ``name``.
    """
    if name.lower().endswith(".gif"):
        yield from _read_gif(source.read(name), name)
        return
    with _on_disk(source, name) as path:
        try:
            with VideoReader(path, find_format(path)) as video:
                yield from (frame.image for frame in video.frames() if frame.image)
        except ImageError as error:
            raise DataError(f"{name}: {str(error).replace(os.fspath(path), 'it')}") from error
        if video.damaged_at is not None:
            raise DataError(f"{name}: it is damaged at {video.damaged_at:.2f} s.")


def _read_gif(content: bytes, name: str) -> Iterator[DecodedImage]:
    try:
        with Image.open(io.BytesIO(content), formats=["GIF"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(f"{name}: it has {image.width}x{image.height} pixels, more than {MAX_PIXELS}.")
            for frame in ImageSequence.Iterator(image):
                yield DecodedImage(np.asarray(frame.convert("RGB")), None, gray=False, name=name)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise DataError(f"{name}: it is not a GIF that can be read ({error}).") from error


@contextmanager
def _on_disk(source: Source, name: str) -> Iterator[Path]:
    """Yield the path of a file; a file in an archive is copied out of it."""
    if isinstance(source, Folder):  # a name in an archive may be any path
        yield source.path / name
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"video{PurePosixPath(name).suffix}")
        path.write_bytes(source.read(name))
        yield path


def is_gray(image: DecodedImage) -> bool:
    """Tell whether red, green and blue are the same everywhere."""
    red, green, blue = (image.rgb[..., channel] for channel in range(3))
    return image.gray or bool((red == green).all() and (green == blue).all())
