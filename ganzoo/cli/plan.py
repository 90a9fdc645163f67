"""Which image goes where: inputs (files, folders, patterns, -) and an output become jobs before any work is done."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ganzoo.batch.jobs import STREAM, Job
from ganzoo.cli import output_paths
from ganzoo.errors import ImageError, OptionError
from ganzoo.files.folders import matching_files
from ganzoo.image_io import image_paths, raster_files
from ganzoo.image_io.several_files import named_parts
from ganzoo.image_io.video.formats import VIDEO_SUFFIXES, is_video_path

INPUT_SUFFIXES = tuple(dict.fromkeys((*image_paths.SUFFIXES, ".npy", ".npz", *VIDEO_SUFFIXES)))
# The result has the input's format where that is one of these; other formats cannot be written, or would lose quality.
OUTPUT_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".npy", ".npz")


def plan_jobs(
    inputs: tuple[str, ...],
    output: str,
    recursive: bool = True,
    format: str = "",
    log: Callable[[str], None] | None = None,
) -> list[Job]:
    """Return a job for every image; folders keep their structure.

    Args:
        inputs: files, folders, patterns, or "-".
        output: a file, a folder, or "-".
        recursive: include subfolders.
        format: of the files written into a folder, such as "png"; "": the input's own where it can be written.
        log: called with a sentence on what was left out.

    Raises:
        OptionError, ImageError, OutputError: the inputs and the output do not fit together.
    """
    paths = [path for one in inputs for path in _expand(one)]
    if len(paths) == 1 and not _holds_images(Path(paths[0]), output, format):
        jobs = [Job(paths[0], _single_target(paths[0], output, format))]
    else:
        jobs = _plan_folder(paths, output, recursive, format, log)
    _check_targets(jobs)
    return jobs


def default_output(inputs: Sequence[str], ref: str, format: str = "") -> str:
    """Return a new name in the working folder for the results: the input's, with the model's behind it."""
    name = output_paths.model_part(ref)
    source = Path("stdin.png" if inputs[0] == STREAM else inputs[0])
    folder = _holds_images(source, "/", format) or _is_series(source, format)
    if len(inputs) > 1 or folder or (glob.has_magic(inputs[0]) and not source.exists()):
        stem = source.resolve().name if folder else "images"
        return output_paths.unused(f"{stem}-{name}", "") + "/"
    target = Path(_target_name(source.name, format))
    return output_paths.unused(f"{target.stem}-{name}", target.suffix)


def _check_targets(jobs: list[Job]) -> None:
    """Raise OptionError where two jobs have the same target, or a job would replace its input."""
    sources: dict[str, str] = {}
    for job in jobs:
        if job.target in sources:
            raise OptionError(
                f"Two inputs, {_describe(sources[job.target])} and {_describe(job.source)}, would both be written to "
                f"{job.target}. Translate them into different folders."
            )
        target = Path(job.target)
        if job.target != STREAM and target.exists() and Path(job.source).exists() and target.samefile(job.source):
            raise OptionError(f"{target} would replace its own input. Write to another folder or name.")
        sources[job.target] = job.source


def _expand(text: str) -> list[str]:
    """Return the files that a pattern matches, sorted; an existing path is never taken as a pattern."""
    if text == STREAM or not glob.has_magic(text) or Path(text).exists() or named_parts(text):
        return [text]
    paths = [path for path in matching_files(text, image_paths.refuse) if _is_supported(path)]
    if not paths:
        raise ImageError(f"No image matches '{text}'. Use ** in a pattern to include subfolders.")
    return paths


def _is_supported(path: str) -> bool:
    return path.lower().endswith(_input_suffixes())


def _input_suffixes() -> tuple[str, ...]:
    """Return the suffixes of files in folders that are translated: photographs, videos, and what readers say."""
    return tuple(dict.fromkeys((*INPUT_SUFFIXES, *raster_files.suffixes())))


def _describe(source: str) -> str:
    return "standard input" if source == STREAM else source


def _single_target(source: str, output: str, format: str) -> str:
    for one in named_parts(source).values() or [source]:
        if one != STREAM and not Path(one).exists():
            raise ImageError(f"No file {one}. Check the path.")
    if output_paths.is_folder(output):
        output_paths.check_folder(output)
        whole = _is_series(Path(source), format)
        return f"{output.rstrip('/' + os.sep)}/" if whole else str(Path(output) / _target_name(source, format))
    if output != STREAM:
        _check_file(source, output)
    return output


def _check_file(source: str, output: str) -> None:
    moving = Job(source, output).is_video()
    if moving and not is_video_path(output):
        raise OptionError(f"{source} is a video, but '{output}' is not. Write to one of {' '.join(VIDEO_SUFFIXES)}.")
    if not moving:
        output_paths.check_file(output, "a folder")


def _holds_images(path: Path, output: str, format: str) -> bool:
    """Return whether a path is a folder of images, and not one image that is a folder.

    A series of scans is both: it is a volume, unless --format asks for pictures of its slices.
    """
    if not path.is_dir() or not raster_files.is_image_folder(path):
        return path.is_dir()
    slices = raster_files.find_reader(path)[1].of_images and image_paths.is_image_path(f"x.{format}")
    return output_paths.is_folder(output) and slices


def _is_series(path: Path, format: str) -> bool:
    """Return whether a path is a folder with a series of scans, which becomes a folder of such files."""
    if format not in ("", "dcm") or not path.is_dir() or not raster_files.is_image_folder(path):
        return False
    return raster_files.find_reader(path)[1].of_images


def _plan_folder(
    inputs: list[str], output: str, recursive: bool, format: str, log: Callable[[str], None] | None
) -> list[Job]:
    folder = Path(output)
    if output == STREAM or image_paths.is_image_path(output) or is_video_path(output):
        raise OptionError(f"'{output}' can hold one image only. For several inputs, give a folder to -o.")
    output_paths.check_folder(output)
    jobs: list[Job] = []
    for source in inputs:
        path = Path(source)
        if not _holds_images(path, output, format):
            whole = _is_series(path, format)
            target = f"{folder / path.resolve().name}/" if whole else str(folder / _target_name(source, format))
            jobs.append(Job(source, target))
            continue
        files = [
            one
            for one in image_paths.find(path, recursive, _input_suffixes(), log)
            if not _is_earlier_result(one, path, folder)
        ]
        if not files:
            raise ImageError(f"{path} holds no images or videos. Supported suffixes: {' '.join(_input_suffixes())}.")
        jobs += [
            Job(str(one), str(folder / one.relative_to(path).parent / _target_name(one.name, format))) for one in files
        ]
    return jobs


def _is_earlier_result(file: Path, source: Path, output: Path) -> bool:
    """Return whether ``file`` lies in an output folder that is itself inside the input folder."""
    results = output.resolve()
    return (
        results != source.resolve()
        and file.resolve().is_relative_to(results)
        and results.is_relative_to(source.resolve())
    )


def _target_name(source: str, format: str) -> str:
    """Return the output's name: the input's, with the suffix of ``format``, or .png where it cannot be kept."""
    first = next(iter(named_parts(source).values()), source)
    path = Path("stdin.png" if source == STREAM else first)
    if is_video_path(path) and not image_paths.is_image_path(path):
        return path.name
    suffix = raster_files.suffix_of(path)
    stem = path.name[: len(path.name) - len(suffix)] if suffix else path.name
    if format:
        return f"{stem}.{format}"
    if suffix in OUTPUT_SUFFIXES or (suffix in raster_files.output_suffixes() and not image_paths.is_image_path(path)):
        return path.name
    return f"{stem}.png" if image_paths.is_image_path(path) or suffix not in raster_files.suffixes() else f"{stem}.tif"
