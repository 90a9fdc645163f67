"""A camera's frames, translated as they come. Of those that come while one is translated only the newest is kept."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from ganzoo.errors import ImageError, OutputError
from ganzoo.files.atomic import replacing
from ganzoo.image_io.decoding import Array, DecodedImage
from ganzoo.image_io.video.colors import FULL, LIMITED, color_conversion, default_matrix
from ganzoo.image_io.video.formats import VideoFormat, find_format, require_encoder, require_pyav
from ganzoo.image_io.video.temporal_smoothing import TemporalSmoothing
from ganzoo.image_io.video.writer import pad_to_even

T = TypeVar("T")
TICK = Fraction(1, 1000)  # seconds
RATE = 30  # frames a second that encoders are told; each frame has a time of its own
DEVICES = {"linux": ("v4l2", "/dev/video{}"), "darwin": ("avfoundation", "{}"), "win32": ("dshow", "video={}")}


class NewestItem(Generic[T]):
    """A queue of one: a new item takes the place of one that nobody took in time.

    Attributes:
        dropped: How many were replaced.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._items: list[T] = []
        self._changed = threading.Condition()
        self._ended = False
        self._error: BaseException | None = None

    def put(self, item: T) -> bool:
        """Offer an item; return whether anybody still takes items."""
        with self._changed:
            self.dropped += len(self._items)
            self._items = [item]
            self._changed.notify_all()
            return not self._ended

    def end(self, error: BaseException | None = None) -> None:
        """Let the last item out, and then nothing more, or the error."""
        with self._changed:
            self._ended, self._error = True, self._error or error
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Wait for each item; stop after the last. Raises the error with which it was ended."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._items)
                if not self._items:
                    if self._error:
                        raise self._error
                    return
                item = self._items.pop()
            yield item


@dataclass(frozen=True)
class LiveState:
    """How a translation of a camera goes.

    Attributes:
        frames: Translated so far.
        dropped: Frames that came too late to be translated.
        latency: Seconds from the last frame's arrival to its translation.
        rate: Translated frames per second, over the whole time.
    """

    frames: int
    dropped: int
    latency: float
    rate: float


def translate_camera(
    source: str,
    target: Path,
    translate: Callable[[DecodedImage], DecodedImage],
    *,
    seconds: float = 0.0,
    temporal_smoothing: float = 0.0,
    on_frame: Callable[[LiveState], None] = lambda state: None,
) -> LiveState:
    """Write what a camera sees, translated, to a video file until the camera ends, ``seconds`` are over, or Ctrl-C.

    Args:
        source: A camera's number or name, or a video file, which is played at its own speed in place of one.
        target: MP4, MOV, MKV or WebM.
        translate: Called in this thread with 8-bit images.
        seconds: How long; 0: without an end.
        temporal_smoothing: Strength of `TemporalSmoothing`.
        on_frame: Called after each frame.

    Raises:
        ImageError: There is no such camera, or it sends nothing.
        OutputError: The file cannot be written.
        MissingPackage: PyAV is not installed.
    """
    require_pyav()
    video_format, smoothing = find_format(target), TemporalSmoothing(temporal_smoothing)
    if video_format.container in ("gif", "avi"):
        raise OutputError(f"A camera's frames have no fixed rate, which {target.suffix} needs. Write .mp4 or .webm.")
    require_encoder(video_format)
    state = LiveState(0, 0, 0.0, 0.0)
    newest: NewestItem[tuple[float, Array]] = NewestItem()
    with _open(source) as camera, replacing(target) as temporary:
        reading = threading.Thread(target=_read, args=(camera, Path(source).is_file(), newest), daemon=True)
        began = time.monotonic()
        writer = _Writer(temporary, video_format)
        reading.start()
        try:
            for arrived, rgb in newest:
                result = smoothing.next(rgb, translate(DecodedImage(rgb, None, gray=False, name=source)).rgb)
                now = time.monotonic()
                writer.write(result, arrived - began)
                state = LiveState(
                    state.frames + 1, newest.dropped, now - arrived, (state.frames + 1) / max(now - began, 1e-9)
                )
                on_frame(state)
                if seconds and now - began >= seconds:
                    break
        except KeyboardInterrupt:  # the user has seen enough
            pass
        finally:
            newest.end()
            reading.join()
            writer.close()
        if not state.frames:
            raise ImageError(f"The camera {source} sent no frame. Check that nothing else uses it.")
    return state


def _open(source: str) -> Any:
    """Open a camera, or a video file in place of one."""
    import av

    driver, pattern = DEVICES.get(sys.platform, DEVICES["linux"])
    name = pattern.format(source) if source.isdecimal() or sys.platform != "linux" else source
    try:
        if Path(source).is_file():
            return av.open(f"file:{source}", options={"format_whitelist": "mov,matroska,webm,avi"})
        return av.open(name, format=driver)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise ImageError(
            f"The camera {source} cannot be opened: {getattr(error, 'strerror', None) or error}. "
            "Give a camera's number, such as 0, its name, or a video file."
        ) from error


def _read(camera: Any, in_real_time: bool, newest: NewestItem[tuple[float, Array]]) -> None:
    """Offer every frame when it arrives; a file's frames arrive at their times."""
    began = time.monotonic()
    try:
        for frame in camera.decode(video=0):
            if in_real_time and frame.time:
                time.sleep(max(0.0, began + frame.time - time.monotonic()))
            if not newest.put((time.monotonic(), frame.to_ndarray(format="rgb24"))):
                break
        newest.end()
    except Exception as error:  # unplugged, or a damaged file
        newest.end(ImageError(f"The camera broke off: {error}. Connect it again."))


class _Writer:
    """A video whose frames have times of their own. It is opened with the first frame, which decides its size."""

    def __init__(self, path: Path, video_format: VideoFormat) -> None:
        self._path, self._format = path, video_format
        self._file: Any = None
        self._last = -1

    def write(self, rgb: Array, seconds: float) -> None:
        from av import VideoFrame

        rgb = np.ascontiguousarray(pad_to_even(rgb, self._format))
        height, width = rgb.shape[:2]
        matrix = default_matrix(height, width)
        if self._file is None:
            self._open(width, height, matrix)
        frame = VideoFrame.from_ndarray(rgb, "rgb24")
        frame = frame.reformat(format="yuv420p", **color_conversion(matrix, FULL, LIMITED))
        self._last = frame.pts = max(self._last + 1, round(seconds / TICK))
        frame.time_base = TICK
        self._file.mux(self._video.encode(frame))

    def _open(self, width: int, height: int, matrix: int) -> None:
        import av

        chosen = self._format
        self._file = av.open(f"file:{self._path}", "w", chosen.container, container_options=chosen.container_options)
        options = (
            {**chosen.encoder_options, "preset": "veryfast"} if chosen.needs_even_sides else chosen.encoder_options
        )
        self._video = self._file.add_stream(chosen.video_encoder, RATE, options, width=width, height=height)
        context = self._video.codec_context
        context.time_base, context.colorspace, context.color_range = TICK, matrix, LIMITED

    def close(self) -> None:
        if self._file is not None:
            with suppress(ValueError):  # no frame was encoded
                self._file.mux(self._video.encode())
            self._file.close()
