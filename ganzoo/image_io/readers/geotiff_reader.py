"""GeoTIFF and cloud-optimized GeoTIFF as rasters, read in windows by rasterio, with their georeference."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError
from ganzoo.files.regular import open_regular
from ganzoo.image_io.limits import MAX_PIXELS
from ganzoo.image_io.read_errors import as_image_errors, check_window
from ganzoo.image_io.readers import geo_metadata
from ganzoo.image_io.readers.geo_handles import Handles, settings
from ganzoo.image_io.readers.tiff_chain import REDUCED_OR_MASK, SUBFILE_TYPE, check_chain, directories
from ganzoo.image_io.readers.tiff_metadata import GEO_TAGS
from ganzoo.rasters.raster import Raster

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
RPC_COEFFICIENTS = 50844
MARKS = {*GEO_TAGS, RPC_COEFFICIENTS}
ALL_VALID, NODATA = "all_valid", "nodata"


class GeotiffReader(Reader):
    """Reader of GeoTIFF, by rasterio; without it, `reader:tifffile` reads them and keeps their tags."""

    suffixes: ClassVar[tuple[str, ...]] = (".tif", ".tiff")
    packages: ClassVar[tuple[str, ...]] = ("rasterio",)
    extra: ClassVar[str] = "geo"
    precedence: ClassVar[int] = 1

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look for tags of a georeference in the first image, and for no second image of full size."""
        if not head.startswith(SIGNATURES) or not os.path.isfile(path) or self.missing():
            return False
        try:
            found = directories(path)
            first = next(found, {})
            if not MARKS & first.keys():
                return False
            return all(other.get(SUBFILE_TYPE, 0) & REDUCED_OR_MASK for other in found)
        except (OSError, ImageError, struct.error):
            return False

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a file; ``axes`` does not apply."""
        if axes:
            raise ImageError(f"{path} says itself what its dimensions are. Omit --axes {axes}.")
        if os.path.exists(f"{path}.msk"):
            raise ImageError(
                f"{path} has its mask in a second file, {os.path.basename(path)}.msk, which is not read. Store the "
                "mask inside: gdal_translate --config GDAL_TIFF_INTERNAL_MASK YES."
            )
        with as_image_errors(path):
            check_chain(path)
            with open_regular(path):
                return GeotiffFrames(path, max_pixels or MAX_PIXELS)


class GeotiffFrames(Frames):
    """The one image in a GeoTIFF file."""

    def __init__(self, path: str, max_pixels: int) -> None:
        """Raises ImageError where its values are no real numbers, or it cannot be decoded in small parts."""
        self._path, self._handles = path, Handles(path)
        with settings():
            dataset = self._handles.get()
            kinds = set(dataset.dtypes)
            if len(kinds) > 1 or np.dtype(dataset.dtypes[0]).kind not in "iuf":
                raise ImageError(f"{path} has values of {' and '.join(sorted(kinds))}. Give integers, or floats.")
            high, wide = dataset.block_shapes[0]
            if high * wide > max_pixels:
                raise ImageError(
                    f"{path} is stored in blocks of {wide}x{high} pixels, more than the limit of {max_pixels}. Store "
                    "it in tiles."
                )
            self._metadata = geo_metadata.read(dataset)
            flags = [{flag.name for flag in flags} for flags in dataset.mask_flag_enums]
            levels = [(dataset.height, dataset.width)]
            for number in range(1, len(dataset.overviews(1)) + 1):
                smaller = self._handles.get(number)
                levels.append((smaller.height, smaller.width))
        masks = tuple(ALL_VALID not in flag for flag in flags)
        self._source = GeoSource(self._handles, np.dtype(dataset.dtypes[0]), tuple(levels), masks, max_pixels, path)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Raster:
        range(1)[index]
        channels = geo_metadata.channels(self._metadata)
        return Raster(self._source, channels, self._path, "geotiff", self._metadata, group=self._path)

    @property
    def description(self) -> Mapping[str, str]:
        """Coordinate system, pixel size, missing values, storage."""
        return geo_metadata.describe(self._metadata)

    def close(self) -> None:
        """Close this thread's handles."""
        with settings():
            self._handles.close()


@dataclass(frozen=True)
class GeoSource:
    """The pixels of a GeoTIFF; `ganzoo.rasters.raster.PixelSource` says what a source does.

    Attributes:
        handles: Of the file.
        dtype: Number type.
        levels: (H, W) of each level.
        masks: Of each band, whether the file says that some values are missing: by nodata, a mask or alpha.
        max_pixels: The most pixels that are decoded at once.
        name: What messages call it.
    """

    handles: Handles
    dtype: np.dtype[Any]
    levels: tuple[tuple[int, int], ...]
    masks: tuple[bool, ...]
    max_pixels: int
    name: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return len(self.masks), *self.levels[0]

    @property
    def masked(self) -> bool:
        """Whether the file declares a missing value, a mask or alpha."""
        return any(self.masks)

    def read(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        """Return a window."""
        return self._read("read", rows, columns, channels, level)

    @property
    def block(self) -> tuple[int, int]:
        """(height, width) of a strip or tile, which is decoded as a whole."""
        high, wide = self.handles.get().block_shapes[0]
        return int(high), int(wide)

    def read_mask(self, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array | None:
        """Return where the file says that values are valid."""
        marked = [place for place, channel in enumerate(channels) if self.masks[channel]]
        if not marked:
            return None
        valid = np.ones((len(channels), rows.stop - rows.start, columns.stop - columns.start), bool)
        masks = self._read("read_masks", rows, columns, [channels[place] for place in marked], level)
        valid[marked] = masks != 0
        return None if valid.all() else valid

    def _read(self, what: str, rows: slice, columns: slice, channels: Sequence[int], level: int) -> Array:
        from rasterio.windows import Window

        height, width = rows.stop - rows.start, columns.stop - columns.start
        check_window(self.name, height, width, self.max_pixels)
        with as_image_errors(self.name), settings():
            read = getattr(self.handles.get(level), what)
            found: Array = read(
                [channel + 1 for channel in channels], window=Window(columns.start, rows.start, width, height)
            )
            return found
