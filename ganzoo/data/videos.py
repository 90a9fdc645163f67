"""Videos and animated GIFs -> frames -> clips: in memory, or decoded when needed.

Frames are counted, not timed: a video's rate is not looked at. GIF is read by Pillow, all else by PyAV.
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

from ganzoo.data.datasets import WHOLE, View
from ganzoo.data.decode import Facts, Form, form_image
from ganzoo.data.image_stores import Pictures, in_threads, take
from ganzoo.data.layout import on_lines
from ganzoo.data.sources import Source
from ganzoo.errors import DataError, ImageError
from ganzoo.image_io.decoding import MAX_PIXELS, DecodedImage
from ganzoo.image_io.video.formats import find_format, is_video_path, require_pyav
from ganzoo.image_io.video.reader import VideoReader


def video_names(source: Source) -> list[str]:
    """Return the names that have the suffix of a video or of an animated GIF."""
    return [name for name in source.names if is_video_path(name)]


@dataclass(frozen=True)
class Reading:
    """How films are read: the form of their frames, of which every ``stride``-th is kept."""

    source: Source
    form: Form
    stride: int

    def frames(self, name: str) -> Iterator[tuple[DecodedImage, Tensor]]:
        """Yield the kept frames of one film, as they were, and as (C, H, W) uint8. Raises DataError that names it."""
        for picture in islice(frames_of(self.source, name), 0, None, self.stride):
            yield picture, form_image(picture, self.form)

    def preview(self, name: str, keep: bool) -> tuple[Tensor, int, Facts]:
        """Decode one film whole: its kept frames (T, C, H, W) or, without ``keep``, none; their number, and facts."""
        kept, count, gray = [], 0, True
        for picture, frame in self.frames(name):
            count, size = count + 1, picture.rgb.shape
            gray = gray and is_gray(picture)
            kept += [frame] if keep else []
        if not count:
            raise DataError(f"{name}: it holds no frame.")
        whole = torch.stack(kept) if kept else torch.empty(0, *self.form.shape, dtype=torch.uint8)
        return whole, count, Facts(name, size[1], size[0], gray, False, "")


@dataclass(frozen=True)
class StoredVideos:
    """The frames of films that stay in their files, one film after the other. ``counts``: of each, its kept frames."""

    reading: Reading
    names: list[str]
    counts: list[int]

    @property
    def shape(self) -> tuple[int, ...]:
        return sum(self.counts), *self.reading.form.shape

    def __len__(self) -> int:
        return sum(self.counts)

    def load(self, indices: list[int]) -> Tensor:
        """Return (len(indices), C, H, W) uint8; a film is decoded from its beginning, once a call."""
        firsts = [0, *accumulate(self.counts)]
        wanted: dict[int, set[int]] = {}
        for index in indices:
            video = bisect_right(firsts, index) - 1
            wanted.setdefault(video, set()).add(index - firsts[video])
        found: dict[int, Tensor] = {}
        for video, places in wanted.items():
            frames = islice(self.reading.frames(self.names[video]), max(places) + 1)
            found |= {firsts[video] + place: frame for place, (_, frame) in enumerate(frames) if place in places}
        if lacking := [index for index in indices if index not in found]:
            raise DataError(f"{self.names[bisect_right(firsts, lacking[0]) - 1]}: it has fewer frames than before.")
        chosen = [found[index] for index in indices]
        return torch.stack(chosen) if chosen else torch.empty(0, *self.shape[1:], dtype=torch.uint8)


@dataclass
class Cuts:
    """Clips cut out of films; batches have "clip" and, where known, "label" (N,).

    pictures  the frames of all films, (F, C, S, S) uint8
    firsts    the first frame of each clip
    frames    of a clip
    """

    pictures: Pictures
    firsts: list[int]
    frames: int
    view: View
    labels: Tensor | None = None

    @property
    def in_memory(self) -> bool:
        return isinstance(self.pictures, Tensor)

    def __len__(self) -> int:
        return len(self.firsts)

    def batch(self, indices: list[int], random: torch.Generator, own: slice = WHOLE) -> dict[str, Tensor]:
        """All frames of a clip are cropped and mirrored alike."""
        drawn = self.view.plan(self.pictures, len(indices), random)
        mine = indices[own]
        chosen = take(self.pictures, [self.firsts[index] + frame for index in mine for frame in range(self.frames)])
        _, channels, *sides = chosen.shape
        # Frames as channels: they are cropped and mirrored as one picture.
        stacked = chosen.view(len(mine), self.frames * channels, *sides)
        shown = self.view.apply(stacked, drawn and drawn[own])
        clips = shown.view(len(mine), self.frames, channels, *shown.shape[2:])
        out = {"clip": clips.transpose(1, 2).contiguous()}
        if self.labels is not None:
            out["label"] = take(self.labels, mine).long()
        return out


def open_videos(reading: Reading, names: list[str], memory: int) -> tuple[Pictures, list[int], list[Facts]]:
    """Decode every film once, in threads; return all frames, the number of each film's, and facts.

    0 channels mean 1 when every frame is gray, else 3. Up to ``memory`` bytes the frames are one tensor, beyond it
    `Films`. Raises DataError that names every broken film, MissingPackage where PyAV is needed and not installed.
    """
    if not all(name.lower().endswith(".gif") for name in names):
        require_pyav()
    gray_counts = reading.form.channels == 0
    full = replace(reading, form=replace(reading.form, channels=reading.form.channels or 3))
    held: list[Tensor] | None = []
    counts, facts, broken = list[int](), list[Facts](), list[str]()

    def one(name: str) -> tuple[Tensor, int, Facts] | str:
        try:
            return full.preview(name, keep=held is not None)
        except DataError as error:
            return str(error)

    for result in in_threads(one, names):
        if isinstance(result, str):
            broken.append(result)
            continue
        counts.append(result[1])
        facts.append(result[2])
        held = None if held is None or sum(counts) * full.form.bytes > memory else [*held, result[0]]
    if broken:
        raise DataError(
            f"{len(broken)} of {len(names)} videos in {reading.source.path} cannot be used. Mend or remove them:\n  "
            f"{on_lines(broken)}"
        )
    gray = gray_counts and all(each.gray for each in facts)
    if held is None:
        form = replace(full.form, channels=1) if gray else full.form
        return StoredVideos(replace(full, form=form), names, counts), counts, facts
    whole = torch.cat(held)
    return whole[:, :1].clone() if gray else whole, counts, facts


def some_videos(pictures: Pictures, counts: list[int], chosen: list[int]) -> Pictures:
    """Return the frames of the chosen films, one film after the other."""
    if isinstance(pictures, StoredVideos):
        kept = [pictures.names[video] for video in chosen], [counts[video] for video in chosen]
        return replace(pictures, names=kept[0], counts=kept[1])
    assert isinstance(pictures, Tensor)
    if len(chosen) == len(counts):
        return pictures
    stored_videos = torch.split(pictures, counts)
    return torch.cat([stored_videos[video] for video in chosen]) if chosen else pictures[:0]


def cut(counts: list[int], frames: int) -> tuple[list[int], list[int]]:
    """Return the first frame of every whole clip, and the film it is of: clips follow one another without overlap."""
    begins = [0, *accumulate(counts)]
    found = [(begins[video] + at, video) for video, n in enumerate(counts) for at in range(0, n - frames + 1, frames)]
    return [first for first, _ in found], [video for _, video in found]


def frames_of(source: Source, name: str) -> Iterator[DecodedImage]:
    """Yield all frames of one film. Raises DataError, its text beginning with ``name``, also at the end of damage."""
    if name.lower().endswith(".gif"):
        yield from _of_gif(source.read(name), name)
        return
    with _on_disk(source, name) as path:
        try:
            with VideoReader(path, find_format(path)) as clip:
                yield from (frame.image for frame in clip.frames() if frame.image)
        except ImageError as error:
            raise DataError(f"{name}: {str(error).replace(os.fspath(path), 'it')}") from error
        if clip.damaged_at is not None:
            raise DataError(f"{name}: it is damaged at {clip.damaged_at:.2f} s.")


def _of_gif(content: bytes, name: str) -> Iterator[DecodedImage]:
    try:
        with Image.open(io.BytesIO(content), formats=["GIF"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DataError(f"{name}: it has {image.width}x{image.height} pixels, more than {MAX_PIXELS}.")
            for frame in ImageSequence.Iterator(image):
                yield DecodedImage(np.asarray(frame.convert("RGB")), None, gray=False, name=name)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise DataError(f"{name}: it is no GIF that can be read ({error}).") from error


@contextmanager
def _on_disk(source: Source, name: str) -> Iterator[Path]:
    """Yield the path of a file, which is copied out of an archive where it lies in one."""
    path = source.path / name
    if path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"video{PurePosixPath(name).suffix}")
        path.write_bytes(source.read(name))
        yield path


def is_gray(picture: DecodedImage) -> bool:
    """Tell whether red, green and blue are the same everywhere."""
    red, green, blue = (picture.rgb[..., channel] for channel in range(3))
    return picture.gray or bool((red == green).all() and (green == blue).all())
