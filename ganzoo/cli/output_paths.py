"""Output paths of commands: a file, a folder (it exists, or ends in a slash), or - for stdout."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import OutputError

if TYPE_CHECKING:
    from PIL import Image


def is_folder(output: str) -> bool:
    """Return whether ``output`` means a folder."""
    return output.endswith(("/", os.sep)) or Path(output).is_dir()


def model_part(ref: str) -> str:
    """Return the part of a model's reference that names its results: "horse2zebra" of cyclegan/horse2zebra."""
    name = ref.partition(":")[2] or ref
    parts = [part for part in name.partition("@")[0].replace(os.sep, "/").split("/") if part.strip(".")]
    return parts[-1] if parts else "ganzoo"


def unused(stem: str, suffix: str) -> str:
    """Return a path that does not exist yet: the stem and suffix, with -2, -3, ... where needed."""
    path, number = f"{stem}{suffix}", 1
    while Path(path).exists():
        number += 1
        path = f"{stem}-{number}{suffix}"
    return path


def check_file(output: str, several: str) -> None:
    """Check, before any work, that an image can be written to a path. Raises OutputError.

    Args:
        output: the path.
        several: what a folder would hold, for the message.
    """
    from ganzoo.image_io import encoding, image_paths, raster_files

    if not Path(output).suffix:
        raise OutputError(f"'{output}' has no suffix. Write {output}.png for one image, or {output}/ for {several}.")
    if raster_files.suffix_of(output) in raster_files.output_suffixes() and not image_paths.is_image_path(output):
        raster_files.check_target(output)
    else:
        encoding.check_target(output)


def check_folder(output: str) -> None:
    """Check, before any work, that a path can be a folder. Raises OutputError."""
    folder = Path(output)
    blocked = next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None)
    if blocked:
        raise OutputError(f"Cannot write into {output}: {blocked} is a file. Name a folder.")


def save(image: Image.Image, output: str) -> None:
    """Write one image to a path, or as PNG to stdout."""
    from ganzoo.image_io import encoding

    if output != "-":
        encoding.save(image, output)
        return
    encoding.save(image, sys.stdout.buffer, "PNG")
    sys.stdout.flush()  # a full disk or a closed pipe raises here, where it can be reported
