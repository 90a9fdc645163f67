"""Many pictures through one model: reading and writing go on beside the network, and a failure stops nothing else."""

from __future__ import annotations

import io
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import GanzooError
from ganzoo.image_io import decoding, encoding, image_paths
from ganzoo.image_io.video import translation
from ganzoo.inference.translation import Progress, Settings
from ganzoo.loading import load

if TYPE_CHECKING:
    from ganzoo.image_io.decoding import DecodedImage
    from ganzoo.loading.model import Model

STREAM = "-"  # standard input, or output


@dataclass(frozen=True)
class Job:
    """A picture or a video to translate: paths, or "-"."""

    source: str
    target: str


@dataclass(frozen=True)
class Work:
    """What to do with every job. Plain data, so that other processes and machines can be told.

    ref, load       the model, and keyword arguments of `ganzoo.load`
    max_pixels      pictures with more are refused; 0: `images.MAX_PIXELS`
    keep_metadata   color profile and EXIF go on to the result; else colors become sRGB
    format          of pictures written to a stream
    steady          strength of `translation.translate_video`'s smoothing over time
    """

    ref: str
    load: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    max_pixels: int = 0
    keep_metadata: bool = False
    format: str = "png"
    temporal_smoothing: float = 0.0

    def open(self, log: Callable[[str], None] | None = None) -> Model:
        """Load the model and start its engine: whatever is wrong with them is told once, not for every picture."""
        model = load.load(self.ref, **self.load, log=log)
        _ = model.engine
        return model


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    error      "" where it is done
    worked_at  (height, width) where that is not the picture's own
    passing    the error's cause may pass: the system refused to read or write
    """

    job: Job
    error: str = ""
    worked_at: tuple[int, int] | None = None
    passing: bool = False


def run(work: Work, model: Model, jobs: Iterable[Job], progress: Progress | None = None) -> Iterator[Outcome]:
    """Do the jobs in their order: the next is read, and the last written, while the network works on one."""
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        ahead: deque[tuple[Job, Future[DecodedImage] | None]] = deque()
        behind: deque[tuple[Job, Future[Outcome]]] = deque()
        remaining = iter(jobs)
        try:
            while True:
                for job in remaining:
                    ahead.append((job, None if is_moving(job.source, job.target) else reader.submit(read, work, job)))
                    if len(ahead) == 2:
                        break
                if not ahead:
                    break
                job, reading = ahead.popleft()
                behind.append((job, _written(work, model, job, reading, writer, progress)))
                while len(behind) > 1:
                    yield behind.popleft()[1].result()
            while behind:
                yield behind.popleft()[1].result()
        finally:  # of what was not begun, when the caller has had enough
            for waiting in (*ahead, *behind):
                if waiting[1] is not None:
                    waiting[1].cancel()


def do(work: Work, model: Model, job: Job) -> Outcome:
    """Do one job, from reading to writing."""
    (outcome,) = run(work, model, [job])
    return outcome


def read(work: Work, job: Job) -> DecodedImage:
    """Decode a job's picture. Raises ImageError."""
    source: Any = job.source
    if source == STREAM:
        source = io.BytesIO(sys.stdin.buffer.read())
        source.name = "Standard input"  # for messages
    return decoding.read(source, max_pixels=work.max_pixels or None, srgb=not work.keep_metadata)


def write(work: Work, picture: DecodedImage, job: Job) -> None:
    """Encode a job's result. Raises OutputError."""
    if job.target == STREAM:
        encoding.save_decoded(picture, sys.stdout.buffer, work.format, keep_metadata=work.keep_metadata)
        sys.stdout.flush()  # a full disk or a closed pipe shows here, where it can be told
    else:
        encoding.save_decoded(picture, job.target, keep_metadata=work.keep_metadata)


def _written(
    work: Work,
    model: Model,
    job: Job,
    reading: Future[DecodedImage] | None,
    writer: ThreadPoolExecutor,
    progress: Progress | None,
) -> Future[Outcome]:
    """Translate, and return what will be the outcome once the result is written."""
    at_once: Future[Outcome] = Future()
    try:
        if reading is None:
            _video(work, model, job, progress)
            at_once.set_result(Outcome(job))
            return at_once
        picture = reading.result()
        made = model.translate_decoded(picture, work.settings, progress)
    except GanzooError as error:
        at_once.set_result(_failed(job, error))
        return at_once
    own = picture.rgb.shape[0], picture.rgb.shape[1]
    size = model.working_size(*own, work.settings.size)
    return writer.submit(_finish, work, made, Outcome(job, worked_at=None if size == own else size))


def _finish(work: Work, picture: DecodedImage, outcome: Outcome) -> Outcome:
    try:
        write(work, picture, outcome.job)
    except GanzooError as error:
        return _failed(outcome.job, error)
    return outcome


def _failed(job: Job, error: GanzooError) -> Outcome:
    cause = error.__cause__
    lasting = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
    refused = isinstance(cause, OSError) and cause.errno is not None  # by the system; Pillow's have no number
    text = str(error)
    if job.source != STREAM and not any(part in text for part in (job.source, job.target)):
        text = f"{job.source}: {text}"  # among many, which one it was
    return Outcome(job, text, passing=refused and not isinstance(cause, lasting))


def _video(work: Work, model: Model, job: Job, progress: Progress | None) -> None:
    translation.translate_video(
        job.source,
        job.target,
        lambda frame: model.translate_decoded(frame, work.settings),
        temporal_smoothing=work.temporal_smoothing,
        progress=None if progress is None else lambda done, frames: progress(done / max(frames, 1)),
    )


def is_moving(source: str, target: str) -> bool:
    """Tell whether a job is a video's. A GIF is one where the result is to move too; else its first frame counts."""
    if source == STREAM or not translation.is_video_path(source):
        return False
    return not image_paths.is_image_path(source) or translation.is_video_path(target)


def is_done(job: Job) -> bool:
    """Tell whether a job's result is there already. Results appear whole or not at all."""
    return job.target != STREAM and Path(job.target).is_file()
