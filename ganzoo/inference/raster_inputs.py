"""What a user gives to be translated -> rasters: paths, arrays, PIL images, rasters."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from PIL import Image

from ganzoo.contracts.reader import Frames
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io import raster_files
from ganzoo.image_io.limits import MAX_PIXELS
from ganzoo.image_io.readers.numpy_reader import ArrayFrames
from ganzoo.rasters.raster import Raster


class OneFrame(Frames):
    """A raster by itself."""

    def __init__(self, raster: Raster) -> None:
        self._raster = raster

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Raster:
        if index not in (0, -1):
            raise IndexError(index)
        return self._raster


def as_frames(x: Any, axes: str = "", read: str = "") -> Frames:
    """Return the images in a path, an array, a PIL image or a raster.

    Args:
        x: Any of these. An array of more than two dimensions needs ``axes``.
        axes: One letter for each dimension.
        read: What is read of a file only when asked; see `ganzoo.image_io.raster_files.open_with`.

    Raises:
        ImageError: It is none of these, or its dimensions are ambiguous.
        OptionError: ``read`` is given, and it is no path.
    """
    if isinstance(x, (str, os.PathLike)):
        return raster_files.open_frames(x, axes=axes, read=read)
    if read:
        raise OptionError(f"read='{read}' says how files are read. Give a path, or omit it.")
    if isinstance(x, Raster):
        return OneFrame(x)
    if isinstance(x, Image.Image):
        array = np.asarray(x)
        return OneFrame(Raster.from_array(array, "YXC" if array.ndim == 3 else "YX", name="The image"))
    if isinstance(x, np.ma.MaskedArray):
        return ArrayFrames(x.data, "The array", axes, MAX_PIXELS, mask=~np.ma.getmaskarray(x))
    if type(x).__module__.partition(".")[0] == "torch":
        x = x.detach().cpu().numpy()
    if isinstance(x, np.ndarray):
        return ArrayFrames(x, "The array", axes, MAX_PIXELS)
    raise ImageError(f"A {type(x).__name__} is not an image. Give a path, an array with axes, or a ganzoo.Raster.")
