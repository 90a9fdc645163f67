"""DICOM files as rasters: stored numbers in the units that the file states, its frames, and its padding as missing.

Compressed frames are decoded by imagecodecs. What needs a decision is refused in one sentence until it is asked for
(`DicomReader.words`): segmentations, 32 bits a value, look-up tables instead of a slope. Names of patients never leave
the file.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np

from ganzoo.contracts.reader import Frames, Reader
from ganzoo.errors import ImageError
from ganzoo.files.limits import FILE
from ganzoo.files.regular import open_regular
from ganzoo.image_io.read_errors import as_image_errors
from ganzoo.image_io.readers import codestreams, dicom_places, dicom_segments
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import ArraySource, Raster

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
PREAMBLE = 128  # bytes before the magic word
BASELINE = "jpeg8_decode"
# Transfer syntaxes of encapsulated frames -> the function of imagecodecs that decodes one.
DECODERS = {
    "1.2.840.10008.1.2.4.50": BASELINE,
    "1.2.840.10008.1.2.4.57": "ljpeg_decode",
    "1.2.840.10008.1.2.4.70": "ljpeg_decode",
    "1.2.840.10008.1.2.4.80": "jpegls_decode",
    "1.2.840.10008.1.2.4.81": "jpegls_decode",
    "1.2.840.10008.1.2.4.90": "jpeg2k_decode",
    "1.2.840.10008.1.2.4.91": "jpeg2k_decode",
}
RLE = "1.2.840.10008.1.2.5"  # which pydicom decodes
LUMA = ("YBR_FULL", "YBR_FULL_422")
GRAY, COLOR = ("MONOCHROME1", "MONOCHROME2"), ("RGB", "YBR_RCT", "YBR_ICT", *LUMA)
ADOBE, NEAR_START = b"Adobe", 4096  # the marker by which a JPEG says itself what its colors are, and where it is
PALETTE = "PALETTE COLOR"
SEGMENTATION, DEEP, TABLE = "segmentation", "32-bit", "lut"  # words of --read
WORDS = {
    SEGMENTATION: "DICOM segmentations, each segment a channel",
    DEEP: "DICOM of 32 bits a value, of which networks see 24",
    TABLE: "DICOM whose values are in a look-up table, applied",
}
PIXELS = ("PixelData", "FloatPixelData")


class DicomReader(Reader):
    """Reader of .dcm, by pydicom."""

    suffixes: ClassVar[tuple[str, ...]] = (".dcm",)
    packages: ClassVar[tuple[str, ...]] = ("pydicom",)
    extra: ClassVar[str] = "medical"
    words: ClassVar[Mapping[str, str]] = WORDS

    def __init__(self, words: frozenset[str] = frozenset()) -> None:
        """Open only what needs no word, or one of ``words``."""
        self._words = words

    def asked(self, words: frozenset[str]) -> DicomReader:
        """Return the reader that opens what these words ask for."""
        return DicomReader(words)

    def recognizes(self, head: bytes, path: str) -> bool:
        """Look for the magic word behind the preamble."""
        return head[PREAMBLE : PREAMBLE + 4] == b"DICM"

    def open(self, path: str, *, axes: str = "", max_pixels: int | None = None) -> Frames:
        """Open a file; ``axes`` does not apply."""
        if axes:
            raise ImageError(f"{path} says itself what its dimensions are. Omit --axes {axes}.")
        with as_image_errors(path):
            return DicomFrames(path, self._words)


@dataclass(frozen=True, repr=False)
class DicomHeader:
    """All tags of a file, for its writer alone: shown, it says nothing of the patient."""

    data: Any

    def __repr__(self) -> str:
        return "<DICOM header>"


class DicomFrames(Frames):
    """The frames of a file, in the order in which it has them."""

    def __init__(self, path: str, words: frozenset[str] = frozenset()) -> None:
        """Raises ImageError for what is refused without one of ``words``; see the module."""
        import pydicom

        with open_regular(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about small faults that do not concern the image
            self._set = pydicom.dcmread(file)
        self._path, self._words = path, words
        pixels = next((name for name in PIXELS if name in self._set), PIXELS[0])
        missing = [name for name in ("Rows", "Columns", "BitsAllocated", pixels) if name not in self._set]
        if missing:
            raise ImageError(f"{path} holds no image: it lacks {', '.join(missing)}. Check that the file is complete.")
        self._count = int(self._get("NumberOfFrames") or 1)
        self._samples = int(self._get("SamplesPerPixel") or 1)
        self._shape = (int(self._set.Rows), int(self._set.Columns))
        if reason := self._unfit():
            raise ImageError(f"{path} {reason}")
        size = self._count * self._samples * self._shape[0] * self._shape[1] * max(1, int(self._set.BitsAllocated) // 8)
        FILE.check(size, path, ImageError)
        if self._count * self._shape[0] * self._shape[1] < 1:
            raise ImageError(f"{path} has no pixels: {self._count} frames of {self._shape[1]}x{self._shape[0]}.")
        is_segmentation = dicom_segments.is_segmentation(self._set)
        self._segments = dicom_segments.find(self._set, self._count, path) if is_segmentation else None

    def _get(self, name: str) -> Any:
        return self._set.get(name)

    def _unfit(self) -> str:
        """Return why the file is refused, "" where it is not."""
        kind, bits = str(self._get("PhotometricInterpretation") or ""), int(self._set.BitsAllocated)
        segments = dicom_segments.is_segmentation(self._set)
        if segments and SEGMENTATION not in self._words:
            return "is a segmentation, whose values are no intensities. Say --read segmentation: segments are channels."
        deep = bits == 32 and kind in (*GRAY, "RGB")
        if deep and DEEP not in self._words:
            return "has 32 bits a value, of which networks see 24. Say --read 32-bit to read it."
        fitting = bits in (8, 16) or deep or (bits == 1 and segments)
        if not fitting or kind not in (*GRAY, *COLOR, PALETTE) or self._samples not in (1, 3):
            return f"has {self._samples} x {bits} bits as {kind}. Supported are gray and RGB of 8, 16 or 32 bits."
        if "ModalityLUTSequence" in self._set and TABLE not in self._words:
            return "states its values by a look-up table, not by a slope. Say --read lut to apply it."
        syntax = self._set.file_meta.TransferSyntaxUID
        if syntax.is_compressed and str(syntax) not in DECODERS and str(syntax) != RLE:
            return f"is compressed as '{syntax.name}', which is not supported. Decompress it first."
        return ""

    @cached_property
    def _stored(self) -> Array:
        """The numbers in the file, (frames, C, H, W)."""
        syntax = self._set.file_meta.TransferSyntaxUID
        with as_image_errors(self._path), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if str(syntax) in DECODERS:
                values = self._decoded(DECODERS[str(syntax)])
            else:
                values = self._set.pixel_array
        values = values.reshape(self._count, *self._shape, self._samples)
        if str(self._get("PhotometricInterpretation")) == PALETTE:
            return self._colors(values[..., 0])
        return self._signed(values.transpose(0, 3, 1, 2))

    def _colors(self, numbers: Array) -> Array:
        """Return RGB (frames, 3, H, W) of the numbers of a palette."""
        from pydicom.pixels import apply_color_lut

        with as_image_errors(self._path):
            frames = [apply_color_lut(frame, self._set) for frame in numbers]
        return np.stack(frames)[..., :3].transpose(0, 3, 1, 2)

    def _decoded(self, decoder: str) -> Array:
        import imagecodecs
        from pydicom.encaps import generate_frames
        from pydicom.pixels import convert_color_space

        kind = str(self._get("PhotometricInterpretation"))
        decode = getattr(imagecodecs, decoder)
        frames = []
        for data in generate_frames(self._set.PixelData, number_of_frames=self._count):
            codestreams.check(data, self._shape[0] * self._shape[1])
            plain_rgb = decoder == BASELINE and kind == "RGB" and ADOBE not in data[:NEAR_START]
            frames.append(decode(data, colorspace="RGB", outcolorspace="RGB") if plain_rgb else decode(data))
        if len(frames) != self._count or any(one.shape[:2] != self._shape for one in frames):
            raise ImageError(
                f"{self._path} declares {self._count} frames of {self._shape[1]}x{self._shape[0]}, and has others."
            )
        values = np.stack(frames)
        return convert_color_space(values, kind, "RGB") if kind in LUMA and decoder != BASELINE else values

    def _signed(self, values: Array) -> Array:
        """Return values of the type that the file states: a decoder knows nothing of signs."""
        if not int(self._get("PixelRepresentation") or 0):
            return values
        signed = np.dtype(f"int{8 * values.dtype.itemsize}")
        bits = int(self._get("BitsStored") or 8 * values.dtype.itemsize)
        shift = 8 * values.dtype.itemsize - bits
        found: Array = (values.astype(signed) << shift) >> shift  # the sign is the highest of the stored bits
        return found

    def _slope(self, frame: int) -> tuple[float, float, str]:
        """Return slope, intercept and unit: of the frame, of all frames, or of the file, in this order."""
        groups = []
        if frames := self._get("PerFrameFunctionalGroupsSequence"):
            groups.append(frames[frame])
        groups += list(self._get("SharedFunctionalGroupsSequence") or [])
        for group in groups:
            for one in group.get("PixelValueTransformationSequence") or []:
                return _numbers(one)
        return _numbers(self._set)

    def __len__(self) -> int:
        return len(self._segments.places) if self._segments else self._count

    def __getitem__(self, index: int) -> Raster:
        number = range(len(self))[index]
        if self._segments:
            return self._segmented(self._segments, number)
        stored = self._stored[number]
        table = self._table(stored)
        slope, intercept, unit = (1.0, 0.0, table[1]) if table else self._slope(number)
        original = str((self._get("ImageType") or [""])[0]) == "ORIGINAL"
        if not unit and not table and str(self._get("Modality")) == "CT" and original:
            unit = "HU"
        colored = len(stored) == 3
        names = ("red", "green", "blue") if colored else (str(self._get("Modality") or ""),)
        channels = tuple(Channel(name, "" if colored else unit) for name in names)
        name = f"{self._path}, {self.labels[number]}" if self._count > 1 else self._path
        if colored:
            slope, intercept = 1.0, 0.0
        values = table[0] if table else _scaled(stored, slope, intercept, self._span())
        source = ArraySource(values, self._padding(stored))
        padding = None if table else self._get("PixelPaddingValue")
        metadata = {
            "dicom": DicomHeader(self._set),
            "scale": (slope, intercept) if stored.dtype.itemsize <= 2 else None,  # a file of 16 bits cannot repeat it
            "unit": channels[0].unit,
            "padding": None if padding is None else int(padding) * slope + intercept,
            "affine": self._affine,
            "slices": self._count,
        }
        return Raster(source, channels, name, "dicom", metadata, str(self._get("SeriesInstanceUID") or self._path))

    @cached_property
    def _affine(self) -> Array | None:
        """Where the frames lie as a volume, None where the file does not say."""
        with suppress(TypeError, ValueError):
            return dicom_places.of_frames(self._set, self._count)
        return None

    def _segmented(self, segments: dicom_segments.Segments, number: int) -> Raster:
        """Return one place of a segmentation: 0 and 1, or the share, of each segment; or the labels of all."""
        blank = np.zeros(self._shape, self._stored.dtype)
        frames = [self._stored[frame, 0] if frame >= 0 else blank for frame in segments.places[number]]
        values = np.stack(frames)
        if segments.most:
            values = (values / np.float32(segments.most)).astype(np.float32)
        channels = tuple(Channel(name) for name in segments.names)
        metadata = {"dicom": DicomHeader(self._set), "scale": None, "unit": "", "padding": None}
        name = f"{self._path}, {self.labels[number]}" if len(self) > 1 else self._path
        return Raster(ArraySource(values), channels, name, "dicom", metadata, str(self._get("SeriesInstanceUID") or ""))

    def _table(self, stored: Array) -> tuple[Array, str] | None:
        """Return the values that a look-up table gives, and their unit; None where the file has none."""
        from pydicom.pixels import apply_modality_lut

        if "ModalityLUTSequence" not in self._set:
            return None
        with as_image_errors(self._path):
            unit = str(self._set.ModalityLUTSequence[0].get("ModalityLUTType") or "")
            return np.asarray(apply_modality_lut(stored, self._set)), "" if unit == "US" else unit

    def _span(self) -> tuple[int, int]:
        """Return the least and the greatest number that the stored bits can hold."""
        bits = int(self._get("BitsStored") or self._set.BitsAllocated)
        signed = int(self._get("PixelRepresentation") or 0)
        return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)

    def _padding(self, stored: Array) -> Array | None:
        """Return where values are no padding, None where all are: padding is stated before slope and intercept."""
        first = self._get("PixelPaddingValue")
        if first is None:
            return None
        last = self._get("PixelPaddingRangeLimit")
        low, high = sorted((int(first), int(first if last is None else last)))
        valid: Array = (stored < low) | (stored > high)
        return None if valid.all() else valid

    def tag(self, name: str) -> str:
        """Return the value of a tag by its keyword, such as "PatientID"."""
        return str(self._get(name) or "")

    @property
    def labels(self) -> Sequence[str]:
        """As "frame 3"."""
        word = "place" if self._segments else "frame"
        return [f"{word} {number + 1}" for number in range(len(self))] if len(self) > 1 else [""]

    @property
    def axis(self) -> str:
        """Frames may be slices, times or views."""
        return "page" if len(self) > 1 else ""

    @property
    def description(self) -> Mapping[str, str]:
        """What is known of the image; nothing of the patient."""
        facts = {"format": "DICOM", "modality": str(self._get("Modality") or "")}
        with suppress(TypeError, ValueError):
            rows, columns = (float(each) for each in self._get("PixelSpacing"))
            facts["pixel size"] = f"{columns:g} x {rows:g} mm"
        if str(self._get("PhotometricInterpretation")) == "MONOCHROME1":
            facts["shown"] = "low values are bright (MONOCHROME1)"
        facts["compression"] = str(self._set.file_meta.TransferSyntaxUID.name)
        return {name: text for name, text in facts.items() if text}


def _numbers(group: Any) -> tuple[float, float, str]:
    """Return slope, intercept and unit of a data set that has them, or 1 and 0."""
    slope, intercept = group.get("RescaleSlope"), group.get("RescaleIntercept")
    unit = str(group.get("RescaleType") or "")
    return (
        1.0 if slope is None else float(slope),
        0.0 if intercept is None else float(intercept),
        "" if unit in ("US", "NORMALIZED") else unit,
    )


def _scaled(stored: Array, slope: float, intercept: float, span: tuple[int, int]) -> Array:
    """Return the values: whole numbers where slope and intercept are whole, else float32.

    The type is the smallest that holds whatever the stored bits may be, so that all files of a series have the same.
    """
    if (slope, intercept) == (1.0, 0.0):
        return stored
    if stored.dtype.kind == "f" or not (slope.is_integer() and intercept.is_integer()):
        return (stored * slope + intercept).astype(np.float32)
    low, high = sorted(number * int(slope) + int(intercept) for number in span)
    fitting = [
        kind for kind in (np.int16, np.uint16, np.int32) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max
    ]
    return (stored.astype(np.int64) * int(slope) + int(intercept)).astype(fitting[0] if fitting else np.int64)
