"""Slides of 8-bit colors as scanners store them, read by level and window by OpenSlide, which joins overlapping tiles.

Deeper slides stay with `reader:tifffile`: OpenSlide would turn them into 8 bits.
"""

from __future__ import annotations

import importlib.metadata
import math
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError
from ganzoo.image_io.limits import MAX_PIXELS
from ganzoo.image_io.read_errors import as_image_errors, check_window
from ganzoo.image_io.readers.tiff_chain import check_chain
from ganzoo.rasters.channel import default_channels
from ganzoo.rasters.raster import Raster
from ganzoo.rasters.tissue import SIDE, tissue_mask

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
VENDORS = ("aperio", "hamamatsu", "leica", "mirax", "philips", "sakura", "trestle", "ventana")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
OTHERS = (".mrxs", ".vms", ".vmu", ".svslide")  # whose first bytes are those of a photograph or a text
BITS, MAX_PAGES = 8, 256
DEFLATE, TILE = 8, (512, 512)


class SlideReader(Reader):
    """Reader of slides, by OpenSlide."""

    suffixes: ClassVar[tuple[str, ...]] = (".svs", ".ndpi", ".scn", ".bif", *OTHERS)
    packages: ClassVar[tuple[str, ...]] = ("openslide",)
    extra: ClassVar[str] = "slides"
    precedence: ClassVar[int] = 2

    def version(self) -> str:
        """Return the version of the package, whose name is not that of the import."""
        return f"openslide-python {importlib.metadata.version('openslide-python')}"

    def recognizes(self, head: bytes, path: str) -> bool:
        """Ask OpenSlide which scanner made a file that may be a slide; only 8-bit ones count."""
        is_tiff = head.startswith(TIFF)
        if not (is_tiff or (head and path.lower().endswith(OTHERS))) or not os.path.isfile(path) or self.missing():
            return False
        import openslide

        with suppress(Exception):
            if is_tiff:
                check_chain(path)
            return openslide.OpenSlide.detect_format(path) in VENDORS and (not is_tiff or _is_sound(path))
        return False

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a slide; ``axes`` does not apply."""
        if axes:
            raise ImageError(f"{path} says itself what its dimensions are. Omit --axes {axes}.")
        with as_image_errors(path):
            return SlideFrames(path, max_pixels or MAX_PIXELS)


def _is_sound(path: str) -> bool:
    """Tell whether a TIFF has 8-bit colors, and a place for every tile that its sizes need: OpenSlide does not ask."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        first = file.pages.first
        if first.bitspersample != BITS or first.samplesperpixel not in (3, 4):
            return False
        return all(math.prod(page.chunked) <= len(page.dataoffsets) for page in islice(file.pages, MAX_PAGES))


class SlideHandle:
    """A slide, opened by each process for itself; OpenSlide's handles may be shared by threads."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock, self._process, self._slide = threading.Lock(), 0, None

    def __getstate__(self) -> str:
        return self.path

    def __setstate__(self, path: str) -> None:
        self.__init__(path)  # type: ignore[misc]

    def get(self) -> Any:
        """Return OpenSlide's object."""
        import openslide

        with self._lock:
            if self._process != os.getpid():
                self._process, self._slide = os.getpid(), openslide.OpenSlide(self.path)
            return self._slide

    def close(self) -> None:
        """Close it."""
        with self._lock:
            if self._slide is not None and self._process == os.getpid():
                self._slide.close()
            self._process, self._slide = 0, None


class SlideFrames(Frames):
    """The one image of a slide; its label and preview are left out."""

    def __init__(self, path: str, max_pixels: int) -> None:
        self._handle, self._path = SlideHandle(path), path
        slide = self._handle.get()
        self._properties = dict(slide.properties)
        levels = tuple((height, width) for width, height in slide.level_dimensions)
        downsamples = tuple(map(float, slide.level_downsamples))
        self._source = SlideSource(self._handle, levels, downsamples, max_pixels, path)
        # As `reader:tifffile` describes an OME-TIFF, which is what a slide becomes.
        self._metadata: dict[str, Any] = {
            "kind": "ome",
            "compression": DEFLATE,
            "tile": TILE,
            "planar": False,
            "big": True,
            "tags": [],
            "levels": 1 + round(math.log2(max(downsamples))),
        }
        with suppress(KeyError, ValueError):
            size = tuple(float(self._properties[f"openslide.mpp-{letter}"]) for letter in "xy")
            self._metadata |= {"pixel_size": size, "unit": "µm"}

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Raster:
        range(1)[index]
        return Raster(self._source, default_channels(3), self._path, "slide", self._metadata, group=self._path)

    @property
    def description(self) -> Mapping[str, str]:
        """Scanner, pixel size, magnification, and how much of it is tissue."""
        found = {"format": f"slide, {self._properties.get('openslide.vendor', '')}"}
        if "pixel_size" in self._metadata:
            found["pixel size"] = " x ".join(f"{size:.4g}" for size in self._metadata["pixel_size"]) + " µm"
        if power := self._properties.get("openslide.objective-power"):
            found["magnification"] = power
        if max(self._source.levels[-1]) <= SIDE:
            found["tissue"] = f"{tissue_mask(self[0]).mean():.0%} of the area"
        return found

    def close(self) -> None:
        """Close the slide."""
        self._handle.close()


@dataclass(frozen=True)
class SlideSource:
    """The pixels of a slide; `ganzoo.rasters.raster.PixelSource` says what a source does."""

    handle: SlideHandle
    levels: tuple[tuple[int, int], ...]
    downsamples: tuple[float, ...]
    max_pixels: int
    name: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(3, H, W)."""
        return 3, *self.levels[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """8 bits."""
        return np.dtype(np.uint8)

    @property
    def masked(self) -> bool:
        """Never: what the scanner left out is white, as glass is."""
        return False

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return None: everything counts."""
        return None

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window; what was not scanned is white."""
        height, width = rows.stop - rows.start, columns.stop - columns.start
        check_window(self.name, height, width, self.max_pixels)
        scale = self.downsamples[level]
        corner = (round(columns.start * scale), round(rows.start * scale))
        with as_image_errors(self.name):
            found = np.asarray(self.handle.get().read_region(corner, level, (width, height)))
        colors = np.ascontiguousarray(found[..., :3].transpose(2, 0, 1))
        colors[:, found[..., 3] == 0] = 255
        return colors[list(channels)]
