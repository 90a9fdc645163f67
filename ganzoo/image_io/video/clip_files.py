"""Clips that a model made -> files that play: animated GIFs by Pillow, videos by PyAV."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.files.atomic import replacing
from ganzoo.image_io import grids
from ganzoo.image_io.encoding import check_target
from ganzoo.image_io.video.formats import Kind
from ganzoo.image_io.video.reader import conversion, usual_matrix
from ganzoo.image_io.video.translation import check_installed, kind_of

if TYPE_CHECKING:
    from PIL import Image

FPS = 8.0
FASTEST = {"gif": 50, "avi": 60}  # browsers slow down what is shorter than 2 hundredths; 240 for all others


def save_clip(frames: Sequence[Image.Image], target: str | os.PathLike[str], fps: float = FPS) -> None:
    """Write a clip, as a list of PIL images of one size, to a path: .gif, .mp4, .webm or another kind of video.

    fps   frames a second; GIF counts hundredths of a second, and takes the nearest
    It appears whole or not at all; GIF is played again and again. H.264 (.mp4, .mov, .mkv, .m4v) needs even sides: odd
    ones grow by a copy of the last row or column. Raises OutputError for a target that cannot be written, OptionError
    for another ``fps``, and where a video is asked for and PyAV is not installed, ImageError for frames of several
    sizes, or none.
    """
    kind = check_clip_target(target, fps)
    if not frames or len({frame.size for frame in frames}) > 1:
        raise ImageError(f"A clip needs frames of one size, not {len({f.size for f in frames})} sizes. Resize them.")
    with replacing(Path(target)) as temporary:
        if kind.container == "gif":
            _write_gif(frames, temporary, fps)
        else:
            _write_video(frames, temporary, Path(target), kind, fps)


def check_clip_target(target: str | os.PathLike[str], fps: float = FPS) -> Kind:
    """Return the kind of video that a path names. Raises, before any work, what `save_clip` would raise for it."""
    kind = kind_of(Path(target))
    check_target(Path(target).with_suffix(".gif"))  # whether a file can be there
    most = FASTEST.get(kind.container, 240)
    if not 0.1 <= fps <= most:
        raise OptionError(f"fps={fps:g} is not right: {Path(target).suffix} takes 0.1 to {most} frames a second.")
    if kind.container != "gif":
        check_installed(kind)
    return kind


def joined(clips: Sequence[Sequence[Image.Image]]) -> list[Image.Image]:
    """Return one clip that shows all of them side by side, in rows and columns."""
    return [grids.grid(frames) for frames in zip(*clips, strict=True)]


def sheet(clips: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Return one picture with a row for each clip, its frames from left to right."""
    return grids.grid([frame for clip in clips for frame in clip], columns=len(clips[0]))


def _write_gif(frames: Sequence[Image.Image], path: Path, fps: float) -> None:
    shown = max(2, round(100 / fps)) * 10  # milliseconds, whole hundredths of a second
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], duration=shown, loop=0)


def _write_video(frames: Sequence[Image.Image], temporary: Path, path: Path, kind: Kind, fps: float) -> None:
    import av

    try:
        options = kind.container_options
        with av.open(f"file:{temporary}", "w", kind.container, container_options=options) as file:
            _encode([_pixels(frame, kind) for frame in frames], file, kind, fps)
    except av.FFmpegError as error:
        raise OutputError(
            f"Cannot write {path}: {error.strerror}. Choose a folder that has space, or another suffix."
        ) from error


def _encode(frames: list[Any], file: Any, kind: Kind, fps: float) -> None:
    from av import VideoFrame

    height, width = frames[0].shape[:2]
    matrix = usual_matrix(height, width)
    stream = file.add_stream(
        kind.pictures, Fraction(fps).limit_denominator(1000), dict(kind.options), width=width, height=height
    )
    stream.codec_context.colorspace, stream.codec_context.color_range = matrix, 1
    for number, pixels in enumerate(frames):
        frame = VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p", **conversion(matrix, 2, 1))
        frame.pts, frame.time_base = number, 1 / stream.codec_context.framerate
        file.mux(stream.encode(frame))
    file.mux(stream.encode())


def _pixels(frame: Image.Image, kind: Kind) -> Any:
    """Return (H, W, 3) uint8, with even sides where the encoder needs them."""
    rgb = np.asarray(frame.convert("RGB"))
    even = kind.pictures == "libx264"
    height, width = rgb.shape[:2]
    return np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if even else rgb
