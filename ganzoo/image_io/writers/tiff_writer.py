"""Rasters -> TIFF, OME-TIFF and ImageJ hyperstacks, written by tifffile in the input's kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.image_io.readers import tiff_metadata
from ganzoo.image_io.writers import tiff_words
from ganzoo.image_io.writers.spool import LARGE_PAGE, Array, Spool, SpooledFile, halved
from ganzoo.image_io.writers.tiff_missing import fill_missing, nodata_tag

FORMATS = ("tifffile", "slide")  # readers that describe their files alike
OME_TYPES = ("int8", "int16", "int32", "uint8", "uint16", "uint32", "float32", "float64")
IMAGEJ_TYPES = ("uint8", "uint16", "float32")
LOSSLESS = {1: None, 5: 5, 8: 8, 32946: 8, 32773: 32773, 34925: 34925, 50000: 50000}  # kept; the others become deflate
DEFLATE, RGB, MIN_IS_BLACK, MASK = 8, 2, 1, 4
TILE = 256
BIG = (1 << 32) - (1 << 25)
LARGEST_IMAGEJ = 1 << 28  # bytes of a page, which is in memory at once
SMALLEST_LEVEL = 1
FLAT, TOP = 4096, 1024  # longer side of the largest OME-TIFF without levels, and of the last level of those with them


class TiffWriter(Writer):
    """Writer of TIFF; .ome.tif is OME-TIFF, and .tif what the input was."""

    suffixes: ClassVar[tuple[str, ...]] = (".ome.tif", ".ome.tiff", ".tif", ".tiff")
    formats: ClassVar[tuple[str, ...]] = FORMATS

    def check(self, spec: OutputSpec) -> None:
        """Refuse types that TIFF does not have."""
        if np.dtype(spec.dtype).itemsize == 8 and np.dtype(spec.dtype).kind in "iu":
            raise OutputError(f"TIFF readers do not know {spec.dtype}. Write int32 or float64, or a .npy file.")

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a file. Raises OutputError where OME has no such type."""
        return TiffFile(path, spec)


class TiffFile(SpooledFile):
    """A TIFF that is being written."""

    def __init__(self, path: str, spec: OutputSpec) -> None:
        if _kind(path, spec) == "ome" and spec.dtype not in OME_TYPES:
            raise OutputError(f"OME-TIFF has no {spec.dtype}. Write float32, or {_plain_name(path)}.")
        super().__init__(path, spec)
        self._missing: float | None = None  # what stands for missing values, of the file's own choice

    @cached_property
    def _metadata(self) -> Mapping[str, Any]:
        template = self.spec.template
        return template.metadata if template is not None and template.format in FORMATS else {}

    def missing_value(self) -> float | None:
        """Return the input's missing value where the output's type has it; NaN for floats without one."""
        tags = {code: value for code, _, _, value in self._metadata.get("tags", ())}
        declared = tiff_metadata.parse_nodata(tags.get(tiff_metadata.GDAL_NODATA))
        kind = np.dtype(self.spec.dtype)
        if declared is None:
            return super().missing_value()
        if kind.kind == "f":
            return declared
        limits = np.iinfo(kind)
        return declared if limits.min <= declared <= limits.max and declared.is_integer() else None

    def encode(self, path: Path) -> None:
        """Write all frames, and the levels of a pyramid where the input has them."""
        import tifffile

        kind = _kind(str(self.path), self.spec)
        if self.invalid is not None and (kind != "tiff" or self.spec.frames > 1):  # there is no page for a mask
            self._missing = fill_missing(self.spool, self.invalid, str(self.path), self.missing_value())
            self.invalid.close()
            self.invalid = None
        size = int(np.prod(self.spool.shape, dtype=np.int64)) * self.spool.dtype.itemsize
        big = size > BIG or (bool(self._metadata.get("big")) and kind != "imagej")
        with tifffile.TiffWriter(path, bigtiff=big, ome=kind == "ome", imagej=kind == "imagej") as file:
            if kind == "imagej":
                words = tiff_words.imagej(self.spec, self._metadata)
                file.write(
                    self._pages(),
                    shape=self._stack_shape(kind),
                    dtype=self.spool.dtype,
                    metadata=words,
                    **tiff_words.resolution(self.spec, self._metadata),
                    photometric=MIN_IS_BLACK,
                    extratags=self._nodata_tags(),
                )
            elif kind == "ome":
                self._write_pyramid(
                    file, range(self.spec.frames), self._stack_shape(kind), tiff_words.ome(self.spec, self._metadata)
                )
            else:
                for frame in range(self.spec.frames):
                    self._write_pyramid(file, range(frame, frame + 1), None, None)
                if self.invalid is not None:
                    self._write_mask(file, self.invalid)
        if kind == "ome":
            tiff_words.restore_ome(path, self._metadata.get("ome_xml", ""))

    def _nodata_tags(self) -> list[Any]:
        """Return the tag of the missing value: the file's own choice, or the input's where the type has it."""
        value = self.missing_value() if self._missing is None else self._missing
        return [] if value is None or np.isnan(value) else [nodata_tag(value)]

    def _stack_shape(self, kind: str) -> tuple[int, ...]:
        _, count, height, width = self.spool.shape
        stack = self.spec.stack.values()
        if kind == "ome" and tiff_words.are_colors(self.spec):
            return (*stack, height, width, count)
        return (*stack, *((count,) if count > 1 else ()), height, width)

    def _write_pyramid(self, file: Any, frames: range, shape: tuple[int, ...] | None, words: Any) -> None:
        """Write frames at full size and, as the input has it, in smaller and smaller copies."""
        levels = self._level_count()
        common = self._storage(shape is not None and not tiff_words.are_colors(self.spec), shape is None)
        first = {**common, **tiff_words.resolution(self.spec, self._metadata), "metadata": words}
        if shape is None:
            first |= tiff_words.tags(self.spec, self._metadata)
            if self._missing is not None:
                others = [tag for tag in first["extratags"] if tag[0] != tiff_metadata.GDAL_NODATA]
                first["extratags"] = [*others, nodata_tag(self._missing)]
        else:
            first["extratags"] = self._nodata_tags()
        spool, smaller = self.spool, []
        file.write(
            self._blocks(spool, frames, common),
            shape=self._page_shape(spool, shape, common),
            dtype=spool.dtype,
            subifds=levels - 1,
            **first,
        )
        for _ in range(levels - 1):
            spool = halved(spool, self.path.parent)
            smaller.append(spool)
            file.write(
                self._blocks(spool, frames, common),
                shape=self._page_shape(spool, shape, common),
                dtype=spool.dtype,
                subfiletype=1,
                metadata=None,
                **common,
            )
        for each in smaller:
            each.close()

    def _write_mask(self, file: Any, invalid: Spool) -> None:
        """Write where pixels are valid as a page of bits, as GDAL does within a file."""
        _, _, height, width = invalid.shape
        storage: dict[str, Any] = {"tile": (TILE, TILE)} if height * width > LARGE_PAGE else {}
        blocks = (block == 0 for block in self._blocks(invalid, range(1), storage))
        file.write(
            blocks,
            shape=(height, width),
            dtype=bool,
            photometric=MASK,
            subfiletype=MASK,
            compression=DEFLATE,
            metadata=None,
            **storage,
        )

    def _level_count(self) -> int:
        """Return the input's number of levels, as far as the output can be halved; of a large OME-TIFF several."""
        wanted = int(self._metadata.get("levels", 1))
        if self._needs_levels():
            wanted = 1 + int(np.ceil(np.log2(max(self.spool.shape[2:]) / TOP)))
        fitting = int(np.log2(max(1, min(self.spool.shape[2:]) / SMALLEST_LEVEL))) + 1
        return max(1, min(wanted, fitting))

    def _needs_levels(self) -> bool:
        """Tell whether viewers expect levels that the input does not have."""
        flat = int(self._metadata.get("levels", 1)) < 2
        return flat and max(self.spool.shape[2:]) > FLAT and _kind(str(self.path), self.spec) == "ome"

    def _storage(self, planes_are_pages: bool, may_be_planar: bool) -> dict[str, Any]:
        """Return compression, tiles and the order of samples, as tifffile takes them."""
        metadata, count = self._metadata, self.spool.shape[1]
        planar = may_be_planar and bool(metadata.get("planar"))
        compression = LOSSLESS.get(int(metadata.get("compression", DEFLATE)), DEFLATE)
        samples = 1 if planes_are_pages or planar else count
        page = samples * self.spool.shape[2] * self.spool.shape[3] * self.spool.dtype.itemsize
        tile = tuple(metadata.get("tile", ())) or ((TILE, TILE) if page > LARGE_PAGE or self._needs_levels() else ())
        found: dict[str, Any] = {"compression": compression}
        if compression in (5, 8, 50000, 34925):
            found["predictor"] = 3 if self.spool.dtype.kind == "f" and self.spool.dtype.itemsize > 2 else 2
            if self.spool.dtype == np.float16:
                found["predictor"] = 1
        if tile and not any(side % 16 for side in tile):
            found["tile"] = tile
        if planes_are_pages:
            return found | {"photometric": MIN_IS_BLACK}
        colors = [channel.name for channel in self.spec.channels[:3]] == ["red", "green", "blue"]
        found["photometric"] = RGB if count >= 3 and colors and self.spool.dtype.kind == "u" else MIN_IS_BLACK
        if count > 1:
            found["planarconfig"] = 2 if planar else 1
            extra = count - (3 if found["photometric"] == RGB else 1)
            alpha = self.spec.channels[-1].name == "alpha"
            if extra:
                found["extrasamples"] = (0,) * (extra - 1) + (2 if alpha else 0,)
        return found

    def _page_shape(self, spool: Spool, shape: tuple[int, ...] | None, storage: Mapping[str, Any]) -> tuple[int, ...]:
        _, count, height, width = spool.shape
        if shape is not None and storage["photometric"] == RGB:
            return (*shape[:-3], height, width, count)
        if shape is not None:
            return (*shape[:-2], height, width)
        if count == 1:
            return height, width
        return (count, height, width) if storage.get("planarconfig") == 2 else (height, width, count)

    def _pages(self) -> Iterator[Array]:
        frames, count, height, width = self.spool.shape
        for frame in range(frames):
            for channel in range(count):
                yield self.spool.read(frame, channel, slice(0, height), slice(0, width))

    def _blocks(self, spool: Spool, frames: range, storage: Mapping[str, Any]) -> Iterator[Array]:
        """Yield pages, or tiles, in the order in which they are stored."""
        _, count, height, width = spool.shape
        interleaved = storage.get("planarconfig") == 1
        high, wide = storage.get("tile", (height, width))
        for frame in frames:
            for channels in [range(count)] if interleaved else [range(one, one + 1) for one in range(count)]:
                for top in range(0, height, high):
                    rows = slice(top, min(top + high, height))
                    bands = [spool.read(frame, channel, rows, slice(0, width)) for channel in channels]
                    band = np.stack(bands, axis=2) if interleaved else bands[0]
                    for left in range(0, width, wide):
                        yield np.ascontiguousarray(band[:, left : left + wide])


def _kind(path: str, spec: OutputSpec) -> str:
    """Return "ome", "imagej" or "tiff"."""
    template = spec.template
    own = template.metadata.get("kind", "") if template is not None and template.format in FORMATS else ""
    if Path(path).name.lower().endswith((".ome.tif", ".ome.tiff")):
        return "ome"
    if own == "ome" and spec.dtype in OME_TYPES:
        return "ome"
    size = int(np.prod(spec.shape, dtype=np.int64)) * spec.frames * np.dtype(spec.dtype).itemsize
    page = spec.shape[1] * spec.shape[2] * np.dtype(spec.dtype).itemsize
    if own == "imagej" and spec.dtype in IMAGEJ_TYPES and list(spec.stack) != ["Z", "T"]:  # ImageJ has time first
        return "imagej" if size < BIG and page <= LARGEST_IMAGEJ else "ome"  # ImageJ reads neither tiles nor BigTIFF
    return "tiff"


def _plain_name(path: str) -> str:
    name = Path(path).name
    for suffix in (".ome.tiff", ".ome.tif"):
        name = name.removesuffix(suffix)
    return f"{name}.tif"
