"""Video in, video out: every picture translated; times, sound and colors as they were.

Three threads work side by side: one decodes, the caller's translates, one encodes. What waits between them is bounded,
so memory does not grow with the length.

Kept: when each picture is shown, its proportions, the color matrix and range, all sound and subtitles with their
languages. Sound whose coding the new container does not hold is encoded anew, as stereo at most; such subtitles are
left out, as are further video streams, chapters, data, titles, and streams that PyAV cannot decode. GIF holds no sound,
and 50 pictures a second at most, AVI 60: those between are left out; in AVI, sound starts with the pictures. 10-bit
video becomes 8-bit, and what was transparent white, but for GIF. H.264 in 4:2:0, which plays everywhere, has even
sides: odd ones grow by one pixel, a copy of their last. WebM, AVI and GIF keep odd sides.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from ganzoo.errors import ImageError, MissingPackage, OutputError
from ganzoo.files.atomic import replacing
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.image_io.video.formats import KINDS, Kind
from ganzoo.image_io.video.formats import SUFFIXES as SUFFIXES
from ganzoo.image_io.video.formats import is_video_path as is_video_path
from ganzoo.image_io.video.queues import BoundedQueue, Stopped
from ganzoo.image_io.video.reader import VideoFrame, VideoReader
from ganzoo.image_io.video.temporal_smoothing import TemporalSmoothing
from ganzoo.image_io.video.writer import VideoWriter


def translate_video(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    translate: Callable[[DecodedImage], DecodedImage],
    *,
    temporal_smoothing: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write ``target``, the video ``source`` with every picture translated; return how many.

    ``translate`` is called in this thread, in order, with 8-bit pictures; its own may be of another size, all of one.
    ``steady`` is the strength of `TemporalSmoothing`, 0 is off. ``progress`` is told how many pictures are done, and of about
    how many (0 where the file does not say).
    ``target`` appears whole or not at all. Of a damaged ``source``, what can be decoded is translated and kept beside
    the target as NAME.partial.SUFFIX, and an ImageError says where the damage begins. Not all damage can be seen: least
    in VP9 and GIF, nor the early end of a WebM that states no length.
    Raises ImageError also for what is no video, OutputError for a target that cannot be written, OptionError where
    PyAV is not installed or ``steady`` is out of range, and whatever ``translate`` and ``progress`` raise.
    """
    path = Path(target)
    kind = kind_of(path)
    smoothing = TemporalSmoothing(temporal_smoothing)
    check_installed(kind)
    with VideoReader(Path(source), kind) as reader, replacing(path) as temporary:
        count = _translated(reader, VideoWriter(temporary, path, kind, reader, smoothing), translate, progress)
        reader.close()  # it may be the target as well
        if reader.damaged_at is not None:
            raise _kept_as_partial(reader, temporary, path, count)
    return count


def kind_of(path: Path) -> Kind:
    """Return how a video of that suffix is written. Raises OutputError where it is none."""
    if not is_video_path(path):
        raise OutputError(
            f"'{path.suffix}' is no kind of video that can be written. Choose one of {' '.join(SUFFIXES)}."
        )
    return KINDS[path.suffix.lower()]


def require_pyav() -> None:
    """Raise MissingPackage where PyAV is not installed."""
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise MissingPackage.of("Video", "PyAV", "video") from error


def check_installed(kind: Kind) -> None:
    """Raise MissingPackage where PyAV is not installed, OutputError where it cannot write videos of this kind."""
    require_pyav()
    import av

    if kind.pictures not in av.codecs_available:
        raise OutputError(
            f"This build of PyAV has no encoder '{kind.pictures}'. Install that of PyPI: "
            "pip install --force-reinstall --only-binary av av"
        )


def _kept_as_partial(reader: VideoReader, temporary: Path, path: Path, count: int) -> ImageError:
    """Keep what there is, under a name that nobody takes for the whole; return the error that says so."""
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    os.replace(temporary, partial)
    whole = f" of {reader.seconds:.2f}" if reader.seconds else ""
    return ImageError(
        f"{reader.name} is damaged at {reader.damaged_at:.2f}{whole} s. What could be decoded, {count} pictures, is in "
        f"{partial}. Use that, or get a whole copy of {reader.name}."
    )


def _translated(
    reader: VideoReader,
    writer: VideoWriter,
    translate: Callable[[DecodedImage], DecodedImage],
    progress: Callable[[int, int], None] | None,
) -> int:
    """Run all three; what one of them raises ends the others."""
    decoded: BoundedQueue[VideoFrame] = BoundedQueue()
    translated: BoundedQueue[tuple[VideoFrame, DecodedImage | None]] = BoundedQueue()
    threads = [
        threading.Thread(target=decoded.fill, args=(reader.shots(),), daemon=True),
        threading.Thread(target=translated.empty, args=(writer.write,), daemon=True),
    ]
    for thread in threads:
        thread.start()
    count = 0
    try:
        for video_frame in decoded:
            translated.put((video_frame, video_frame.picture and translate(video_frame.picture)))
            if video_frame.picture:
                count += 1
                if progress:
                    progress(count, reader.count and max(count, reader.count))
        if not count:
            raise ImageError(f"{reader.name} holds no picture that can be decoded. Check that the file is whole.")
        translated.end()
        threads[1].join()
        translated.check()
    finally:
        for queue in (decoded, translated):
            queue.end(Stopped())
        for thread in threads:
            thread.join()
    return count
