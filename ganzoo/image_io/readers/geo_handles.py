"""Handles of GeoTIFF files: one for each process, thread and level, because GDAL's must not be shared.

Every file is opened by GDAL's GTiff driver and without the files next to it: a virtual raster that is called
"x.tif" or "x.tif.ovr" could open other files, and hosts.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

DRIVER = "GTiff"
CACHE_MEGABYTES = 256
SETTINGS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_TIFF_INTERNAL_MASK": "YES",
    "GDAL_CACHEMAX": CACHE_MEGABYTES,
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
}
_opening = threading.Lock()
_inherited: list[Any] = []  # handles of the process before a fork, which must be neither used nor closed


@cache
def library() -> Any:
    """Return rasterio."""
    import rasterio
    import rasterio.shutil

    return rasterio


@contextmanager
def settings() -> Iterator[None]:
    """Set in which way GDAL reads and writes within the context."""
    with library().Env(**SETTINGS):
        _own_coordinate_systems()
        yield


def _own_coordinate_systems() -> None:
    """Let rasterio use the database in its own package, whatever PROJ_DATA and PROJ_LIB another program set."""
    bundled = Path(library().__file__).parent / "proj_data"
    if bundled.is_dir() and {"PROJ_DATA", "PROJ_LIB"} & os.environ.keys():
        from rasterio._env import set_proj_data_search_path  # without which the environment's goes first

        set_proj_data_search_path(str(bundled))


def open_file(path: str, mode: str = "r", **options: Any) -> Any:
    """Open a file by the GTiff driver, within `settings`; the warning that it has no georeference is left out."""
    rasterio = library()
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        return rasterio.open(_local(path), mode, driver=DRIVER, sharing=False, **options)


def _local(path: str) -> str:
    """Return an absolute path: "http:..." and "/vsicurl" are files here, never hosts."""
    return str(Path(os.path.realpath(path)))


class Handles:
    """The handles of one file that is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._own = threading.local()

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"])  # type: ignore[misc]

    def get(self, level: int = 0) -> Any:
        """Return this thread's handle of a level; call it within `settings`."""
        mine: dict[int, Any] = self._mine()
        if level not in mine:
            options: dict[str, Any] = {"overview_level": level - 1} if level else {}
            mine[level] = open_file(self.path, **options)
        return mine[level]

    def _mine(self) -> dict[int, Any]:
        if getattr(self._own, "process", None) != os.getpid():
            _inherited.append(getattr(self._own, "handles", None))
            self._own.process, self._own.handles = os.getpid(), {}
        found: dict[int, Any] = self._own.handles
        return found

    def close(self) -> None:
        """Close this thread's handles; those of other threads close when their thread ends."""
        mine = self._mine()
        while mine:
            mine.popitem()[1].close()
