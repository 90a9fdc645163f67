"""Many images through one model: the next is read and the last written while the network works on one.

Each failed job becomes an `Outcome` with an error, and stops no other job.
"""

from __future__ import annotations

import io
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from ganzoo.batch import rasters
from ganzoo.batch.jobs import STREAM, Job, Outcome, Work
from ganzoo.errors import GanzooError, OptionError
from ganzoo.image_io import decoding, encoding
from ganzoo.image_io.several_files import named_parts
from ganzoo.image_io.video import translation
from ganzoo.inference.image_pass import Progress

if TYPE_CHECKING:
    from ganzoo.image_io.decoding import DecodedImage
    from ganzoo.loading.model import Model

T = TypeVar("T")
FIRST_FRAME = "it has more frames or pages, and the first was translated."
WHOLE_GIF = " With -o NAME.gif all of them are."


def run(work: Work, model: Model, jobs: Iterable[Job], on_progress: Progress | None = None) -> Iterator[Outcome]:
    """Do the jobs in order, and yield what became of each.

    Args:
        work: what to do with each job.
        model: from ``work.open()``.
        jobs: images and videos.
        on_progress: called with the share of the current job that is done, where it is processed in pieces.
    """
    with (
        ThreadPoolExecutor(1) as reader,
        ThreadPoolExecutor(1) as writer,
        closing(_read_ahead(work, model, jobs, reader)) as images,
    ):
        translated = (_translate(work, model, job, image, on_progress) for job, image in images)
        yield from _write_behind(work, translated, writer)


def do(work: Work, model: Model, job: Job) -> Outcome:
    """Do one job, from reading to writing."""
    (outcome,) = run(work, model, [job])
    return outcome


def is_raster(work: Work, model: Model, job: Job) -> bool:
    """Return whether a job is translated as a raster: the model has channels, or some of a file are chosen."""
    chosen = bool(work.selection) or bool(named_parts(job.source))
    return not job.is_video() and (model.card.uses_rasters or chosen)


def _read_ahead(
    work: Work, model: Model, jobs: Iterable[Job], reader: ThreadPoolExecutor
) -> Generator[tuple[Job, Future[DecodedImage] | None], None, None]:
    """Yield each job with its image, None for a video or a raster, while the next image is being read."""
    ahead: deque[tuple[Job, Future[DecodedImage] | None]] = deque()
    try:
        for job in jobs:
            whole = not job.is_video() and not is_raster(work, model, job)
            ahead.append((job, reader.submit(read, work, job) if whole else None))
            if len(ahead) > 1:
                yield ahead.popleft()
        yield from _drain(ahead)
    finally:  # the caller may stop early
        for _, image in ahead:
            if image is not None:
                image.cancel()


def _translate(
    work: Work, model: Model, job: Job, reading: Future[DecodedImage] | None, on_progress: Progress | None
) -> tuple[Outcome, DecodedImage | None]:
    """Return the outcome so far, and the image to be written; None for a failure, a video or a raster."""
    try:
        if is_raster(work, model, job):
            return Outcome(job, notes=tuple(_translate_raster(work, model, job, on_progress))), None
        if reading is None:
            _translate_video(work, model, job, on_progress)
            return Outcome(job), None
        image = reading.result()
        _check_work(work, model, image)
        translated = model.translate_decoded(image, work.settings, on_progress)
    except GanzooError as error:
        return _failed(job, error), None
    size = image.rgb.shape[0], image.rgb.shape[1]
    working_size = model.working_size(*size, work.settings.size)
    note = FIRST_FRAME + WHOLE_GIF * job.source.lower().endswith(".gif")
    notes = (note,) if image.more else ()
    return Outcome(job, worked_at=None if working_size == size else working_size, notes=notes), translated


def _translate_raster(work: Work, model: Model, job: Job, on_progress: Progress | None) -> list[str]:
    if STREAM in (job.source, job.target):
        raise OptionError("Images of any channels are read in windows: give files, not -.")
    return rasters.translate_file(
        model, job.source, job.target, work.selection, work.settings, work.max_pixels, on_progress
    )


def _check_work(work: Work, model: Model, image: DecodedImage) -> None:
    """Raise OptionError where an image would be processed at more pixels than the limit for images."""
    height, width = model.working_size(image.rgb.shape[0], image.rgb.shape[1], work.settings.size)
    limit = max(work.max_pixels or decoding.MAX_PIXELS, image.rgb.shape[0] * image.rgb.shape[1])
    if height * width > limit:
        raise OptionError(
            f"size {work.settings.size} means {width}x{height} pixels, more than the limit of {limit}. Choose a "
            f"smaller size, or raise the limit: --max-pixels {height * width}."
        )


def _translate_video(work: Work, model: Model, job: Job, on_progress: Progress | None) -> None:
    translation.translate_video(
        job.source,
        job.target,
        lambda frame: model.translate_decoded(frame, work.settings),
        temporal_smoothing=work.temporal_smoothing,
        progress=None if on_progress is None else lambda done, frames: on_progress(done / max(frames, 1)),
    )


def _write_behind(
    work: Work, translated: Iterable[tuple[Outcome, DecodedImage | None]], writer: ThreadPoolExecutor
) -> Iterator[Outcome]:
    """Yield each job's final outcome, while the image before the current one is being written."""
    behind: deque[Future[Outcome]] = deque()
    try:
        for outcome, image in translated:
            behind.append(writer.submit(_finish, work, outcome, image))
            if len(behind) > 1:
                yield behind.popleft().result()
        yield from (future.result() for future in _drain(behind))
    finally:  # the caller may stop early
        for future in behind:
            future.cancel()


def _drain(queue: deque[T]) -> Iterator[T]:
    while queue:
        yield queue.popleft()


def _finish(work: Work, outcome: Outcome, image: DecodedImage | None) -> Outcome:
    if image is None:
        return outcome
    try:
        write(work, image, outcome.job)
    except GanzooError as error:
        return _failed(outcome.job, error)
    return outcome


def read(work: Work, job: Job) -> DecodedImage:
    """Decode a job's image. Raises ImageError."""
    source: Any = job.source
    if source == STREAM:
        source = io.BytesIO(sys.stdin.buffer.read())
        source.name = "Standard input"  # for messages
    return decoding.read(source, max_pixels=work.max_pixels or None, srgb=not work.keep_metadata)


def write(work: Work, image: DecodedImage, job: Job) -> None:
    """Encode a job's result. Raises OutputError."""
    if job.target == STREAM:
        encoding.save_decoded(image, sys.stdout.buffer, work.format, keep_metadata=work.keep_metadata)
        sys.stdout.flush()  # a full disk or a closed pipe fails here, where the error can still be reported
    else:
        encoding.save_decoded(image, job.target, keep_metadata=work.keep_metadata)


def _failed(job: Job, error: GanzooError) -> Outcome:
    """Return the outcome of a job that raised ``error``, with the job's file in the message."""
    cause = error.__cause__
    lasting = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
    refused = isinstance(cause, OSError) and cause.errno is not None  # by the system; Pillow's errors have no number
    text = str(error)
    if job.source != STREAM and not any(path in text for path in (job.source, job.target)):
        text = f"{job.source}: {text}"
    return Outcome(job, text, passing=refused and not isinstance(cause, lasting))
