"""Which picture goes where: inputs (files, folders, patterns, -) and an output -> jobs, before any work is done."""

from __future__ import annotations

import glob
from pathlib import Path

from ganzoo.batch.run import STREAM, Job, is_moving
from ganzoo.cli import targets
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io import image_paths
from ganzoo.image_io.video import translation

TAKEN = tuple(dict.fromkeys((*image_paths.SUFFIXES, *translation.SUFFIXES)))


def jobs(inputs: tuple[str, ...], output: str, recursive: bool = True, format: str = "") -> list[Job]:
    """Return a job for every picture; folders keep their structure.

    format   of the files written into a folder, as "png"; "": the input's own where it can be written
    Raises OptionError, ImageError or OutputError.
    """
    given = [path for one in inputs for path in _expanded(one)]
    if len(given) == 1 and not Path(given[0]).is_dir():
        found = [Job(given[0], _single_target(given[0], output, format))]
    else:
        found = _several(given, output, recursive, format)
    seen: dict[str, str] = {}
    for job in found:
        if job.target in seen:
            raise OptionError(
                f"Two inputs, {_shown(seen[job.target])} and {_shown(job.source)}, would both be written to "
                f"{job.target}. Translate them into different folders."
            )
        target = Path(job.target)
        if job.target != STREAM and target.exists() and Path(job.source).exists() and target.samefile(job.source):
            raise OptionError(f"{target} would replace its own input. Write to another folder or name.")
        seen[job.target] = job.source
    return found


def _expanded(given: str) -> list[str]:
    """Return what a pattern matches, sorted; a path that exists is never taken for a pattern."""
    if given == STREAM or not glob.has_magic(given) or Path(given).exists():
        return [given]
    found = [path for path in sorted(glob.glob(given, recursive=True)) if Path(path).is_file() and _is_taken(path)]
    if not found:
        raise ImageError(f"No picture matches '{given}'. In a pattern ** stands for folders within folders.")
    return found


def _is_taken(path: str) -> bool:
    return Path(path).suffix.lower() in TAKEN


def _shown(source: str) -> str:
    return "standard input" if source == STREAM else source


def _single_target(source: str, output: str, format: str) -> str:
    if source != STREAM and not Path(source).exists():
        raise ImageError(f"No file {source}. Check the path.")
    if targets.is_folder(output):
        targets.check_folder(output)
        return str(Path(output) / _target_name(source, format))
    if output != STREAM:
        _check_file(source, output)
    return output


def _check_file(source: str, output: str) -> None:
    moving = is_moving(source, output)
    if moving and not translation.is_video_path(output):
        raise OptionError(
            f"{source} is a video, and '{output}' is none. Write to one of {' '.join(translation.SUFFIXES)}."
        )
    if not moving:
        targets.check_file(output, "a folder")


def _several(inputs: list[str], output: str, recursive: bool, format: str) -> list[Job]:
    folder = Path(output)
    if output == STREAM or image_paths.is_image_path(output) or translation.is_video_path(output):
        raise OptionError(f"'{output}' takes one picture; for several, -o names a folder.")
    targets.check_folder(output)
    found: list[Job] = []
    for given in inputs:
        path = Path(given)
        if not path.is_dir():
            found.append(Job(given, str(folder / _target_name(given, format))))
            continue
        inside = [one for one in image_paths.find(path, recursive, TAKEN) if not _is_earlier_result(one, path, folder)]
        if not inside:
            raise ImageError(f"{path} holds no pictures or videos. They end in {' '.join(TAKEN)}.")
        found += [
            Job(str(one), str(folder / one.relative_to(path).parent / _target_name(one.name, format))) for one in inside
        ]
    return found


def _is_earlier_result(file: Path, source: Path, output: Path) -> bool:
    """Tell whether ``file`` lies in an output folder that is itself inside the input folder."""
    results = output.resolve()
    return (
        results != source.resolve()
        and file.resolve().is_relative_to(results)
        and results.is_relative_to(source.resolve())
    )


KEPT = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")  # others cannot be written, or would lose much


def _target_name(source: str, format: str) -> str:
    """Return the output's name: the input's, as PNG where its own kind is not kept, or as ``format``."""
    path = Path("stdin.png" if source == STREAM else source)
    if translation.is_video_path(path) and not image_paths.is_image_path(path):
        return path.name
    if format:
        return f"{path.stem}.{format}"
    return path.name if path.suffix.lower() in KEPT else f"{path.stem}.png"
