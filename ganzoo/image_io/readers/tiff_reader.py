"""TIFF, BigTIFF, OME-TIFF and ImageJ hyperstacks as rasters, read by tifffile and imagecodecs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io.limits import MAX_PIXELS
from ganzoo.image_io.read_errors import as_image_errors
from ganzoo.image_io.readers import tiff_metadata
from ganzoo.image_io.readers.tiff_chain import check_chain
from ganzoo.image_io.readers.tiff_segments import RATIOS, YCBCR, SegmentCache
from ganzoo.image_io.readers.tiff_series import PAGE_LETTERS, Dimensions, TiffSource
from ganzoo.rasters import axes as axis_letters
from ganzoo.rasters.raster import Raster

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Series of these kinds hold one slide in the first series; the others are labels and previews.
SLIDES = ("svs", "ndpi", "scn", "bif", "philips", "ventana", "avs", "qpi", "indica")
REDUCED, MASK = 1, 4  # bits of NewSubfileType
MAX_FRAMES = 1 << 20


class TiffReader(Reader):
    """Reader of TIFF files of any channels; EXIF orientation is not applied."""

    suffixes: ClassVar[tuple[str, ...]] = (".tif", ".tiff", ".btf", ".svs", ".ndpi")

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look for the first four bytes of TIFF and BigTIFF."""
        return head.startswith(SIGNATURES)

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a file; see the contract."""
        import tifffile

        with as_image_errors(path):
            check_chain(path)
            file = tifffile.TiffFile(path)
            try:
                return TiffFrames(file, path, axes, max_pixels or MAX_PIXELS)
            except BaseException:
                file.close()
                raise


class TiffFrames(Frames):
    """The images in a TIFF file."""

    def __init__(self, file: Any, name: str, axes: str, max_pixels: int) -> None:
        """Raises ImageError and OptionError as `Reader.open` does."""
        self._file, self._name, self._max_pixels = file, name, max_pixels
        file.filehandle.lock = True
        series, masks = _chosen_series(file, name)
        self._parts = [(one, _dimensions(one, axes, name)) for one in series]
        self._masks = tuple(masks[0].levels) if masks else ()
        self._check()
        self._check_claims()
        self._cache = SegmentCache()
        self._metadata = tiff_metadata.read(file, series[0])
        self._starts = np.cumsum([0, *(dimensions.frames for _, dimensions in self._parts)])
        if len(self) > MAX_FRAMES:
            raise ImageError(f"{name} declares {len(self)} images, more than {MAX_FRAMES}.")

    def _check(self) -> None:
        kinds = {(dimensions.channels, str(one.dtype)) for one, dimensions in self._parts}
        if len(kinds) > 1:
            listing = " and ".join(f"{count} channel{'s'[: count > 1]} of {kind}" for count, kind in sorted(kinds))
            raise ImageError(f"{self._name} holds images of different kinds: {listing}. Store them in separate files.")
        for one, dimensions in self._parts:
            if not all(dimensions.shape) or not one.dtype or one.dtype.kind not in "biuf":
                what = f"values of {one.dtype}" if all(dimensions.shape) else "no pixels"
                raise ImageError(f"{self._name} has {what}. Give integers, or floats of 16 to 64 bits.")

    def _check_claims(self) -> None:
        """Raise ValueError where the file is too short for the size that it declares, however well it is packed."""
        size = self._file.filehandle.size
        for one, _ in self._parts:
            for level in one.levels:
                key = level.keyframe
                ratio, bits = RATIOS.get(int(key.compression)), key.bitspersample
                sparse = any(not length for length in key.databytecounts)
                if ratio is None or sparse or key.photometric == YCBCR or not isinstance(bits, int):
                    continue
                needed = math.prod(map(int, level.shape)) * bits // 8 // ratio
                if needed > size:
                    raise ValueError(f"it is cut off: it has {size} bytes, and its pixels take {needed} at least")

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, index: int) -> Raster:
        number = range(len(self))[index]
        with as_image_errors(self._name):
            return self._raster(number)

    def _raster(self, number: int) -> Raster:
        part = int(np.searchsorted(self._starts, number, side="right")) - 1
        series, dimensions = self._parts[part]
        name = f"{self._name}, {self.labels[number]}" if len(self) > 1 else self._name
        source = TiffSource(
            tuple(series.levels),
            dimensions,
            number - int(self._starts[part]),
            self._cache,
            self._max_pixels,
            name,
            tiff_metadata.nodata(series.keyframe),
            self._masks,
        )
        channels = tiff_metadata.channels(self._metadata, series.keyframe, source.shape[0], str(source.dtype))
        return Raster(source, channels, name, "tifffile", self._metadata, group=self._name)

    @property
    def labels(self) -> Sequence[str]:
        """As "page 3" or "T 1, Z 4", counted from 1."""
        texts = []
        for part, (_, dimensions) in enumerate(self._parts):
            before = f"image {part + 1}" if len(self._parts) > 1 else ""
            for frame in range(dimensions.frames):
                places = [
                    f"{'page' if letter == 'I' else letter} {position + 1}"
                    for letter, position in dimensions.place(frame).items()
                ]
                texts.append(", ".join([before, *places] if before else places))
        return texts

    @property
    def axis(self) -> str:
        """The letters of the frames' dimensions."""
        letters = self._parts[0][1].frame_axes if len(self._parts) == 1 else "I"
        return "page" if letters == "I" else letters

    @property
    def lengths(self) -> Sequence[int]:
        """Of the frames' dimensions, where they are several."""
        dimensions = self._parts[0][1]
        several = len(self._parts) == 1 and len(dimensions.frame_axes) > 1
        return [dimensions.length(letter) for letter in dimensions.frame_axes] if several else ()

    @property
    def description(self) -> Mapping[str, str]:
        """Kind, pixel size, missing value, georeference, compression."""
        return tiff_metadata.describe(self._metadata)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _chosen_series(file: Any, name: str) -> tuple[list[Any], list[Any]]:
    """Return the series that are images, and those that are masks; previews are left out."""
    found = list(file.series)
    if not found:
        raise ImageError(f"{name} cannot be read: it has no image in it. Check that the file is complete and readable.")
    masks = [one for one in found if int(one.keyframe.subfiletype or 0) & MASK or one.keyframe.photometric == MASK]
    images = [one for one in found if not any(one is mask for mask in masks)] or found
    if found[0].kind in SLIDES:
        return images[:1], []
    full = [one for one in images if not int(one.keyframe.subfiletype or 0) & REDUCED] or images
    fitting = [one for one in masks if one.shape[-2:] == _size(full[0])]
    return full, fitting


def _size(series: Any) -> tuple[int, int]:
    return tuple(series.shape[series.axes.index(letter)] for letter in "YX")  # type: ignore[return-value]


def _dimensions(series: Any, axes: str, name: str) -> Dimensions:
    """Return what the dimensions of a series are: as it says, or as ``axes`` says."""
    shape = tuple(map(int, series.shape))
    stored = Dimensions(series.axes, shape)
    if not {"Y", "X"} <= set(stored.axes) or len(stored.axes) != len(shape):
        raise ValueError("it has no rows and columns")
    if axes:
        checked = axis_letters.check(axes, len(shape), name)
        if {checked[stored.axes.index(letter)] for letter in "YX"} != {"Y", "X"} or checked.index("Y") > checked.index(
            "X"
        ):
            raise OptionError(f"{name} stores rows and columns as {stored.axes}; axes '{axes}' puts them elsewhere.")
        return replace(stored, axes=checked)
    unknown = [letter for letter in stored.axes if letter not in PAGE_LETTERS + "CSYX" and stored.length(letter) > 1]
    if unknown:
        sizes = "x".join(map(str, shape))
        raise ImageError(
            f"{name} does not say what its dimensions are ({sizes}). Name them: --axes "
            f"{_example(stored)} or --axes {_example(stored, 'C')}, say, where C are channels, Z depth, T time."
        )
    return stored


def _example(stored: Dimensions, letter: str = "Z") -> str:
    free = iter(letter + "TZ".replace(letter, "") + "C".replace(letter, ""))
    return "".join(one if one in "YXS" else next(free, "C") for one in stored.axes)
