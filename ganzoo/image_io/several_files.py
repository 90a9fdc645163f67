"""One image in several files, each of which holds some of its channels: "GM=a_gm.tif,WM=a_wm.tif"."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from ganzoo.contracts.reader import Frames
from ganzoo.errors import ImageError
from ganzoo.image_io.raster_files import open_frames
from ganzoo.rasters.raster import Raster
from ganzoo.rasters.stacked import stack

_PART = re.compile(r"([A-Za-z_][\w .+-]*)=(.+)")


def named_parts(text: str) -> dict[str, str]:
    """Return name -> path of "GM=a_gm.tif,WM=a_wm.tif"; {} for anything else, a path with such a name included."""
    if os.path.exists(text):
        return {}
    parts = [_PART.fullmatch(part.strip()) for part in text.split(",")]
    return {match[1]: match[2] for match in parts if match} if all(parts) else {}


class SeveralFiles(Frames):
    """The images of several files, put on top of each other: frame by frame, channel after channel."""

    def __init__(self, parts: Mapping[str, str], axes: str = "", max_pixels: int | None = None, read: str = "") -> None:
        """Raises ImageError where a file cannot be read, or has another number of images than the first."""
        self._names = list(parts)
        with ExitStack() as stack_:
            self._frames = [
                stack_.enter_context(open_frames(path, axes=axes, max_pixels=max_pixels, read=read))
                for path in parts.values()
            ]
            counts = {path: len(frames) for path, frames in zip(parts.values(), self._frames, strict=True)}
            if len(set(counts.values())) > 1:
                found = ", ".join(f"{path} {count}" for path, count in counts.items())
                raise ImageError(f"Files of one image have unlike numbers of images: {found}.")
            self._opened = stack_.pop_all()

    def __len__(self) -> int:
        return len(self._frames[0])

    def __getitem__(self, index: int) -> Raster:
        return stack([frames[index] for frames in self._frames], self._names)

    @property
    def labels(self) -> Sequence[str]:
        """Those of the first file."""
        return self._frames[0].labels

    @property
    def axis(self) -> str:
        """That of the first file."""
        return self._frames[0].axis

    @property
    def lengths(self) -> Sequence[int]:
        """Those of the first file."""
        return self._frames[0].lengths

    def close(self) -> None:
        """Close all files."""
        self._opened.close()


def open_source(text: str, *, axes: str = "", max_pixels: int | None = None, read: str = "") -> Frames:
    """Open a file, or several as one image."""
    parts = named_parts(text)
    if not parts:
        return open_frames(text, axes=axes, max_pixels=max_pixels, read=read)
    return SeveralFiles(parts, axes, max_pixels or None, read)
