"""Videos -> frames, with the packets of audio and subtitles between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.errors import ImageError
from ganzoo.files.regular import open_regular
from ganzoo.image_io.decoding import MAX_PIXELS, DecodedImage
from ganzoo.image_io.video.colors import Appearance, color_conversion
from ganzoo.image_io.video.formats import VIDEO_SUFFIXES, VideoFormat

MAX_SHORTFALL = 0.25  # seconds by which a file may end before the time that it states, which is often rounded


@dataclass(frozen=True)
class VideoFrame:
    """An image, its time and duration in ticks, and other streams' packets before it; the last has only packets."""

    image: DecodedImage | None
    time: int
    duration: int
    packets: list[Any]


class VideoReader:
    """An open video.

    Attributes:
        damaged_at: The second at which the first damage was found, or None.
        seconds: Its length, 0 where the file does not state it.
        count: About how many frames it has, 0 where the file does not state it.
        tick: Seconds of a tick, in which the target format counts.
    """

    def __init__(self, path: Path, target_format: VideoFormat) -> None:
        self.name = os.fspath(path)
        self.damaged_at: float | None = None
        self._file = _open(path)
        self.video = _video_stream(self._file, self.name)
        self.video.thread_type = "AUTO"
        self.others = [s for s in self._file.streams if s.type in ("audio", "subtitle") and s.codec_context]
        self.rate = self.video.average_rate or Fraction(25)
        self.tick, self._min_ticks = _ticks(target_format, self.video)
        self.seconds = _seconds(self._file)
        self.count = self.video.frames or round(self.seconds * self.rate)
        self._reached = 0.0
        self._is_cut_off = path.suffix.lower() == ".gif" and not _has_trailer(path)

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        # Closing waits for the decoder's threads without releasing the GIL, and these wait for the GIL where av.logging
        # has a level, which older torchvision sets. So let them finish first.
        if self.video.codec_context.is_open:
            self.video.codec_context.flush_buffers()
        self._file.close()

    def frames(self) -> Iterator[VideoFrame]:
        """Decode everything. Damage is noted and skipped, as players do."""
        packets: list[Any] = []
        other_indices = {stream.index for stream in self.others}
        earliest = None  # time of the next frame
        for packet in self._packets():
            if packet and packet.stream_index != self.video.index:
                packets += [packet] if packet.stream_index in other_indices else []
                continue
            for frame in self.decode(self.video, packet):
                if earliest is None:
                    self.appearance = Appearance.from_frame(frame, self.video)
                time, duration = self._timing(frame, earliest or 0)
                if earliest is None or time >= earliest:
                    yield VideoFrame(self._convert(frame), time, duration, packets)
                    earliest, packets = time + self._min_ticks, []
        yield VideoFrame(None, 0, 0, packets)

    def _packets(self) -> Iterator[Any]:
        """Yield all packets, then None, for which the decoder returns the frames that it still holds."""
        from av.error import FFmpegError

        start = (self._file.start_time or 0) / 1e6
        try:
            for packet in self._file.demux():
                if not packet.size:  # PyAV ends every stream with an empty one
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
        if self._is_cut_off or self.seconds - self._reached > MAX_SHORTFALL:
            self._note_damage()

    def decode(self, stream: Any, packet: Any) -> list[Any]:
        """Return the frames that a packet completes; none where it is damaged, which is noted."""
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

    def _timing(self, frame: Any, earliest: int) -> tuple[int, int]:
        """Return time and duration in ticks; AVI may omit both."""
        ticks = self.video.time_base / self.tick
        duration = round(frame.duration * ticks) or round(1 / self.rate / self.tick)
        return earliest if frame.pts is None else round(frame.pts * ticks), max(duration, self._min_ticks)

    def _convert(self, frame: Any) -> DecodedImage:
        look = self.appearance
        transparent = any(component.is_alpha for component in frame.format.components)
        colors = {} if frame.format.is_rgb else color_conversion(look.matrix, look.range, look.rgb_range)
        frame = frame.reformat(look.width, look.height, "rgba" if transparent else "rgb24", **colors)
        pixels = look.upright(frame.to_ndarray())
        alpha = np.ascontiguousarray(pixels[..., 3]) if transparent else None
        return DecodedImage(np.ascontiguousarray(pixels[..., :3]), alpha, gray=False, name=self.name)


def _open(path: Path) -> Any:
    """Open a file by its content; never a playlist, a series of images or a network address."""
    import av

    if not path.is_file():
        raise ImageError(f"{path} is a folder, not a video." if path.is_dir() else f"No file {path}. Check the path.")
    try:
        options = {"format_whitelist": "mov,matroska,webm,avi,gif"}
        return av.open(f"file:{path}", options=options, metadata_errors="replace")
    except av.FFmpegError as error:
        raise ImageError(
            f"{path} is not a video that can be read: {error.strerror}. "
            f"Give a complete file of one of these formats: {' '.join(VIDEO_SUFFIXES)}."
        ) from error


def _video_stream(file: Any, name: str) -> Any:
    """Return the first video stream that is not the cover of an album."""
    from av.stream import Disposition

    streams = [s for s in file.streams.video if s.codec_context and not s.disposition & Disposition.attached_pic]
    if not streams:
        raise ImageError(f"{name} has no video stream that can be decoded. Give a video.")
    width, height = streams[0].codec_context.width, streams[0].codec_context.height
    if width * height > MAX_PIXELS:
        raise ImageError(f"{name} has {width}x{height} pixels, more than the limit of {MAX_PIXELS}. Make it smaller.")
    return streams[0]


def _seconds(file: Any) -> float:
    """Return the length that a file states, or 0. Data tracks, such as a camera's positions, may be longer."""
    tracks = [float(s.duration * s.time_base) for s in file.streams if s.duration and s.type != "data"]
    return max(tracks, default=(file.duration or 0) / 1e6)


def _ticks(target_format: VideoFormat, video: Any) -> tuple[Fraction, int]:
    """Return the seconds of a tick, in which the target format counts, and how many ticks a frame must last."""
    if target_format.container == "gif":
        return Fraction(1, 100), 2  # browsers slow down shorter frames
    if target_format.container == "avi":  # numbers its frames, with empty ones in gaps; MPEG-4: at most 65535 a second
        return 1 / min(video.base_rate or Fraction(25), Fraction(60)).limit_denominator(1001), 1
    return video.time_base, 1


def _has_trailer(gif: Path) -> bool:
    with open_regular(gif) as file:
        file.seek(max(0, gif.stat().st_size - 64))
        return file.read().rstrip(b"\0\r\n").endswith(b";")
