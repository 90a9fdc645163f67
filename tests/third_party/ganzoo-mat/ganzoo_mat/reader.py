"""Opens .mat files as rasters."""

from __future__ import annotations

from typing import Any

from ganzoo import Frames, GanzooError, Raster, Reader


class MatReader(Reader):
    """Reader of MATLAB's files; rows and columns come first in them, channels last."""

    suffixes = (".mat",)
    packages = ("scipy",)

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look for the text that each file begins with."""
        return head.startswith(b"MATLAB 5.0 MAT-file")

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open the first array of two or three dimensions."""
        from scipy.io import loadmat  # type: ignore[import-untyped]

        arrays = [value for name, value in loadmat(path).items() if not name.startswith("__") and value.ndim in (2, 3)]
        if not arrays:
            raise GanzooError(f"{path} holds no image: no array of two or three dimensions.")
        return OneFrame(Raster.from_array(arrays[0], axes or "YXC"[: arrays[0].ndim], name=path))


class OneFrame(Frames):
    """The one image of a file."""

    def __init__(self, raster: Raster) -> None:
        self.raster = raster

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Any:
        return (self.raster,)[index]
