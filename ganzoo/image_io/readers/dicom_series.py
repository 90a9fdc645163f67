"""A folder with the slices of one DICOM series: a volume, in the order in which they lie in space."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError
from ganzoo.image_io.read_errors import as_image_errors
from ganzoo.image_io.readers import dicom_places
from ganzoo.image_io.readers.dicom_reader import PREAMBLE, WORDS, DicomFrames
from ganzoo.rasters.raster import Raster

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
FEWEST = 3  # slices of a volume
LOOKED_AT = 16  # files by which a folder is recognized
TURNED = 1e-3  # of a direction's cosine, beyond which an orientation is another one
GAP, SAME = 1.5, 0.01  # of the usual distance: a slice is missing; two are at one place
HEADER = [
    "SeriesInstanceUID", "ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing", "NumberOfFrames", "Rows",
    "Columns",
]  # fmt: skip


class DicomSeriesReader(Reader):
    """Reader of folders of one DICOM series, by pydicom."""

    suffixes: ClassVar[tuple[str, ...]] = (".dcm",)
    packages: ClassVar[tuple[str, ...]] = ("pydicom",)
    extra: ClassVar[str] = "medical"
    of_images: ClassVar[bool] = True
    words: ClassVar[Mapping[str, str]] = WORDS

    def __init__(self, words: frozenset[str] = frozenset()) -> None:
        """Open only what needs no word, or one of ``words``."""
        self._words = words

    def asked(self, words: frozenset[str]) -> DicomSeriesReader:
        """Return the reader that opens what these words ask for."""
        return DicomSeriesReader(words)

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look whether a folder's files are DICOM, of one series with positions in space."""
        if head or not path or not os.path.isdir(path) or self.missing():
            return False
        files = _files(path)
        if len(files) < FEWEST or not all(_is_dicom(file) for file in files[:: max(1, len(files) // LOOKED_AT)]):
            return False
        try:
            some = [_header(file) for file in files[:: max(1, len(files) // LOOKED_AT)]]
        except Exception:  # damaged: its files are read one by one, and say so
            return False
        series = {str(one.get("SeriesInstanceUID")) for one in some}
        return len(series) == 1 and all("ImagePositionPatient" in one for one in some)

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a folder; ``axes`` does not apply."""
        if axes:
            raise ImageError(f"{path} says itself what its dimensions are. Omit --axes {axes}.")
        with as_image_errors(path):
            return SeriesFrames(path, self._words)


def _files(path: str) -> list[Path]:
    return sorted(each for each in Path(path).iterdir() if each.is_file() and not each.name.startswith("."))


def _is_dicom(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM"


def _header(file: Path) -> Any:
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(file, stop_before_pixels=True, specific_tags=HEADER)


@dataclass(frozen=True, repr=False)
class SeriesFiles:
    """The files of a series, in the order of space, for its writer alone.

    Attributes:
        paths: Of the slices.
        words: What is read only when asked.
    """

    paths: tuple[str, ...]
    words: frozenset[str]

    def __repr__(self) -> str:
        return f"<{len(self.paths)} DICOM files>"

    def slice(self, number: int) -> Raster:
        """Return one of them as an image by itself."""
        with DicomFrames(self.paths[number], self.words) as frames:
            return frames[0]


class SeriesFrames(Frames):
    """The slices of a series, from the lowest place along their normal to the highest."""

    def __init__(self, path: str, words: frozenset[str] = frozenset()) -> None:
        """Raises ImageError where they are no whole volume: a slice is missing, say."""
        self._path = path
        files = _files(path)
        headers = [_header(file) for file in files]
        self._check(files, headers)
        places = self._places(headers)
        order = np.argsort(places)
        self._files = SeriesFiles(tuple(str(files[index]) for index in order), words)
        self._headers = [headers[index] for index in order]
        self._check_distances(np.sort(places), [Path(file).name for file in self._files.paths])
        with DicomFrames(self._files.paths[0], words) as first:
            self._description = dict(first.description)
        self._description["slices"] = f"{len(files)}, {float(np.median(np.diff(np.sort(places)))):g} mm apart"

    def _check(self, files: Sequence[Path], headers: Sequence[Any]) -> None:
        if len({str(one.get("SeriesInstanceUID")) for one in headers}) > 1:
            raise ImageError(f"{self._path} holds several series. Give each a folder of its own.")
        for file, one in zip(files, headers, strict=True):
            if one.get("ImagePositionPatient") is None or one.get("ImageOrientationPatient") is None:
                raise ImageError(f"{file} does not say where it lies, so {self._path} is no volume. Remove the file.")
            if int(one.get("NumberOfFrames") or 1) > 1:
                raise ImageError(f"{file} has several frames. Give it alone, not in a folder of slices.")
        if len({(one.Rows, one.Columns) for one in headers}) > 1:
            raise ImageError(f"{self._path} holds slices of different sizes. Give each size a folder of its own.")
        directions = np.array([[float(number) for number in one.ImageOrientationPatient] for one in headers])
        if np.abs(directions - directions[0]).max() > TURNED:
            raise ImageError(f"{self._path} holds slices of different orientations. Give each a folder of its own.")

    @staticmethod
    def _places(headers: Sequence[Any]) -> Array:
        """Return how far each slice lies along the normal, in mm."""
        directions = [float(number) for number in headers[0].ImageOrientationPatient]
        normal = np.cross(directions[:3], directions[3:])
        positions = np.array([[float(number) for number in one.ImagePositionPatient] for one in headers])
        found: Array = positions @ normal
        return found

    def _check_distances(self, places: Array, names: Sequence[str]) -> None:
        distances = np.diff(places)
        usual = float(np.median(distances))
        if (distances <= SAME * max(usual, SAME)).any():
            index = int(distances.argmin())
            raise ImageError(
                f"{names[index]} and {names[index + 1]} in {self._path} lie at the same place. Remove one."
            )
        if (distances > GAP * usual).any():
            index = int(distances.argmax())
            raise ImageError(
                f"{self._path} lacks a slice: {names[index]} and {names[index + 1]} are {distances[index]:g} mm apart, "
                f"the others {usual:g} mm. Add the slice, or give the files one by one."
            )

    def __len__(self) -> int:
        return len(self._files.paths)

    def __getitem__(self, index: int) -> Raster:
        with as_image_errors(self._path):
            raster = self._files.slice(range(len(self))[index])
        volume = {"affine": self._affine, "slices": len(self), "series": self._files}
        return replace(raster, metadata={**raster.metadata, **volume})

    @cached_property
    def _affine(self) -> Array | None:
        """Where the volume lies; None where pixels have no size, or slices are not evenly spaced along one line."""
        first = self._headers[0]
        positions = np.array([[float(each) for each in one.ImagePositionPatient] for one in self._headers])
        step = dicom_places.evenly_spaced(positions)
        if step is None or first.get("PixelSpacing") is None:
            return None
        orientation = [float(each) for each in first.ImageOrientationPatient]
        return dicom_places.affine(orientation, [float(each) for each in first.PixelSpacing], positions[0], step)

    def tag(self, name: str) -> str:
        """Return the value of a tag of the first slice."""
        with DicomFrames(self._files.paths[0], self._files.words) as frames:
            return frames.tag(name)

    @property
    def labels(self) -> Sequence[str]:
        """As "slice 3"."""
        return [f"slice {number + 1}" for number in range(len(self))]

    @property
    def axis(self) -> str:
        """Slices lie along Z."""
        return "Z"

    @property
    def description(self) -> Mapping[str, str]:
        """What is known of the first slice, and how far slices are apart."""
        return self._description
