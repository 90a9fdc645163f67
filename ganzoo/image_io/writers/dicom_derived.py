"""The header of a DICOM file that was computed from another: same patient, study and place, a new series and object."""

from __future__ import annotations

import multiprocessing
import os
import uuid
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import psutil

from ganzoo.contracts.writer import OutputSpec
from ganzoo.version import __version__

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
EXPLICIT = "1.2.840.10008.1.2.1"
CT, MR, PT, CR, SECONDARY = (
    f"1.2.840.10008.5.1.4.1.1.{number}" for number in ("2", "4", "128", "1", "7")
)  # storage classes
CLASSES = {"CT": CT, "MR": MR, "PT": PT, "CR": CR}
LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91"}
# What describes pixels that the output does not have, or seals what was changed.
DROPPED = (
    "PixelData", "SmallestImagePixelValue", "LargestImagePixelValue", "SmallestPixelValueInSeries",
    "LargestPixelValueInSeries", "WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction",
    "VOILUTSequence", "ModalityLUTSequence", "RescaleSlope", "RescaleIntercept", "RescaleType", "PresentationLUTShape",
    "IconImageSequence", "RealWorldValueMappingSequence", "PixelPaddingValue", "PixelPaddingRangeLimit",
    "DigitalSignaturesSequence", "MACParametersSequence", "EncryptedAttributesSequence", "PlanarConfiguration",
    "RedPaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableData",
    "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
)  # fmt: skip
GROUPS_DROPPED = ("PixelValueTransformationSequence", "FrameVOILUTSequence", "RealWorldValueMappingSequence")


@cache
def _run() -> str:
    """Return what tells this run from others: files of one run and source series are one new series.

    Processes that share the work (`--jobs`) are one run, so it is named after the process that started them.
    """
    parent = multiprocessing.parent_process()
    process = psutil.Process(os.getpid() if parent is None else parent.pid)
    return f"{uuid.getnode()} {process.pid} {process.create_time()}"


@cache
def new_series(source: str) -> str:
    """Return the UID of the series that this run makes of a series."""
    from pydicom.uid import generate_uid

    return str(generate_uid(entropy_srcs=[_run(), source]))


def modality(spec: OutputSpec, source: Any) -> str:
    """Return the modality of the output: the one that its channel is called after, else the source's."""
    name = spec.channels[0].name
    return name if name in CLASSES else str(source.get("Modality") or "OT")


def header(source: Any, spec: OutputSpec) -> Any:
    """Return a data set without pixels, derived from the one that was read."""
    from pydicom.uid import generate_uid

    found = _without_old_words(source)
    kind = modality(spec, source)
    known = str(source.get("SOPClassUID") or SECONDARY)
    found.SOPClassUID = known if kind == str(source.get("Modality")) else CLASSES.get(kind, SECONDARY)
    found.Modality = kind
    found.SOPInstanceUID = generate_uid()
    found.SeriesInstanceUID = new_series(str(source.get("SeriesInstanceUID") or source.get("SOPInstanceUID")))
    found.SeriesNumber = int(source.get("SeriesNumber") or 0) + 1000
    found.SeriesDescription = f"ganzoo: {spec.channels[0].name or kind}"[:64]
    found.DerivationDescription = "Computed by a network with ganzoo. Not acquired."
    kinds = [str(word) for word in source.get("ImageType") or ["ORIGINAL", "PRIMARY"]]
    found.ImageType = ["DERIVED", *kinds[1:]]
    found.SourceImageSequence = [_reference(source)]
    found.ContributingEquipmentSequence = [*(source.get("ContributingEquipmentSequence") or []), _equipment()]
    now = datetime.now()
    found.InstanceCreationDate = found.ContentDate = found.SeriesDate = now.strftime("%Y%m%d")
    found.InstanceCreationTime = found.ContentTime = found.SeriesTime = now.strftime("%H%M%S")
    if str(source.file_meta.TransferSyntaxUID) in LOSSY:
        found.LossyImageCompression = "01"
    _set_meta(found)
    return found


def _without_old_words(source: Any) -> Any:
    """Return a copy without pixels, overlays, curves, private tags, and what describes the old pixels."""
    from pydicom.dataset import Dataset

    found = Dataset()
    for element in source:
        group = element.tag.group
        private, layered = element.tag.is_private, 0x5000 <= group <= 0x501E or 0x6000 <= group <= 0x601E
        if not private and not layered and element.keyword not in DROPPED:
            found.add(deepcopy(element))
    found.remove_private_tags()
    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in found.get(name) or []:
            for old in GROUPS_DROPPED:
                if old in group:
                    del group[old]
    return found


def _reference(source: Any) -> Any:
    from pydicom.dataset import Dataset

    found = Dataset()
    found.ReferencedSOPClassUID = source.get("SOPClassUID") or SECONDARY
    found.ReferencedSOPInstanceUID = source.get("SOPInstanceUID") or ""
    return found


def _equipment() -> Any:
    from pydicom.dataset import Dataset

    found, purpose = Dataset(), Dataset()
    purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = "109102", "DCM", "Processing Equipment"
    found.Manufacturer, found.SoftwareVersions = "ganzoo", __version__
    found.PurposeOfReferenceCodeSequence = [purpose]
    return found


def _set_meta(found: Any) -> None:
    from pydicom.dataset import FileMetaDataset

    found.file_meta = FileMetaDataset()
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    found.file_meta.TransferSyntaxUID = EXPLICIT


def set_pixels(found: Any, values: Array, slope: float, intercept: float, unit: str) -> None:
    """Put stored numbers (frames, C, H, W) and their meaning into a header."""
    frames, count, height, width = values.shape
    found.Rows, found.Columns, found.SamplesPerPixel = height, width, count
    if count == 3:
        found.PhotometricInterpretation, found.PlanarConfiguration = "RGB", 0
    elif str(found.get("PhotometricInterpretation")) != "MONOCHROME1":
        found.PhotometricInterpretation = "MONOCHROME2"
    bits = 8 * values.dtype.itemsize
    found.BitsAllocated, found.BitsStored, found.HighBit = bits, bits, bits - 1
    found.PixelRepresentation = int(values.dtype.kind == "i")
    if frames > 1 or "NumberOfFrames" in found:
        found.NumberOfFrames = frames
    if count == 1:
        _set_scale(found, slope, intercept, unit)
    data = np.ascontiguousarray(values.transpose(0, 2, 3, 1)).astype(values.dtype.newbyteorder("<")).tobytes()
    found.PixelData = data + b"\0" * (len(data) % 2)
    found["PixelData"].VR = "OW" if bits > 8 else "OB"


def _set_scale(found: Any, slope: float, intercept: float, unit: str) -> None:
    """State slope and intercept: in the group that all frames share where there is one, else at the top."""
    from pydicom.dataset import Dataset
    from pydicom.valuerep import DSfloat

    shared = found.get("SharedFunctionalGroupsSequence")
    place = Dataset() if shared else found
    place.RescaleSlope, place.RescaleIntercept = (DSfloat(one, auto_format=True) for one in (slope, intercept))
    place.RescaleType = unit or "US"
    if shared:
        shared[0].PixelValueTransformationSequence = [place]


def set_window(found: Any, low: float, high: float) -> None:
    """State which values are shown, as center and width in units."""
    from pydicom.dataset import Dataset
    from pydicom.valuerep import DSfloat

    shared = found.get("SharedFunctionalGroupsSequence")
    place = Dataset() if shared else found
    place.WindowCenter = DSfloat((low + high) / 2, auto_format=True)
    place.WindowWidth = DSfloat(max(high - low, 1.0), auto_format=True)
    if shared:
        shared[0].FrameVOILUTSequence = [place]
