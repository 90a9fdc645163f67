"""Rasters -> DICOM, as derived from the file that was read: a new object of a new series in the same study."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from ganzoo.contracts.writer import OpenFile, OutputSpec, Writer
from ganzoo.errors import OutputError
from ganzoo.image_io.writers import dicom_derived
from ganzoo.image_io.writers.spool import Array, SpooledFile

STORED = ("uint8", "uint16", "int16")
WINDOW = (1.0, 99.0)  # percentiles that are shown where the channel has no range
SAMPLE = 1 << 20


class DicomWriter(Writer):
    """Writer of .dcm, by pydicom, for output of a DICOM file."""

    suffixes: ClassVar[tuple[str, ...]] = (".dcm",)
    formats: ClassVar[tuple[str, ...]] = ("dicom",)
    packages: ClassVar[tuple[str, ...]] = ("pydicom",)
    extra: ClassVar[str] = "medical"

    def check(self, spec: OutputSpec) -> None:
        """Refuse output of other files, other sizes, several channels, and numbers that 16 bits do not hold."""
        template = spec.template
        if template is None or template.format != "dicom":
            raise OutputError("DICOM output needs a DICOM input, whose patient and study it keeps. Write .nii or .tif.")
        if str(template.metadata["dicom"].data.get("Modality")) == "SEG":
            raise OutputError("Output of a segmentation is not written as DICOM. Write .tif or .npz.")
        count = spec.shape[0]
        if count not in (1, 3) or (count == 3 and spec.dtype not in ("uint8", "uint16")):
            raise OutputError(
                f"A DICOM file has one channel, or RGB of uint8 or uint16, not {count} of {spec.dtype}. Write .tif."
            )
        if spec.scale != 1 or spec.shape[1:] != template.shape[1:]:
            raise OutputError("DICOM output keeps its input's size. Write .tif or .npy for a model that enlarges.")
        source = template.metadata["dicom"].data
        whole = int(source.get("NumberOfFrames") or 1)
        if spec.frames != whole:
            raise OutputError(
                f"This DICOM file has all of its {whole} frames, not {spec.frames}. Omit --frames, or write .tif."
            )
        if "SharedFunctionalGroupsSequence" in source and dicom_derived.modality(spec, source) != source.Modality:
            raise OutputError("A file of several frames keeps its modality in DICOM. Write .tif or .npy.")
        if spec.dtype not in STORED and not _as_template(spec):
            raise OutputError(
                f"DICOM holds integers of up to 16 bits, not {spec.dtype}. Write .tif, or give the model's output "
                "channel a number type: int16."
            )

    def open(self, path: str, spec: OutputSpec) -> OpenFile:
        """Begin a file."""
        return DicomFile(path, spec)


def _as_template(spec: OutputSpec) -> bool:
    """Tell whether the output is in the input's unit and number type, so that the input's scale fits it."""
    template = spec.template
    if template is None or len(spec.channels) != 1 or len(template.channels) != 1:
        return False
    same = str(template.dtype) == spec.dtype and spec.channels[0].unit in ("", template.metadata["unit"])
    return same and template.metadata["scale"] is not None


class DicomFile(SpooledFile):
    """A DICOM file that is being written."""

    shown: tuple[float, float] | None = None  # values to show; None: what the channel or the values say

    def missing_value(self) -> float | None:
        """Return the input's padding, in units, where the output's type has it."""
        assert self.spec.template is not None
        padding = self.spec.template.metadata["padding"]
        if padding is None or len(self.spec.channels) != 1:
            return None
        kind = np.dtype(self.spec.dtype)
        if kind.kind == "f":
            return float(padding)
        limits = np.iinfo(kind)
        return float(padding) if limits.min <= padding <= limits.max and float(padding).is_integer() else None

    def write_passing(self, top: int, left: int, values: Array, valid: Array, frame: int = 0) -> None:
        """Keep a part as it is: the input's words on padding, its range too, are the output's."""
        self.write_window(top, left, values, None, frame)

    def _mark(self, frame: int, top: int, left: int, valid: Array) -> None:
        """Refuse: DICOM marks padding by a value."""
        raise OutputError(
            f"{self.path} has no place for missing values of {self.spec.dtype}. Write .npz, .tif, or int16."
        )

    def encode(self, path: Path) -> None:
        """Write the file."""
        assert self.spec.template is not None
        frames, count, _, _ = self.spool.shape
        values = self._values(range(frames))
        source = self.spec.template.metadata["dicom"].data
        found = dicom_derived.header(source, self.spec)
        slope, intercept = self._scale()
        stored = self._stored(values, slope, intercept)
        unit = self.spec.channels[0].unit
        dicom_derived.set_pixels(found, stored, slope, intercept, unit)
        if count == 1:
            dicom_derived.set_window(found, *(self.shown or self._shown(values)))
            if (missing := self.missing_value()) is not None:
                found.PixelPaddingValue = round((missing - intercept) / slope)
                found["PixelPaddingValue"].VR = "SS" if stored.dtype.kind == "i" else "US"
        found.save_as(path, enforce_file_format=True)

    def _values(self, frames: range) -> Array:
        """Return some frames, (frames, C, H, W)."""
        _, count, height, width = self.spool.shape
        values = np.empty((len(frames), count, height, width), self.spool.dtype)
        for place, frame in enumerate(frames):
            for channel in range(count):
                values[place, channel] = self.spool.read(frame, channel, slice(0, height), slice(0, width))
        return values

    def _scale(self) -> tuple[float, float]:
        """Return slope and intercept: none where the numbers can be stored as they are, else the input's."""
        if self.spec.dtype in STORED or self.spec.template is None:
            return 1.0, 0.0
        slope, intercept = self.spec.template.metadata["scale"]
        return float(slope), float(intercept)

    def _stored(self, values: Array, slope: float, intercept: float) -> Array:
        if self.spec.dtype in STORED:
            return values
        numbers = np.rint((values.astype(np.float64) - intercept) / slope)
        kind = np.uint16 if numbers.min() >= 0 else np.int16
        if numbers.min() < np.iinfo(kind).min or numbers.max() > np.iinfo(kind).max:
            raise OutputError(f"{self.path} has values that 16 bits under its input's scale do not hold. Write .tif.")
        return numbers.astype(kind)

    def _shown(self, values: Array) -> tuple[float, float]:
        """Return the lowest and highest value to show: the channel's range, else percentiles."""
        channel = self.spec.channels[0]
        if channel.range is not None:
            return min(channel.range), max(channel.range)
        some = values.reshape(-1)[:: max(1, values.size // SAMPLE)]
        missing = self.missing_value()
        some = some[some != missing] if missing is not None and (some != missing).any() else some
        low, high = np.percentile(some.astype(np.float64), WINDOW)
        return float(low), float(high)
