"""Video in, video out: every frame is translated; times, audio and colors stay the same.

Three threads run at the same time: one decodes, the caller's translates, one encodes. The queues between them are
bounded, so memory does not grow with the length.

Preserved: the time of each frame, pixel aspect, color matrix and range, all audio and subtitles with their languages.
Audio that the new container does not support is encoded again, as stereo at most; such subtitles are left out. So are
further video streams, chapters, data, titles, and streams that PyAV cannot decode. GIF has no audio, and at most 50
frames a second, AVI 60: frames in between are left out. In AVI, audio starts with the first frame. 10-bit video becomes
8-bit, and transparent pixels become white, except in GIF. H.264 in 4:2:0, which plays everywhere, has even sides: odd
ones grow by a copy of the last row or column. WebM, AVI and GIF keep odd sides.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from ganzoo.errors import ImageError
from ganzoo.files.atomic import replacing
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.image_io.video.formats import find_format, require_encoder
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
    """Write ``target``, the video ``source`` with every frame translated.

    ``target`` appears completely or not at all. Of a damaged ``source``, the frames that can be decoded are translated
    and saved next to the target as NAME.partial.SUFFIX, and an ImageError says where the damage begins. Not all damage
    can be detected, least of all in VP9 and GIF; nor can the early end of a WebM that does not state its length.

    Args:
        source: A video file.
        target: A path; its suffix decides the format.
        translate: Called in this thread, in order, with 8-bit images. Its results may have another size, the same for
            all frames.
        temporal_smoothing: Strength of `TemporalSmoothing` in [0, 1); 0 turns it off.
        progress: Called with the number of frames that are done, and about how many there are (0 where the file does
            not say).

    Returns:
        The number of frames.

    Raises:
        ImageError: ``source`` is damaged, or not a video.
        OutputError: ``target`` cannot be written.
        MissingPackage: PyAV is not installed.
        OptionError: ``temporal_smoothing`` is out of range. Errors of ``translate`` and ``progress`` pass through.
    """
    path = Path(target)
    video_format = find_format(path)
    smoothing = TemporalSmoothing(temporal_smoothing)
    require_encoder(video_format)
    with VideoReader(Path(source), video_format) as reader, replacing(path) as temporary:
        count = _run_threads(reader, VideoWriter(temporary, path, video_format, reader, smoothing), translate, progress)
        reader.close()  # it may be the target as well
        if reader.damaged_at is not None:
            raise _save_partial(reader, temporary, path, count)
    return count


def _save_partial(reader: VideoReader, temporary: Path, path: Path, count: int) -> ImageError:
    """Save what there is, under a name that nobody takes for the whole; return the error that says so."""
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    os.replace(temporary, partial)
    whole = f" of {reader.seconds:.2f}" if reader.seconds else ""
    return ImageError(
        f"{reader.name} is damaged at {reader.damaged_at:.2f}{whole} s. The {count} frames that could be decoded are "
        f"in {partial}. Use that file, or get a complete copy of {reader.name}."
    )


def _run_threads(
    reader: VideoReader,
    writer: VideoWriter,
    translate: Callable[[DecodedImage], DecodedImage],
    progress: Callable[[int, int], None] | None,
) -> int:
    """Run all three; an error in one of them ends the others."""
    decoded: BoundedQueue[VideoFrame] = BoundedQueue()
    translated: BoundedQueue[tuple[VideoFrame, DecodedImage | None]] = BoundedQueue()
    threads = [
        threading.Thread(target=decoded.fill, args=(reader.frames(),), daemon=True),
        threading.Thread(target=translated.drain, args=(writer.write,), daemon=True),
    ]
    for thread in threads:
        thread.start()
    count = 0
    try:
        for frame in decoded:
            translated.put((frame, frame.image and translate(frame.image)))
            if frame.image:
                count += 1
                if progress:
                    progress(count, reader.count and max(count, reader.count))
        if not count:
            raise ImageError(f"{reader.name} has no frame that can be decoded. Check that the file is complete.")
        translated.end()
        threads[1].join()
        translated.check()
    finally:
        for queue in (decoded, translated):
            queue.end(Stopped())
        for thread in threads:
            thread.join()
    return count
