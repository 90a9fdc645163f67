"""Where `ganzoo generate` writes images or clips: one grid, or single files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganzoo.cli import output_paths
from ganzoo.errors import OptionError
from ganzoo.image_io import encoding, grids, image_paths
from ganzoo.image_io.video import clip_files
from ganzoo.image_io.video.formats import VIDEO_SUFFIXES, is_video_path
from ganzoo.loading.model import Model


def check(output: str) -> None:
    """Check, before any work, that images or clips can be written to ``output``. Raises OutputError."""
    if output_paths.is_folder(output):
        output_paths.check_folder(output)
    elif output != "-" and not is_video_path(output):
        output_paths.check_file(output, "single files")


def choose_writer(model: Model, output: str, fps: float | None) -> Callable[[list[Any]], None]:
    """Return the function that writes everything the model generated.

    Raises:
        OptionError, OutputError: the output does not fit what the model generates.
    """
    return (_clip_writer if generates_clips(model) else _image_writer)(model, output, fps)


def summarize(model: Model, output: str, number: int) -> str:
    """Return the line to print when everything is written."""
    if not output_paths.is_folder(output):
        return output
    return f"{number} {'clips' if generates_clips(model) else 'images'} in {output}"


def generates_clips(model: Model) -> bool:
    return model.card.does.output == "clip"


def _image_writer(model: Model, output: str, fps: float | None) -> Callable[[list[Any]], None]:
    """Return the function that writes images. Raises OptionError where only clips fit."""
    if fps is not None:
        raise OptionError(f"{model.card.name} generates still images. Omit --fps.")
    if output_paths.is_folder(output):
        return lambda images: _save_each(images, output, ".png", encoding.save)
    if is_video_path(output) and not image_paths.is_image_path(output):
        raise OptionError(
            f"{model.card.name} generates images, but '{output}' is a video. Write to a .png, for example."
        )
    if output != "-":
        output_paths.check_file(output, "single files")
    return lambda images: output_paths.save(grids.grid(images), output)


def _clip_writer(model: Model, output: str, fps: float | None) -> Callable[[list[Any]], None]:
    """Return the function that writes clips. Raises OptionError or OutputError where they do not fit."""
    rate = clip_files.FPS if fps is None else fps
    if output_paths.is_folder(output):
        clip_files.check_clip_target("clip.gif", rate)
        return lambda clips: _save_each(
            clips, output, ".gif", lambda clip, path: clip_files.save_clip(clip, path, rate)
        )
    if is_video_path(output):
        clip_files.check_clip_target(output, rate)
        return lambda clips: clip_files.save_clip(clip_files.side_by_side(clips), output, rate)
    if fps is not None:
        raise OptionError(f"'{output}' is a still image. Omit --fps, or write to one of {' '.join(VIDEO_SUFFIXES)}.")
    return lambda clips: output_paths.save(clip_files.frame_sheet(clips), output)


def _save_each(items: list[Any], output: str, suffix: str, save: Callable[[Any, Path], None]) -> None:
    digits = max(4, len(str(len(items) - 1)))
    for index, item in enumerate(items):
        save(item, Path(output) / f"{index:0{digits}d}{suffix}")
