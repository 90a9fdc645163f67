"""What `ganzoo generate` made, and where it goes: pictures or clips, one grid or single files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganzoo.cli import targets
from ganzoo.errors import OptionError
from ganzoo.image_io import images
from ganzoo.image_io.video import clip_files, translation
from ganzoo.loading.model import Model


def check(output: str) -> None:
    """Raise OutputError, before any work, for what neither pictures nor clips can be written to."""
    if targets.is_folder(output):
        targets.check_folder(output)
    elif output != "-" and not translation.is_video_path(output):
        targets.check_file(output, "single files")


def writer(model: Model, output: str, fps: float | None) -> Callable[[list[Any]], None]:
    """Return what writes all that a model made. Raises OptionError and OutputError where that cannot be done."""
    return (_of_clips if makes_clips(model) else _of_pictures)(model, output, fps)


def done(model: Model, output: str, number: int) -> str:
    """Return what there is to say afterwards."""
    return (
        f"{number} {'clips' if makes_clips(model) else 'pictures'} in {output}" if targets.is_folder(output) else output
    )


def makes_clips(model: Model) -> bool:
    return model.card.does.makes == "clip"


def _of_pictures(model: Model, output: str, fps: float | None) -> Callable[[list[Any]], None]:
    """Return what writes pictures. Raises OptionError where only clips can be written so."""
    if fps is not None:
        raise OptionError(f"{model.card.name} makes pictures, which do not move. Leave out --fps.")
    if targets.is_folder(output):
        return lambda made: _save_each(made, output, ".png", images.save)
    if translation.is_video_path(output) and not images.is_image_path(output):
        raise OptionError(f"{model.card.name} makes pictures, and '{output}' is a video. Write to a .png, say.")
    if output != "-":
        targets.check_file(output, "single files")
    return lambda made: targets.save(images.grid(made), output)


def _of_clips(model: Model, output: str, fps: float | None) -> Callable[[list[Any]], None]:
    """Return what writes clips. Raises OptionError and OutputError where they cannot be written so."""
    rate = clip_files.FPS if fps is None else fps
    if targets.is_folder(output):
        clip_files.check_clip_target("clip.gif", rate)
        return lambda made: _save_each(made, output, ".gif", lambda clip, path: clip_files.save_clip(clip, path, rate))
    if translation.is_video_path(output):
        clip_files.check_clip_target(output, rate)
        return lambda made: clip_files.save_clip(clip_files.joined(made), output, rate)
    if fps is not None:
        raise OptionError(
            f"'{output}' does not move: leave out --fps, or write to one of {' '.join(translation.SUFFIXES)}."
        )
    return lambda made: targets.save(clip_files.sheet(made), output)


def _save_each(made: list[Any], output: str, suffix: str, save: Callable[[Any, Path], None]) -> None:
    digits = max(4, len(str(len(made) - 1)))
    for index, one in enumerate(made):
        save(one, Path(output) / f"{index:0{digits}d}{suffix}")
