"""What a batch translates: jobs, what to do with each, and what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.batch.rasters import Selection
from ganzoo.cards import references
from ganzoo.image_io import image_paths
from ganzoo.image_io.several_files import named_parts
from ganzoo.image_io.video.formats import is_video_path
from ganzoo.inference.image_pass import Settings
from ganzoo.loading import load

if TYPE_CHECKING:
    from ganzoo.loading.model import Model

STREAM = "-"  # standard input, or output


@dataclass(frozen=True)
class Job:
    """An image or a video to translate: paths, or "-" for standard input and output."""

    source: str
    target: str

    def is_video(self) -> bool:
        """Return whether this is a video. A GIF is one if the target is a video too; else its first frame is used."""
        if self.source == STREAM or not is_video_path(self.source):
            return False
        return not image_paths.is_image_path(self.source) or is_video_path(self.target)

    def is_done(self) -> bool:
        """Return whether the result exists already. Results appear whole or not at all."""
        target = Path(self.target)
        return self.target != STREAM and (target.is_file() or (target.is_dir() and any(target.iterdir())))

    def anywhere(self) -> Job:
        """Return the same job with paths that mean the same in every working folder."""
        parts = named_parts(self.source)
        source = ",".join(f"{name}={_absolute(path)}" for name, path in parts.items()) or _absolute(self.source)
        return Job(source, _absolute(self.target))


@dataclass(frozen=True)
class Work:
    """What to do with every job. Plain data, so that it can be sent to other processes and machines.

    Args:
        ref: the model.
        load: keyword arguments of `ganzoo.load`.
        settings: how to translate.
        max_pixels: images with more are refused; 0: `ganzoo.image_io.decoding.MAX_PIXELS`.
        keep_metadata: copy color profile and EXIF to the result; else colors become sRGB.
        format: of images written to standard output.
        temporal_smoothing: strength of the smoothing of videos over time, see `translate_video`.
        selection: of files with several channels or images, what is translated.
    """

    ref: str
    load: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    max_pixels: int = 0
    keep_metadata: bool = False
    format: str = "png"
    temporal_smoothing: float = 0.0
    selection: Selection = field(default_factory=Selection)

    def open(self, log: Callable[[str], None] | None = None) -> Model:
        """Load the model and start its engine, so that their errors are raised once and not for every image."""
        model = load.load(self.ref, **self.load, log=log)
        _ = model.engine
        return model

    def anywhere(self) -> Work:
        """Return the same work with paths that mean the same in every working folder: of model and images."""
        calibration = [_absolute(image) for image in self.load.get("calibration", ())]
        inputs = {name: value if name == "label" else _absolute(value) for name, value in self.settings.inputs.items()}
        return replace(
            self,
            ref=references.locate_anywhere(self.ref),
            load={**self.load, "calibration": calibration},
            settings=replace(self.settings, inputs=inputs),
        )


def _absolute(image: Any) -> Any:
    """Return an absolute path for a path; "-" and what is not a path remain."""
    return os.path.abspath(image) if isinstance(image, (str, os.PathLike)) and image != STREAM else image


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Args:
        job: the job.
        error: "" if it is done.
        worked_at: (height, width) at which it was translated, if that is not the image's own.
        passing: whether the error may go away: the system refused to read or write.
        notes: what the user should know of the result, a sentence each.
    """

    job: Job
    error: str = ""
    worked_at: tuple[int, int] | None = None
    passing: bool = False
    notes: tuple[str, ...] = ()
