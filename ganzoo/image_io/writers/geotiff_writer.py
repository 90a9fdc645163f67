"""Rasters -> GeoTIFF and cloud-optimized GeoTIFF, window by window, with the input's georeference and tags."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.files.atomic import replacing
from ganzoo.image_io.readers.geo_handles import library, open_file, settings
from ganzoo.image_io.writers import geo_words
from ganzoo.image_io.writers.cog import BandTags, optimize
from ganzoo.image_io.writers.spool import as_output_errors

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
COG = (".cog.tif", ".cog.tiff")


class GeotiffWriter(Writer):
    """Writer of GeoTIFF, by rasterio; .cog.tif is a cloud-optimized one, and .tif what the input was."""

    suffixes: ClassVar[tuple[str, ...]] = (*COG, ".tif", ".tiff")
    formats: ClassVar[tuple[str, ...]] = ("geotiff",)
    packages: ClassVar[tuple[str, ...]] = ("rasterio",)
    extra: ClassVar[str] = "geo"

    def check(self, spec: OutputSpec) -> None:
        """Refuse half floats, and several images."""
        if spec.dtype == "float16":
            raise OutputError("GeoTIFF has no float16. Write float32, or a .npy file.")
        if spec.frames > 1:
            raise OutputError(f"A GeoTIFF has one image, not {spec.frames}. Choose one with --frames, or write .npz.")

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a file."""
        return GeotiffFile(path, spec)


class GeotiffFile(OpenFile):
    """A GeoTIFF that is being written: windows go to a tiled file at once, of which a COG is made at the end."""

    def __init__(self, path: str, spec: OutputSpec) -> None:
        """Raises OutputError where it cannot be written there."""
        self.path, self.spec = Path(path), spec
        self._metadata = geo_words.of_template(spec)
        self._cog = path.lower().endswith(COG) or bool(self._metadata.get("structure", {}).get("cog"))
        self._missing = geo_words.missing_value(spec, self._metadata)
        self._has_alpha = any(band["color"] == "alpha" for band in geo_words.bands(spec, self._metadata))
        self._masked = False
        self._stack = ExitStack()
        with as_output_errors(self.path):
            self._working = self._stack.enter_context(replacing(self.path))
        try:
            with as_output_errors(self.path), settings():
                self._dataset = open_file(str(self._working), "w", **geo_words.creation(spec, self._metadata))
                geo_words.describe(self._dataset, spec, self._metadata)
                if geo_words.by_mask(self._metadata) and self._missing is None:
                    self._begin_mask()
        except BaseException:
            self.discard()
            raise

    def write_window(self, top: int, left: int, values: Array, valid: Array | None = None, frame: int = 0) -> None:
        """Write a part; see the contract."""
        from rasterio.windows import Window

        if valid is not None and not valid.all():
            values = self._marked(values, np.broadcast_to(valid, values.shape))
        _, height, width = values.shape
        if valid is None:
            valid = self._as_input(top, left, values)
        window = Window(left, top, width, height)
        with as_output_errors(self.path), settings():
            self._dataset.write(np.ascontiguousarray(values), window=window)
            if self._missing is None and not self._has_alpha and valid is not None:
                pixels = (
                    np.ones((height, width), bool) if valid is None else np.broadcast_to(valid, values.shape).all(0)
                )
                self._begin_mask()
                self._dataset.write_mask(pixels, window=window)

    def write_passing(self, top: int, left: int, values: Array, valid: Array, frame: int = 0) -> None:
        """Write a part as it is, with a mask where the input, of another format, has one; see the contract."""
        self.write_window(top, left, values, None, frame)
        if self._metadata:  # a GeoTIFF's own mask, alpha or missing value passes with its pixels
            return
        known = np.isnan(values).any(0) if values.dtype.kind == "f" else False
        shown = valid | known
        if not shown.all():
            from rasterio.windows import Window

            with as_output_errors(self.path), settings():
                self._begin_mask()
                self._dataset.write_mask(shown, window=Window(left, top, values.shape[2], values.shape[1]))

    def _as_input(self, top: int, left: int, values: Array) -> Array | None:
        """Return the input's mask of a window whose pixels all have a value; None where it has none of its own."""
        template = self.spec.template
        if not self._masked or template is None or template.shape[1:] != self.spec.shape[1:]:
            return None
        rows, columns = (top, top + values.shape[1]), (left, left + values.shape[2])
        mask = template.mask_window(rows, columns)
        if mask is None:
            return None
        kept: Array = mask | ~np.isfinite(template.window(rows, columns))
        return np.logical_and.reduce(kept, axis=0)  # type: ignore[no-any-return]

    def _marked(self, values: Array, valid: Array) -> Array:
        """Put the missing value where there is none, unless what is there means it already."""
        if self._missing is None:
            return values
        if np.isnan(self._missing) and self._dataset.nodata is None:
            self._dataset.nodata = self._missing
        missing = np.asarray(self._missing, values.dtype)
        means_it = np.isnan(values) if values.dtype.kind == "f" else np.zeros(values.shape, bool)
        return np.where(valid | means_it, values, missing)

    def _begin_mask(self) -> None:
        """Begin a mask in which all that was written before is valid."""
        if not self._masked:
            self._masked = True
            self._dataset.write_mask(True)

    def close(self) -> None:
        """Complete the file, with levels where the input has them, or as a COG."""
        try:
            with as_output_errors(self.path), settings():
                factors = geo_words.factors(self.spec, self._metadata)
                if factors:
                    self._dataset.build_overviews(factors, library().enums.Resampling.nearest)
                tags = BandTags(geo_words.bands(self.spec, self._metadata), self._metadata.get("tags", {}))
                if self._cog:
                    tags.leave_room(self._dataset)
                self._dataset.close()
                if self._cog:
                    optimize(self._working, tags, **geo_words.cog_storage(self.spec, self._metadata))
            self._stack.close()
        finally:
            self.discard()

    def discard(self) -> None:
        """Drop what was written."""
        if (dataset := getattr(self, "_dataset", None)) is not None and not dataset.closed:
            with settings():
                dataset.close()
        stopped = _Discarded()
        self._stack.__exit__(_Discarded, stopped, None)


class _Discarded(Exception):
    """Says to `replacing` that the file must not appear."""
