"""Where pictures go: a file, a folder (it exists, or ends in a slash), or - for stdout."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import OutputError

if TYPE_CHECKING:
    from PIL import Image


def is_folder(output: str) -> bool:
    """Tell whether ``output`` means a folder."""
    return output.endswith(("/", os.sep)) or Path(output).is_dir()


def check_file(output: str, several: str) -> None:
    """Raise OutputError, before any work, for a path no picture can be written to; ``several`` names the other use."""
    from ganzoo.image_io import images

    if not Path(output).suffix:
        raise OutputError(f"'{output}' has no suffix. Write {output}.png for one picture, or {output}/ for {several}.")
    images.check_target(output)


def check_folder(output: str) -> None:
    """Raise OutputError, before any work, for a path that cannot be a folder."""
    folder = Path(output)
    blocked = next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None)
    if blocked:
        raise OutputError(f"Cannot write into {output}: {blocked} is a file. Name a folder.")


def save(image: Image.Image, output: str) -> None:
    """Write one picture to a path, or as PNG to stdout."""
    from ganzoo.image_io import images

    if output != "-":
        images.save(image, output)
        return
    images.save(image, sys.stdout.buffer, "PNG")
    sys.stdout.flush()  # a full disk or a closed pipe shows here, where it can be told
