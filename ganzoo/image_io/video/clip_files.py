"""Generated clips -> files that play: animated GIFs by Pillow, videos by PyAV."""

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
from ganzoo.image_io.video.colors import LIMITED, color_conversion, default_matrix
from ganzoo.image_io.video.formats import VideoFormat, find_format, require_encoder
from ganzoo.image_io.video.writer import pad_to_even

if TYPE_CHECKING:
    from PIL import Image

FPS = 8.0
MIN_FPS = 0.1
MAX_FPS = {"gif": 50, "avi": 60}  # browsers slow down frames shorter than 2 hundredths of a second; 240 for all others


def save_clip(frames: Sequence[Image.Image], target: str | os.PathLike[str], fps: float = FPS) -> None:
    """Write a clip to a file, which appears completely or not at all. A GIF is played in a loop.

    Args:
        frames: PIL images of one size. H.264 (.mp4, .mov, .mkv, .m4v) needs even sides: odd ones grow by a copy of the
            last row or column.
        target: A path with the suffix of a video format: .gif, .mp4, .webm, ...
        fps: Frames a second. GIF counts hundredths of a second, and takes the nearest.

    Raises:
        OutputError: ``target`` cannot be written.
        OptionError: ``fps`` is out of the format's range.
        MissingPackage: PyAV, which all formats but GIF need, is not installed.
        ImageError: There are no frames, or they differ in size.
    """
    video_format = check_clip_target(target, fps)
    if not frames or len({frame.size for frame in frames}) > 1:
        raise ImageError(f"A clip needs frames of one size, not {len({f.size for f in frames})} sizes. Resize them.")
    with replacing(Path(target)) as temporary:
        if video_format.container == "gif":
            _write_gif(frames, temporary, fps)
        else:
            _write_video(frames, temporary, Path(target), video_format, fps)


def check_clip_target(target: str | os.PathLike[str], fps: float = FPS) -> VideoFormat:
    """Return the video format of a path. Raises, before any work, the errors of `save_clip`."""
    video_format = find_format(Path(target))
    check_target(Path(target).with_suffix(".gif"))  # whether a file can be there
    max_fps = MAX_FPS.get(video_format.container, 240)
    if not MIN_FPS <= fps <= max_fps:
        raise OptionError(
            f"fps={fps:g} is not valid: {Path(target).suffix} takes {MIN_FPS} to {max_fps} frames a second."
        )
    if video_format.container != "gif":
        require_encoder(video_format)
    return video_format


def side_by_side(clips: Sequence[Sequence[Image.Image]]) -> list[Image.Image]:
    """Return one clip that shows all of them at the same time, in rows and columns."""
    return [grids.grid(frames) for frames in zip(*clips, strict=True)]


def frame_sheet(clips: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Return one image with a row for each clip, its frames from left to right."""
    return grids.grid([frame for clip in clips for frame in clip], columns=len(clips[0]))


def _write_gif(frames: Sequence[Image.Image], path: Path, fps: float) -> None:
    duration = max(2, round(100 / fps)) * 10  # milliseconds, whole hundredths of a second
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], duration=duration, loop=0)


def _write_video(
    frames: Sequence[Image.Image], temporary: Path, path: Path, video_format: VideoFormat, fps: float
) -> None:
    import av

    try:
        options = video_format.container_options
        with av.open(f"file:{temporary}", "w", video_format.container, container_options=options) as file:
            pixels = [pad_to_even(np.asarray(frame.convert("RGB")), video_format) for frame in frames]
            _encode(pixels, file, video_format, fps)
    except av.FFmpegError as error:
        raise OutputError(
            f"Cannot write {path}: {error.strerror}. Choose a folder that has space, or another suffix."
        ) from error


def _encode(frames: list[Any], file: Any, video_format: VideoFormat, fps: float) -> None:
    from av import VideoFrame

    height, width = frames[0].shape[:2]
    matrix = default_matrix(height, width)
    rate, options = Fraction(fps).limit_denominator(1000), dict(video_format.encoder_options)
    stream = file.add_stream(video_format.video_encoder, rate, options, width=width, height=height)
    stream.codec_context.colorspace, stream.codec_context.color_range = matrix, LIMITED
    conversion = color_conversion(matrix, 2, LIMITED)
    for number, pixels in enumerate(frames):
        frame = VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p", **conversion)
        frame.pts, frame.time_base = number, 1 / stream.codec_context.framerate
        file.mux(stream.encode(frame))
    file.mux(stream.encode())
