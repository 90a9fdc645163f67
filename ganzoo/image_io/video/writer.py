"""Videos that are written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.errors import OutputError
from ganzoo.image_io.decoding import Array, DecodedImage
from ganzoo.image_io.video.formats import Kind
from ganzoo.image_io.video.reader import VideoFrame, VideoReader, conversion, usual_matrix
from ganzoo.image_io.video.temporal_smoothing import TemporalSmoothing


class VideoWriter:
    """The video that is written, from the first picture on, which says of what size it is."""

    def __init__(
        self, temporary: Path, path: Path, kind: Kind, reader: VideoReader, smoothing: TemporalSmoothing
    ) -> None:
        self._temporary, self._path = temporary, path
        self._kind, self._reader, self._smoothing = kind, reader, smoothing
        self._file: Any = None
        self._copied: dict[int, Any] = {}  # by their number in the clip
        self._encoded: dict[int, Any] = {}
        self._palettes: Any = None

    def write(self, shots: Iterator[tuple[VideoFrame, DecodedImage | None]]) -> None:
        """Write and close the file. Raises OutputError, and what ``shots`` raises."""
        from av.error import FFmpegError

        try:
            for video_frame, made in shots:
                if made and not self._file:
                    self._open(made)
                for packet in video_frame.packets:
                    self._carry(packet)
                if made and video_frame.picture:
                    self._show(video_frame.picture, made, video_frame)
            self._end()
        except FFmpegError as error:
            raise OutputError(
                f"Cannot write {self._path}: {error.strerror}. Choose a folder that has space, or another suffix."
            ) from error
        finally:
            if self._file:
                with suppress(FFmpegError):  # it has failed already, or is closed
                    self._file.close()

    def _open(self, made: DecodedImage) -> None:
        import av

        kind, reader = self._kind, self._reader
        self._size = made.rgb.shape[:2]
        height, width = self._padded(made.rgb).shape[:2]
        appearance = self._appearance = reader.appearance
        if kind.container == "avi":  # has no place to say it
            appearance = self._appearance = replace(appearance, matrix=usual_matrix(height, width), range=1)
        self._file = av.open(f"file:{self._temporary}", "w", kind.container, container_options=kind.container_options)
        options = dict(kind.options)
        if kind.pictures == "libx264" and reader.video.average_rate != reader.video.base_rate:
            options["bf"] = "0"  # in MP4, pictures out of order and of unlike durations make the last one's wrong
        self._video = self._file.add_stream(kind.pictures, reader.rate, options, width=width, height=height)
        self._video.thread_type = "AUTO"
        context = self._video.codec_context
        context.time_base, context.sample_aspect_ratio = reader.tick, appearance.proportions
        context.flags |= 1 << 8  # FFmpeg's FRAME_DURATION: the last picture's duration is not taken from the rate
        if kind.container == "gif":
            context.pix_fmt = "pal8"
            self._palettes = _palettes(width, height, reader.tick)
        else:
            context.colorspace, context.color_range = appearance.matrix, appearance.range
            context.color_primaries, context.color_trc = appearance.primaries, appearance.transfer
        for stream in reader.others:
            self._add(stream)

    def _add(self, stream: Any) -> None:
        """Make room for a stream of sound or subtitles, if the container can hold it."""
        from av.codec import Codec

        coding = stream.codec_context
        if coding.codec.canonical_name in self._kind.holds.split():
            added = self._copied[stream.index] = self._file.add_stream_from_template(stream)
        elif stream.type == "audio" and self._kind.sound:
            rates = Codec(self._kind.sound, "w").audio_rates or []
            rate = coding.sample_rate if coding.sample_rate in rates else 48000
            added = self._encoded[stream.index] = self._file.add_stream(self._kind.sound, rate)
            added.layout = "mono" if coding.channels == 1 else "stereo"
            added.bit_rate = 96_000 * added.channels
        else:
            return
        added.disposition = stream.disposition.value
        added.metadata["language"] = stream.language or "und"

    def _carry(self, packet: Any) -> None:
        copied, encoded = self._copied.get(packet.stream_index), self._encoded.get(packet.stream_index)
        if copied:
            packet.stream = copied
            self._file.mux(packet)
        elif encoded:
            for frame in self._reader.decoded(packet.stream, packet):
                self._file.mux(encoded.encode(frame))

    def _show(self, seen: DecodedImage, made: DecodedImage, video_frame: VideoFrame) -> None:
        (height, width), (first_height, first_width) = made.rgb.shape[:2], self._size
        if (height, width) != self._size:
            raise OutputError(
                f"Cannot write {self._path}: the first picture is {first_width}x{first_height}, a later one "
                f"{width}x{height}. Translate all to one size."
            )
        frame = self._frame(replace(made, rgb=self._smoothing.next(seen.rgb, made.rgb)))
        frame.pts, frame.duration, frame.time_base = video_frame.time, video_frame.duration, self._reader.tick
        if self._palettes:
            self._palettes.push(frame)
            frame = self._palettes.pull()
        self._file.mux(self._video.encode(frame))

    def _frame(self, made: DecodedImage) -> Any:
        from av import VideoFrame

        if self._palettes:
            alpha = np.full(self._size, 255, np.uint8) if made.alpha is None else made.alpha
            return VideoFrame.from_ndarray(np.dstack([made.rgb, alpha]), "rgba")
        frame = VideoFrame.from_ndarray(self._padded(_on_white(made)), "rgb24")
        return frame.reformat(
            format="yuv420p",
            **conversion(self._appearance.matrix, self._appearance.other_range, self._appearance.range),
        )

    def _padded(self, rgb: Array) -> Array:
        """Repeat the last row and column of odd sides for an encoder that needs even ones."""
        height, width = rgb.shape[:2]
        if self._kind.pictures != "libx264" or not (height % 2 or width % 2):
            return rgb
        return np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")

    def _end(self) -> None:
        """Write what the encoders still hold, and the index."""
        if self._file:
            for stream in (self._video, *self._encoded.values()):
                self._file.mux(stream.encode())
            self._file.close()


def _on_white(made: DecodedImage) -> Array:
    if made.alpha is None:
        return made.rgb
    share = made.alpha[..., None] / np.float32(255)
    return np.round(made.rgb * share + 255 * (1 - share)).astype(np.uint8)


def _palettes(width: int, height: int, tick: Fraction) -> Any:
    """Return a graph that takes RGBA frames and gives each with the 256 colors that suit it best."""
    import av
    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgba"), time_base=tick)
    both, chosen = graph.add("split"), graph.add("palettegen", stats_mode="single")
    painted, sink = graph.add("paletteuse", new="1"), graph.add("buffersink")
    source.link_to(both)
    both.link_to(painted)
    both.link_to(chosen, 1)
    chosen.link_to(painted, 0, 1)
    painted.link_to(sink)
    graph.configure()
    return graph
