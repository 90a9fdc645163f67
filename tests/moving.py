"""Small real videos for tests, and what is in one: pictures, times, sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from needs import missing, require

av = require("av")
TICKS = 12800  # a second, as in most MP4 files
Array = np.ndarray[Any, Any]


def scene(count: int, height: int = 48, width: int = 64) -> Iterator[Array]:
    """Frames (H, W, 3) uint8: a red square that moves right by 2 pixels a frame, over a still slope of colors."""
    still = np.empty((height, width, 3), np.uint8)
    still[..., 0] = 60
    still[..., 1] = np.linspace(40, 200, width)
    still[..., 2] = np.linspace(200, 40, height)[:, None]
    for n in range(count):
        frame = still.copy()
        left = 2 * n % (width - 8)
        frame[8:16, left : left + 8] = (220, 30, 30)
        yield frame


def write(
    path: Path,
    frames: Iterable[Array],
    *,
    times: Sequence[int] = (),
    pixels: str = "yuv444p",
    matrix: int = 1,
    full: bool = False,
    rotation: int = 0,
    mirrored: bool = False,
    sound: Sequence[str] = (),
    seconds: float = 0,
    language: str = "und",
    subtitles: Sequence[str] = (),
    container: dict[str, str] | None = None,
) -> Path:
    """Make H.264 nearly without loss, of 25 frames a second unless ``times`` (in 1/12800 s) says otherwise.

    ``matrix`` is FFmpeg's number of the colors' matrix (1: BT.709, 5: BT.601), ``full`` their range. Players are asked
    to turn it by ``rotation`` degrees counterclockwise, then to mirror it. ``sound`` names encoders, one a stream:
    tones of 300, 600, ... hertz, as long as the pictures or of ``seconds``. Each subtitle is shown for half a second.
    """
    if rotation or mirrored or subtitles:
        need_new_pyav()
    frames = list(frames)
    times = times or [TICKS // 25 * n for n in range(len(frames))]
    with av.open(str(path), "w", container_options=container or {}) as file:
        video = _add_video(file, frames[0].shape, pixels, matrix, 1 + full)
        if rotation or mirrored:
            video.set_display_rotation(rotation, hflip=mirrored)
        tones = [file.add_stream(encoder, rate=48000, layout="stereo") for encoder in sound]
        texts = [file.add_mux_stream("subrip")] if subtitles else []
        for stream in (*tones, *texts):
            stream.metadata["language"] = language
        for time, frame in zip(times, frames, strict=True):
            file.mux(video.encode(_picture(frame, time, pixels, matrix, 1 + full)))
        file.mux(video.encode())
        for number, stream in enumerate(tones, 1):
            for part in tone(300 * number, seconds or times[-1] / TICKS + 0.04):
                file.mux(stream.encode(part))
            file.mux(stream.encode())
        for number, text in enumerate(subtitles):
            file.mux(_subtitle(texts[0], text, number))
    return path


def need_new_pyav() -> None:
    """Skip a test for which an older PyAV cannot write the file; it could read it."""
    if hasattr(av.container.OutputContainer, "add_mux_stream"):
        return
    words = "this PyAV writes no turned pictures, subtitles and covers"
    missing(words)


def _add_video(file: Any, shape: tuple[int, ...], pixels: str, matrix: int, range_: int) -> Any:
    video = file.add_stream("libx264", 25, {"crf": "4", "preset": "ultrafast"}, height=shape[0], width=shape[1])
    context = video.codec_context
    context.pix_fmt, context.time_base = pixels, Fraction(1, TICKS)
    context.colorspace, context.color_range = matrix, range_
    return video


def _picture(frame: Array, time: int, pixels: str, matrix: int, range_: int) -> Any:
    picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(
        format=pixels,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=3 - range_,  # RGB has but one range
        dst_color_range=range_,
        interpolation=0x46004,  # bicubic, full chroma, rounded to the nearest
    )
    picture.pts, picture.time_base = time, Fraction(1, TICKS)
    return picture


def tone(hertz: int, seconds: float) -> Iterator[Any]:
    """A sine of a quarter of the full strength, in parts of 1024 samples, 48000 a second."""
    samples = np.sin(2 * np.pi * hertz * np.arange(int(48000 * seconds)) / 48000) * 8000
    for start in range(0, len(samples), 1024):
        part = np.repeat(samples[start : start + 1024].astype(np.int16), 2)[None]  # left, right, left, right ...
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        yield frame


def _subtitle(stream: Any, text: str, number: int) -> Any:
    packet = av.Packet(text.encode())
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = 500 * number
    packet.duration = 500
    return packet


def frames(path: Path) -> list[tuple[float, Array]]:
    """Every frame's time in seconds, from the first on, and its (H, W, 3) pixels as they lie in the file."""
    with av.open(str(path)) as file:
        found = list(file.decode(video=0))
        return [(float((f.pts - found[0].pts) * f.time_base), f.to_ndarray(format="rgb24")) for f in found]


def loudness(path: Path) -> list[tuple[str, float, int]]:
    """Of every stream of sound: its decoder, its length in seconds, and the tone in hertz that is strongest in it."""
    found = []
    with av.open(str(path)) as file:
        streams = len(file.streams.audio)
    for number in range(streams):
        with av.open(str(path)) as file:
            stream = file.streams.audio[number]
            samples = np.concatenate([_left(frame) for frame in file.decode(stream)])
            strongest = round(int(np.abs(np.fft.rfft(samples)).argmax()) * stream.rate / len(samples))
            found.append((stream.codec_context.name, len(samples) / stream.rate, strongest))
    return found


def _left(frame: Any) -> Array:
    samples = frame.to_ndarray().astype(np.float64)
    return samples[0] if frame.format.is_planar else samples[0][:: frame.layout.nb_channels]
