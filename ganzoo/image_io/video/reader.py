"""Videos that are read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.image_io.decoding import MAX_PIXELS, Array, DecodedImage
from ganzoo.image_io.video.formats import SUFFIXES, Kind

LATE = 0.25  # seconds by which a file may end before the time that it states, which is often rounded
_MATRICES = (1, 4, 5, 6, 7, 9)  # FFmpeg's numbers of those that it converts with: BT.709, FCC, BT.601 thrice, BT.2020


@dataclass(frozen=True)
class VideoFrame:
    """A picture, its time and duration in ticks, and other streams' packets from before it; the last has only these."""

    picture: DecodedImage | None
    time: int
    duration: int
    packets: list[Any]


class VideoReader:
    """A video that is read. ``damaged_at``: the second at which it was first found damaged."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self.name = os.fspath(path)
        self.damaged_at: float | None = None
        self._file = _opened(path)
        self.video = _moving_images(self._file, self.name)
        self.video.thread_type = "AUTO"
        self.others = [s for s in self._file.streams if s.type in ("audio", "subtitle") and s.codec_context]
        self.rate = self.video.average_rate or Fraction(25)
        self.tick, self._shortest = _ticks(kind, self.video)
        self.seconds = _seconds(self._file)
        self.count = self.video.frames or round(self.seconds * self.rate)
        self._reached = 0.0
        self._breaks_off = path.suffix.lower() == ".gif" and not _has_trailer(path)

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def shots(self) -> Iterator[VideoFrame]:
        """Decode everything. Damage is noted and stepped over, as players do."""
        packets: list[Any] = []
        kept = {stream.index for stream in self.others}
        due = None  # when the next picture may be shown at the earliest
        for packet in self._packets():
            if packet and packet.stream_index != self.video.index:
                packets += [packet] if packet.stream_index in kept else []
                continue
            for frame in self.decoded(self.video, packet):
                if due is None:
                    self.appearance = Appearance.of(frame, self.video)
                time, duration = self._timed(frame, due or 0)
                if due is None or time >= due:
                    yield VideoFrame(self._picture(frame), time, duration, packets)
                    due, packets = time + self._shortest, []
        yield VideoFrame(None, 0, 0, packets)

    def _packets(self) -> Iterator[Any]:
        """Yield all packets, then None, for which the decoder gives what it still holds."""
        from av.error import FFmpegError

        start = (self._file.start_time or 0) / 1e6
        try:
            for packet in self._file.demux():
                if not packet.size:  # PyAV ends every stream with such a one
                    continue
                if packet.pts is not None and packet.stream.type != "data":
                    end = float((packet.pts + (packet.duration or 0)) * packet.time_base) - start
                    self._reached = max(self._reached, end)
                if packet.is_corrupt:
                    self._note_damage()
                yield packet
        except FFmpegError:
            self._note_damage()
        yield None
        if self._breaks_off or self.seconds - self._reached > LATE:
            self._note_damage()

    def decoded(self, stream: Any, packet: Any) -> list[Any]:
        """Return the frames that a packet completes: none, and a note, where it is damaged."""
        from av.error import FFmpegError

        try:
            frames: list[Any] = stream.codec_context.decode(packet)
        except FFmpegError:
            self._note_damage()
            return []
        if any(frame.is_corrupt for frame in frames):
            self._note_damage()
        return frames

    def _note_damage(self) -> None:
        if self.damaged_at is None:
            self.damaged_at = self._reached

    def _timed(self, frame: Any, due: int) -> tuple[int, int]:
        """Return time and duration in ticks; AVI may leave out both."""
        ticks = self.video.time_base / self.tick
        duration = round(frame.duration * ticks) or round(1 / self.rate / self.tick)
        return due if frame.pts is None else round(frame.pts * ticks), max(duration, self._shortest)

    def _picture(self, frame: Any) -> DecodedImage:
        appearance = self.appearance
        transparent = any(part.is_alpha for part in frame.format.components)
        colors = {} if frame.format.is_rgb else conversion(appearance.matrix, appearance.range, appearance.other_range)
        frame = frame.reformat(appearance.width, appearance.height, "rgba" if transparent else "rgb24", **colors)
        pixels = appearance.upright(frame.to_ndarray())
        alpha = np.ascontiguousarray(pixels[..., 3]) if transparent else None
        return DecodedImage(np.ascontiguousarray(pixels[..., :3]), alpha, gray=False, name=self.name)


@dataclass(frozen=True)
class Appearance:
    """How the first frame is to be shown, which counts for all.

    ``matrix``, ``range``, ``primaries`` and ``transfer`` are FFmpeg's numbers of what turns (Y, U, V) into light.
    ``turn``: the signs of (a, b, c, d), which move a pixel from (x, y) to (ax + cy, bx + dy).
    ``proportions``: an upright pixel's width by its height.
    """

    width: int
    height: int
    matrix: int
    range: int
    primaries: int
    transfer: int
    rotation: tuple[int, int, int, int]
    proportions: Fraction

    @classmethod
    def of(cls, frame: Any, video: Any) -> Appearance:
        matrix, full = frame.colorspace, frame.color_range == 2 or frame.format.name.startswith("yuvj")
        if frame.format.is_rgb or matrix not in _MATRICES:
            matrix = usual_matrix(frame.height, frame.width)
            full = full and not frame.format.is_rgb
        moved = frame.side_data.get("DISPLAYMATRIX")
        rotation = np.sign(np.frombuffer(bytes(moved), np.int32)[[0, 1, 3, 4]]).tolist() if moved else [1, 0, 0, 1]
        proportions = video.sample_aspect_ratio or Fraction(1)
        return cls(
            width=frame.width,
            height=frame.height,
            matrix=matrix,
            range=2 if full else 1,
            primaries=video.codec_context.color_primaries,
            transfer=video.codec_context.color_trc,
            rotation=tuple(rotation),
            proportions=proportions if rotation[0] else 1 / proportions,
        )

    @property
    def other_range(self) -> int:
        """What is said of RGB, which has but one: PyAV before 17 converts nothing where both are the same."""
        return 3 - self.range

    def upright(self, pixels: Array) -> Array:
        """Turn (H, W, C) as cameras held on their side ask for."""
        a, b, c, d = self.rotation
        if not a:
            pixels, a, d = pixels.swapaxes(0, 1), c, b
        return pixels[:: d or 1, :: a or 1]


def usual_matrix(height: int, width: int) -> int:
    """Return what players take where a file does not say: BT.709 for high definition, else BT.601."""
    return 1 if height > 576 or width > 1024 else 6


def conversion(matrix: int, given: int, wanted: int) -> dict[str, int]:
    """Return how PyAV is to convert from one range to another, by a matrix, to the nearest number.

    The flags are swscale's: bicubic, full chroma in and out, rounding; without them all gets darker by 1 of 255.
    """
    number = 5 if matrix == 6 else matrix  # swscale has one number for both of BT.601
    how = {"src_colorspace": number, "dst_colorspace": number, "interpolation": 0x4 | 0x2000 | 0x4000 | 0x40000}
    return {**how, "src_color_range": given, "dst_color_range": wanted}


def _opened(path: Path) -> Any:
    """Open a file by what is in it; never a playlist, a series of pictures or a network address."""
    import av

    if not path.is_file():
        raise ImageError(f"{path} is a folder, not a video." if path.is_dir() else f"No file {path}. Check the path.")
    try:
        options = {"format_whitelist": "mov,matroska,webm,avi,gif"}
        return av.open(f"file:{path}", options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise ImageError(
            f"{path} is no video that can be read: {error.strerror}. Give a whole one of {' '.join(SUFFIXES)}."
        ) from error


def _moving_images(file: Any, name: str) -> Any:
    """Return the first stream of moving pictures; an album's cover is none."""
    from av.stream import Disposition

    streams = [s for s in file.streams.video if s.codec_context and not s.disposition & Disposition.attached_pic]
    if not streams:
        raise ImageError(f"{name} holds no moving pictures that can be decoded, only other things. Give a video.")
    width, height = streams[0].codec_context.width, streams[0].codec_context.height
    if width * height > MAX_PIXELS:
        raise ImageError(f"{name} has {width}x{height} pixels, more than the limit of {MAX_PIXELS}. Make it smaller.")
    return streams[0]


def _seconds(file: Any) -> float:
    """Return how long a file says that it is, or 0. Tracks of data, such as a camera's positions, may be longer."""
    tracks = [float(s.duration * s.time_base) for s in file.streams if s.duration and s.type != "data"]
    return max(tracks, default=(file.duration or 0) / 1e6)


def _ticks(kind: Kind, video: Any) -> tuple[Fraction, int]:
    """Return the seconds of a tick, in which the new container counts, and how many a picture must last."""
    if kind.container == "gif":
        return Fraction(1, 100), 2  # browsers slow down what is shorter
    if kind.container == "avi":  # numbers its pictures, and has empty ones in gaps; MPEG-4 counts up to 65535 a second
        return 1 / min(video.base_rate or Fraction(25), Fraction(60)).limit_denominator(1001), 1
    return video.time_base, 1


def _has_trailer(gif: Path) -> bool:
    with gif.open("rb") as file:
        file.seek(max(0, gif.stat().st_size - 64))
        return file.read().rstrip(b"\0\r\n").endswith(b";")
