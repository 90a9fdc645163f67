"""Which files are the inputs and which the targets, and which of them make up one image."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ganzoo.data.listing import some
from ganzoo.errors import DataError
from ganzoo.image_io.raster_files import is_image_folder

NAMED = re.compile(r"([A-Za-z_][\w .+-]*)=(.+)")


@dataclass(frozen=True)
class Files:
    """The files of one image, or of one stack of images: several where each holds some of its channels.

    Attributes:
        key: What they share with those of the other side: their name without suffix, or what a pattern's wildcards
            stand for.
        paths: One for each part.
        names: Of the parts: "GM"; "" where channels have the names that the file gives them.
    """

    key: str
    paths: tuple[str, ...]
    names: tuple[str, ...]


def find_files(side: str, suffixes: tuple[str, ...]) -> list[Files]:
    """Return the images of one side.

    Args:
        side: A file, a folder, a pattern such as "scans/*_t1_*", or patterns with names, "GM=*_gm_*,WM=*_wm_*", each of
            which holds some channels of the same images.
        suffixes: Of the files that count in a folder.

    Raises:
        DataError: There are none, or the named patterns do not belong together.
    """
    named = [NAMED.fullmatch(part.strip()) for part in side.split(",")]
    if not all(named):
        return [Files(key, (path,), ("",)) for key, path in sorted(_expand(side, suffixes).items())]
    names = tuple(match[1] for match in named if match)
    found = [_expand(match[2], suffixes) for match in named if match]
    if all(len(files) == 1 for files in found):  # one image: nothing to match
        return [Files(next(iter(found[0])), tuple(next(iter(files.values())) for files in found), names)]
    keys = sorted(set.union(*(set(files) for files in found)))
    for name, files in zip(names, found, strict=True):
        if missing := [key for key in keys if key not in files]:
            raise DataError(
                f"{len(missing)} of {len(keys)} images have no file for '{name}': {some(missing)}. The parts of an "
                "image are matched by what the wildcards stand for."
            )
    return [Files(key, tuple(files[key] for files in found), names) for key in keys]


def _expand(pattern: str, suffixes: tuple[str, ...]) -> dict[str, str]:
    """Return key -> path of the files that a path or pattern names."""
    path = Path(pattern)
    if path.is_dir() and not is_image_folder(path):
        inside = sorted(each for each in path.rglob("*") if _is_visible(each, path) and each.is_file())
        found = {_stem(str(each.relative_to(path))): str(each) for each in inside if _has_suffix(each.name, suffixes)}
        if not found:
            raise DataError(f"{pattern} holds no images. It has {len(inside)} other files.")
        return found
    if path.exists():
        return {_stem(path.name): pattern}
    matching = sorted(each for each in glob.glob(pattern) if os.path.isfile(each) or is_image_folder(each))
    if not matching:
        wildcards = glob.has_magic(pattern)
        raise DataError(f"{'No file matches' if wildcards else 'There is no'} {pattern}. Give files that exist.")
    keys = [_wildcards(pattern, each) for each in matching]
    return dict(zip(keys, matching, strict=True))


def _wildcards(pattern: str, path: str) -> str:
    """Return what the wildcards of a pattern stand for in a path that it matches."""
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]*\])", pattern)
    expression = "".join(
        f"({fnmatch.translate(part)[4:-3] if part.startswith('[') else '.' if part == '?' else '.*'})"
        if index % 2
        else re.escape(part)
        for index, part in enumerate(parts)
    )
    found = re.fullmatch(expression, path)
    return " ".join(found.groups()) if found else _stem(os.path.basename(path))


def _stem(name: str) -> str:
    """Return a name without its suffixes: "a.ome.tif" and "a.nii.gz" are "a"."""
    stem, suffix = os.path.splitext(name)
    inner, second = os.path.splitext(stem)
    return inner if second.lower() in (".ome", ".nii") and suffix else stem


def _has_suffix(name: str, suffixes: tuple[str, ...]) -> bool:
    return name.lower().endswith(suffixes)


def _is_visible(path: Path, below: Path) -> bool:
    return not any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(below).parts)


def pair_up(inputs: list[Files], targets: list[Files]) -> list[tuple[Files, Files]]:
    """Return pairs (input, target) by their keys; a single one on either side belong together whatever their names.

    Raises:
        DataError: Some have no partner.
    """
    if len(inputs) == len(targets) == 1:
        return [(inputs[0], targets[0])]
    by_key = {files.key: files for files in targets}
    alone = [files.key for files in inputs if files.key not in by_key]
    alone += [key for key in by_key if key not in {files.key for files in inputs}]
    if alone:
        raise DataError(
            f"{len(alone)} images have no partner of the same name: {some(sorted(alone))}. Name inputs and targets "
            "alike, or give patterns whose wildcards stand for the same text."
        )
    return [(files, by_key[files.key]) for files in inputs]
