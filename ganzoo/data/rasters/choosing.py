"""Whether data are rasters, or ordinary 8-bit images, which have a way of their own."""

from __future__ import annotations

import dataclasses
import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic

from ganzoo.data import shards
from ganzoo.data.rasters.options import RasterOptions
from ganzoo.data.rasters.sides import NAMED
from ganzoo.errors import OptionError, suggest
from ganzoo.image_io import image_paths

OPTIONS = tuple(one.name for one in dataclasses.fields(RasterOptions))
LOOKED_AT = 3  # images of a folder whose depth decides
PNG, DEPTH_AT = b"\x89PNG\r\n\x1a\n", 24  # where a PNG says how many bits its values have
ARRAYS = (".npy", ".npz")


def are_rasters(paths: Sequence[str]) -> bool:
    """Tell whether any path names files of its own, a pattern, or a folder of images deeper than 8 bits."""
    return any(_names_files(path) or _is_deep_folder(Path(path)) for path in paths)


def _names_files(path: str) -> bool:
    if shards.are_shards(path):
        return False
    if NAMED.fullmatch(path) or glob.has_magic(path):
        return not Path(path).exists()
    file = Path(path)
    if file.is_dir():
        return _is_one_image(file)
    if not file.is_file() or path.lower().endswith(".zip"):
        return False
    return not image_paths.is_image_path(file) or _is_tiff(file) or _is_deep(file)


def _is_one_image(folder: Path) -> bool:
    """Tell whether a folder is an image of its own, as OME-Zarr's are."""
    from ganzoo.image_io.raster_files import is_image_folder

    return is_image_folder(folder)


def _is_deep_folder(folder: Path) -> bool:
    """Tell whether the first images of a folder are deep, or, where it has none, whether it has arrays."""
    if not folder.is_dir():
        return False
    arrays = False
    images: list[Path] = []
    for root, folders, files in os.walk(folder):  # only until a few are found: sets are large
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        visible = [Path(root, name) for name in sorted(files) if not name.startswith(".")]
        arrays = arrays or any(path.suffix.lower() in ARRAYS for path in visible)
        images += [path for path in visible if image_paths.is_image_path(path)]
        if len(images) >= LOOKED_AT:
            break
    return any(_is_deep(path) for path in images[:LOOKED_AT]) if images else arrays


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(DEPTH_AT + 1)
    except OSError:
        return b""


def _is_tiff(path: Path) -> bool:
    return _head(path)[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def _is_deep(path: Path) -> bool:
    """Tell whether an image has values of more than 8 bits. What cannot be read is reported later, by name."""
    head = _head(path)
    if head.startswith(PNG):
        return head[DEPTH_AT:] == b"\x10"
    if not _is_tiff(path):
        return False
    from ganzoo.errors import GanzooError
    from ganzoo.image_io.raster_files import open_frames

    try:
        with open_frames(path) as frames:
            first = frames[0]
            return first.dtype.itemsize > 1 or first.shape[0] not in (1, 3)
    except GanzooError:
        return False


def parse_options(values: Mapping[str, Any]) -> RasterOptions:
    """Return checked options. Raises OptionError that names the option, its value and valid values."""
    for name in values:
        if name not in OPTIONS:
            raise OptionError(f"Data have no option '{name}'.{suggest(name, OPTIONS)} They are: {', '.join(OPTIONS)}.")
    try:
        return pydantic.TypeAdapter(RasterOptions).validate_python(dict(values))
    except pydantic.ValidationError as error:
        problem = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in problem["loc"])
        text = problem["msg"].removeprefix("Value error, ")
        raise OptionError(f"Data: {f'{name}: ' if name else ''}{text}.") from error
