"""Frames -> videos, with the audio and subtitles of the video that they come from."""

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
from ganzoo.image_io.video.colors import LIMITED, color_conversion, default_matrix
from ganzoo.image_io.video.formats import VideoFormat
from ganzoo.image_io.video.reader import VideoFrame, VideoReader
from ganzoo.image_io.video.temporal_smoothing import TemporalSmoothing

FRAME_DURATION = 1 << 8  # FFmpeg's flag: the last frame's duration is not taken from the rate


class VideoWriter:
    """A video that is being written. It is opened with the first frame, which decides its size."""

    def __init__(
        self, temporary: Path, path: Path, video_format: VideoFormat, reader: VideoReader, smoothing: TemporalSmoothing
    ) -> None:
        self._temporary, self._path = temporary, path
        self._format, self._reader, self._smoothing = video_format, reader, smoothing
        self._file: Any = None
        self._copied: dict[int, Any] = {}  # by index of the stream in the source
        self._encoded: dict[int, Any] = {}
        self._palettes: Any = None

    def write(self, frames: Iterator[tuple[VideoFrame, DecodedImage | None]]) -> None:
        """Write pairs of a source frame and its translation, and close the file.

        Raises:
            OutputError: The file cannot be written. Errors of ``frames`` pass through.
        """
        from av.error import FFmpegError

        try:
            for frame, translated in frames:
                if translated and not self._file:
                    self._open(translated)
                for packet in frame.packets:
                    self._write_packet(packet)
                if translated and frame.image:
                    self._write_frame(frame, frame.image, translated)
            self._finish()
        except FFmpegError as error:
            raise OutputError(
                f"Cannot write {self._path}: {error.strerror}. Choose a folder that has space, or another suffix."
            ) from error
        finally:
            if self._file:
                with suppress(FFmpegError):  # it has failed already, or is closed
                    self._file.close()

    def _open(self, first: DecodedImage) -> None:
        import av

        video_format, reader = self._format, self._reader
        self._size = first.rgb.shape[:2]
        height, width = pad_to_even(first.rgb, video_format).shape[:2]
        self._appearance = reader.appearance
        if video_format.container == "avi":  # has no place to declare it
            self._appearance = replace(reader.appearance, matrix=default_matrix(height, width), range=LIMITED)
        options = video_format.container_options
        self._file = av.open(f"file:{self._temporary}", "w", video_format.container, container_options=options)
        self._video = self._add_video(width, height)
        if video_format.container == "gif":
            self._palettes = _palettes(width, height, reader.tick)
        for stream in reader.others:
            self._add_stream(stream)

    def _add_video(self, width: int, height: int) -> Any:
        video_format, reader, look = self._format, self._reader, self._appearance
        options = dict(video_format.encoder_options)
        if video_format.video_encoder == "libx264" and reader.video.average_rate != reader.video.base_rate:
            options["bf"] = "0"  # in MP4, reordered frames of different durations make the last one's wrong
        video = self._file.add_stream(video_format.video_encoder, reader.rate, options, width=width, height=height)
        video.thread_type = "AUTO"
        context = video.codec_context
        context.time_base, context.sample_aspect_ratio = reader.tick, look.pixel_aspect
        context.flags |= FRAME_DURATION
        if video_format.container == "gif":
            context.pix_fmt = "pal8"
        else:
            context.colorspace, context.color_range = look.matrix, look.range
            context.color_primaries, context.color_trc = look.primaries, look.transfer
        return video

    def _add_stream(self, stream: Any) -> None:
        """Add a stream of audio or subtitles, if the container supports it."""
        from av.codec import Codec

        codec = stream.codec_context
        if codec.codec.canonical_name in self._format.copied_codecs.split():
            added = self._copied[stream.index] = self._file.add_stream_from_template(stream)
        elif stream.type == "audio" and self._format.audio_encoder:
            rates = Codec(self._format.audio_encoder, "w").audio_rates or []
            rate = codec.sample_rate if codec.sample_rate in rates else 48000
            added = self._encoded[stream.index] = self._file.add_stream(self._format.audio_encoder, rate)
            added.layout = "mono" if codec.channels == 1 else "stereo"
            added.bit_rate = 96_000 * added.channels
        else:
            return
        added.disposition = stream.disposition.value
        added.metadata["language"] = stream.language or "und"

    def _write_packet(self, packet: Any) -> None:
        copied, encoded = self._copied.get(packet.stream_index), self._encoded.get(packet.stream_index)
        if copied:
            packet.stream = copied
            self._file.mux(packet)
        elif encoded:
            for frame in self._reader.decode(packet.stream, packet):
                self._file.mux(encoded.encode(frame))

    def _write_frame(self, source: VideoFrame, image: DecodedImage, translated: DecodedImage) -> None:
        (height, width), (first_height, first_width) = translated.rgb.shape[:2], self._size
        if (height, width) != self._size:
            raise OutputError(
                f"Cannot write {self._path}: the first frame is {first_width}x{first_height}, a later one "
                f"{width}x{height}. Translate all to one size."
            )
        frame = self._to_av(replace(translated, rgb=self._smoothing.next(image.rgb, translated.rgb)))
        frame.pts, frame.duration, frame.time_base = source.time, source.duration, self._reader.tick
        if self._palettes:
            self._palettes.push(frame)
            frame = self._palettes.pull()
        self._file.mux(self._video.encode(frame))

    def _to_av(self, image: DecodedImage) -> Any:
        from av import VideoFrame

        if self._palettes:
            alpha = np.full(self._size, 255, np.uint8) if image.alpha is None else image.alpha
            return VideoFrame.from_ndarray(np.dstack([image.rgb, alpha]), "rgba")
        look = self._appearance
        frame = VideoFrame.from_ndarray(pad_to_even(_on_white(image), self._format), "rgb24")
        return frame.reformat(format="yuv420p", **color_conversion(look.matrix, look.rgb_range, look.range))

    def _finish(self) -> None:
        """Write what the encoders still hold, and the index."""
        if self._file:
            for stream in (self._video, *self._encoded.values()):
                self._file.mux(stream.encode())
            self._file.close()


def pad_to_even(rgb: Array, video_format: VideoFormat) -> Array:
    """Repeat the last row and column of odd sides for an encoder that needs even ones."""
    height, width = rgb.shape[:2]
    if not video_format.needs_even_sides or not (height % 2 or width % 2):
        return rgb
    return np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def _on_white(image: DecodedImage) -> Array:
    if image.alpha is None:
        return image.rgb
    opacity = image.alpha[..., None] / np.float32(255)
    return np.round(image.rgb * opacity + 255 * (1 - opacity)).astype(np.uint8)


def _palettes(width: int, height: int, tick: Fraction) -> Any:
    """Return a graph that takes RGBA frames and returns each with the 256 colors that suit it best."""
    import av
    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgba"), time_base=tick)
    split, palette = graph.add("split"), graph.add("palettegen", stats_mode="single")
    painted, sink = graph.add("paletteuse", new="1"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(painted)
    split.link_to(palette, 1)
    palette.link_to(painted, 0, 1)
    painted.link_to(sink)
    graph.configure()
    return graph
