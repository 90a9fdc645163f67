"""DICOM as it is written: derived from what was read, in a new series of the same study, with the same values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_models import identity
from needs import require

from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.errors import OutputError
from ganzoo.image_io import raster_files
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.channel import Channel

pydicom = require("pydicom")
imagecodecs = require("imagecodecs")
encaps = require("pydicom.encaps")


CT = Channel("CT", "HU", (-1024, 3071))


def source(path: Path, values: Any, **fields: Any) -> Any:
    """Write a CT of these numbers (frames, H, W) with all that must go or stay, and return it."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
    data.SeriesInstanceUID, data.StudyInstanceUID, data.FrameOfReferenceUID = "1.2.3.4", "1.2.3.5", "1.2.3.6"
    data.PatientName, data.PatientID, data.Modality, data.ImageType = (
        "Doe^Jane",
        "secret",
        "CT",
        ["ORIGINAL", "PRIMARY"],
    )
    data.ImagePositionPatient, data.ImageOrientationPatient = [1, 2, 3], [1, 0, 0, 0, 1, 0]
    data.PixelSpacing, data.SliceThickness = [0.5, 0.75], 2
    data.WindowCenter, data.WindowWidth, data.SmallestImagePixelValue = 1, 2, 3
    data.add_new(0x60003000, "OW", b"\1\0")
    data.add_new(0x60000010, "US", 1)
    data.private_block(0x0009, "someone", create=True).add_new(1, "LO", "private")
    data.Rows, data.Columns = values.shape[1:3]
    if len(values) > 1:
        data.NumberOfFrames = len(values)
    data.SamplesPerPixel, data.PhotometricInterpretation = (3, "RGB") if values.ndim == 4 else (1, "MONOCHROME2")
    if values.ndim == 4:
        data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = 8 * values.dtype.itemsize
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, int(values.dtype.kind == "i")
    data.PixelData = values.tobytes()
    data["PixelData"].VR = "OW"
    for name, value in fields.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return data


def numbers(dtype: str = "int16", shape: tuple[int, ...] = (1, 6, 8)) -> Any:
    return (np.arange(np.prod(shape)).reshape(shape) * 37 % (250 if dtype == "uint8" else 3000)).astype(dtype)


def translated(folder: Path, *outputs: Channel, inputs: Channel = CT) -> Any:
    translate_file(identity(inputs, outputs=outputs), f"{folder}/in.dcm", f"{folder}/out.dcm", Selection(), Settings())
    return pydicom.dcmread(folder / "out.dcm")


def values_of(path: Path) -> Any:
    with raster_files.open_frames(path) as frames:
        return np.stack([np.asarray(raster) for raster in frames])


def test_the_output_is_a_derived_object_of_a_new_series(tmp_path: Path) -> None:
    before = source(tmp_path / "in.dcm", numbers(), RescaleSlope=1, RescaleIntercept=-1024, LossyImageCompression="01")
    after = translated(tmp_path, Channel("CT", "HU", (-1000, 2000), dtype="int16"))
    again = translated(tmp_path, Channel("CT", "HU", (-1000, 2000), dtype="int16"))
    assert (
        after.SOPClassUID == before.SOPClassUID and after.file_meta.MediaStorageSOPInstanceUID == after.SOPInstanceUID
    )
    assert len({before.SOPInstanceUID, after.SOPInstanceUID, again.SOPInstanceUID}) == 3
    assert before.SeriesInstanceUID != after.SeriesInstanceUID == again.SeriesInstanceUID, "one new series in a run"
    for name in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "PatientName", "PixelSpacing", "Modality"):
        assert after[name].value == before[name].value, name
    assert after.ImagePositionPatient == before.ImagePositionPatient and after.LossyImageCompression == "01"
    assert list(after.ImageType) == ["DERIVED", "PRIMARY"]
    assert after.SourceImageSequence[0].ReferencedSOPInstanceUID == before.SOPInstanceUID
    assert (float(after.WindowCenter), float(after.WindowWidth)) == (500, 3000)
    assert "SmallestImagePixelValue" not in after
    assert not [e for e in after if e.tag.is_private or 0x6000 <= e.tag.group <= 0x60FF], "no overlays, nothing private"
    assert (after.RescaleType, after.pixel_array.dtype) == ("HU", np.int16)


@pytest.mark.parametrize(
    ("dtype", "fields"),
    [
        ("int16", {"RescaleSlope": 1, "RescaleIntercept": -1024}),
        ("uint16", {"RescaleSlope": 1, "RescaleIntercept": -1024}),
        ("uint16", {"RescaleSlope": 0.25, "RescaleIntercept": -3, "Modality": "PT", "RescaleType": "BQML"}),
        ("uint16", {"Modality": "MR", "PixelPaddingValue": 37}),
        ("int16", {"PixelPaddingValue": 37, "RescaleSlope": 1, "RescaleIntercept": -100}),
        ("uint8", {"PhotometricInterpretation": "MONOCHROME1", "Modality": "CR"}),
    ],
)
def test_a_copy_has_the_same_values_units_and_padding(dtype: str, fields: dict[str, Any], tmp_path: Path) -> None:
    source(tmp_path / "in.dcm", numbers(dtype), **fields)
    with raster_files.open_frames(tmp_path / "in.dcm") as frames:
        frames[0].save(tmp_path / "out.dcm")
        before = frames[0]
    with raster_files.open_frames(tmp_path / "out.dcm") as frames:
        after = frames[0]
        assert np.array_equal(np.asarray(after), np.asarray(before))
        assert after.channels == before.channels or after.channels[0].unit == before.channels[0].unit
        assert str(after.mask) == str(before.mask)
    read = pydicom.dcmread(tmp_path / "out.dcm")
    assert read.PhotometricInterpretation == fields.get("PhotometricInterpretation", "MONOCHROME2")


def test_an_mr_becomes_a_ct(tmp_path: Path) -> None:
    source(tmp_path / "in.dcm", numbers("uint16"), Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    channel = Channel("MR", "", (0, 3000))
    after = translated(tmp_path, Channel("CT", "HU", (-1000, 2000), dtype="int16"), inputs=channel)
    assert (after.Modality, after.SOPClassUID) == ("CT", "1.2.840.10008.5.1.4.1.1.2")
    assert np.array_equal(after.pixel_array, numbers()[0] - 1000) and after.RescaleType == "HU"


def test_frames_keep_their_groups_with_one_scale(tmp_path: Path) -> None:
    def group(intercept: float) -> Any:
        inner, outer = pydicom.Dataset(), pydicom.Dataset()
        inner.RescaleSlope, inner.RescaleIntercept, inner.RescaleType = 1, intercept, "HU"
        outer.PixelValueTransformationSequence = [inner]
        outer.FrameLabel = str(intercept)
        return outer

    source(
        tmp_path / "in.dcm",
        numbers(shape=(2, 6, 8)),
        SharedFunctionalGroupsSequence=[pydicom.Dataset()],
        PerFrameFunctionalGroupsSequence=[group(-10), group(-20)],
    )
    before = values_of(tmp_path / "in.dcm")
    channel = Channel("CT", "HU", (-1024, 3071), dtype="int16")
    after = translated(tmp_path, channel)
    assert np.array_equal(values_of(tmp_path / "out.dcm"), before) and after.NumberOfFrames == 2
    assert [one.FrameLabel for one in after.PerFrameFunctionalGroupsSequence] == ["-10", "-20"]
    assert "RescaleSlope" not in after and "WindowCenter" not in after


def test_colors_are_written(tmp_path: Path) -> None:
    source(tmp_path / "in.dcm", numbers("uint8", (1, 6, 8, 3)), Modality="US")
    with raster_files.open_frames(tmp_path / "in.dcm") as frames:
        frames[0].save(tmp_path / "out.dcm")
    assert np.array_equal(pydicom.dcmread(tmp_path / "out.dcm").pixel_array, numbers("uint8", (1, 6, 8, 3))[0])


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    source(tmp_path / "in.dcm", numbers(), RescaleSlope=1, RescaleIntercept=-1024)
    with pytest.raises(OutputError, match="integers of up to 16 bits, not float32"):
        translated(tmp_path, Channel("GM", "", (0, 1), dtype="float32"))
    with raster_files.open_frames(tmp_path / "in.dcm") as frames:
        spec = raster_files.OutputSpec((2, 6, 8), "int16", (CT,) * 2, template=frames[0])
        writer = raster_files.find_writer("out.dcm", frames[0])
    with pytest.raises(OutputError, match="one channel, or RGB of uint8 or uint16, not 2 of int16"):
        writer.check(spec)
    with pytest.raises(OutputError, match="needs a DICOM input"):
        raster_files.Raster.from_array(numbers()).save(tmp_path / "new.dcm")
    assert [path.name for path in tmp_path.iterdir()] == ["in.dcm"]


def test_nothing_of_a_patient_is_said(tmp_path: Path) -> None:
    source(tmp_path / "in.dcm", numbers())
    with raster_files.open_frames(tmp_path / "in.dcm") as frames:
        said = repr(frames[0].metadata)
    assert "Doe" not in said and "secret" not in said
