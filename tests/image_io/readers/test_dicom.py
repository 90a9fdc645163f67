"""DICOM: values in the units that the file states, padding as missing, and one sentence for what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import require

from ganzoo.errors import GanzooError, ImageError
from ganzoo.image_io import raster_files
from ganzoo.image_io.readers.dicom_reader import DECODERS

pydicom = require("pydicom")
encaps = require("pydicom.encaps")
imagecodecs = require("imagecodecs")
RAW = "1.2.840.10008.1.2.1"
JPEG2000, JPEGLS, LOSSLESS = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.70"


def stored(dtype: str = "uint16", shape: tuple[int, ...] = (1, 5, 7)) -> Any:
    """Return 12-bit numbers (frames, H, W), all different."""
    return (np.arange(np.prod(shape)).reshape(shape) * 37 % 4096).astype(dtype)


def write(path: Path, values: Any, syntax: str = RAW, **fields: Any) -> Path:
    """Write a file with these numbers (frames, H, W) or (frames, H, W, 3) and further fields."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
    data.SeriesInstanceUID, data.PatientName, data.PatientID = "1.2.3.4", "Doe^Jane", "secret"
    data.Modality, data.ImageType = "CT", ["ORIGINAL", "PRIMARY"]
    data.Rows, data.Columns, data.NumberOfFrames = values.shape[1], values.shape[2], len(values)
    data.SamplesPerPixel, data.PhotometricInterpretation = (3, "RGB") if values.ndim == 4 else (1, "MONOCHROME2")
    if values.ndim == 4:
        data.PlanarConfiguration = 0
    bits = 8 * values.dtype.itemsize
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, min(bits, 12), min(bits, 12) - 1
    data.PixelRepresentation = int(values.dtype.kind == "i")
    encode = {JPEG2000: "jpeg2k_encode", JPEGLS: "jpegls_encode", LOSSLESS: "ljpeg_encode"}.get(syntax)
    if encode is None:
        data.PixelData = values.tobytes()
    else:
        options = {"reversible": True, "codecformat": "j2k", "level": 0} if syntax == JPEG2000 else {}
        data.PixelData = encaps.encapsulate([getattr(imagecodecs, encode)(one, **options) for one in values])
    data["PixelData"].VR = "OB" if encode else "OW"
    for name, value in fields.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)
    return path


def read(path: Path, frame: int = 0) -> tuple[Any, Any]:
    """Return the values (H, W) of a frame, and its raster."""
    with raster_files.open_frames(path) as frames:
        raster = frames[frame]
        return np.asarray(raster)[0], raster


def group(slope: float, intercept: float, unit: str = "") -> Any:
    """Return a functional group with a slope."""
    values, outer = pydicom.Dataset(), pydicom.Dataset()
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = slope, intercept, unit
    outer.PixelValueTransformationSequence = [values]
    return outer


def test_values_are_in_the_units_that_the_file_states(tmp_path: Path) -> None:
    path, numbers = tmp_path / "a.dcm", stored()
    values, raster = read(write(path, numbers, RescaleSlope=1, RescaleIntercept=-1024))
    assert values.dtype == np.int16 and np.array_equal(values, numbers[0].astype(int) - 1024)
    assert (raster.channels[0].name, raster.channels[0].unit, raster.group) == ("CT", "HU", "1.2.3.4")
    values, raster = read(write(path, numbers, RescaleSlope=0.5, RescaleIntercept=0, Modality="PT", RescaleType="BQML"))
    assert values.dtype == np.float32 and np.array_equal(values, numbers[0] / 2) and raster.channels[0].unit == "BQML"
    values, raster = read(write(path, numbers, ImageType=["DERIVED", "PRIMARY"]))
    assert values.dtype == np.uint16 and raster.channels[0].unit == "", "a derived CT states no unit"


def test_a_frames_own_slope_comes_before_that_of_all_and_of_the_file(tmp_path: Path) -> None:
    numbers, path = stored(shape=(2, 5, 7)), tmp_path / "a.dcm"
    shared = {"SharedFunctionalGroupsSequence": [group(1, -7)], "RescaleSlope": 1, "RescaleIntercept": -1024}
    write(path, numbers, **shared, PerFrameFunctionalGroupsSequence=[group(2, 1, "HU"), pydicom.Dataset()])
    assert (
        np.array_equal(read(path, 0)[0], numbers[0].astype(int) * 2 + 1) and read(path, 0)[1].channels[0].unit == "HU"
    )
    assert np.array_equal(read(path, 1)[0], numbers[1].astype(int) - 7)
    with raster_files.open_frames(path) as frames:
        assert (len(frames), list(frames.labels), frames.axis) == (2, ["frame 1", "frame 2"], "page")


@pytest.mark.parametrize("syntax", [RAW, JPEG2000, JPEGLS, LOSSLESS])
def test_every_compression_gives_the_stored_numbers(syntax: str, tmp_path: Path) -> None:
    numbers = stored(shape=(2, 24, 31))
    write(tmp_path / "a.dcm", numbers, syntax, ImageType=["DERIVED"])
    assert syntax == RAW or syntax in DECODERS
    for frame in range(2):
        assert np.array_equal(read(tmp_path / "a.dcm", frame)[0], numbers[frame])


def test_run_lengths_give_the_stored_numbers(tmp_path: Path) -> None:
    numbers = stored(shape=(2, 24, 31))
    data = pydicom.dcmread(write(tmp_path / "a.dcm", numbers, ImageType=["DERIVED"]))
    data.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    data.save_as(tmp_path / "b.dcm")
    assert np.array_equal(read(tmp_path / "b.dcm", 1)[0], numbers[1])


def test_signed_numbers_padding_and_inverted_gray(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    numbers = stored("int16") - 2000
    values, raster = read(write(path, numbers, PixelPaddingValue=-2000, RescaleSlope=1, RescaleIntercept=10))
    assert np.array_equal(values, numbers[0] + 10) and np.array_equal(raster.mask[0], numbers[0] != -2000)
    padded = {"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1900}
    assert np.array_equal(read(write(path, numbers, **padded))[1].mask[0], numbers[0] > -1900)
    values, _ = read(write(path, stored(), PhotometricInterpretation="MONOCHROME1", ImageType=["DERIVED"]))
    assert np.array_equal(values, stored()[0]), "stored numbers are never turned round"
    with raster_files.open_frames(path) as frames:
        assert frames.description["shown"] == "low values are bright (MONOCHROME1)"
    color = stored("uint8", (1, 5, 7, 3))
    _, raster = read(write(path, color))
    assert [one.name for one in raster.channels] == ["red", "green", "blue"]
    assert np.array_equal(np.asarray(raster), color[0].transpose(2, 0, 1)) and raster.mask is None


def test_a_palette_becomes_colors(tmp_path: Path) -> None:
    numbers, tables = stored("uint8") % 4, np.array([[9, 8, 7, 6], [50, 40, 30, 20], [255, 0, 1, 2]], np.uint8)
    fields: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for color, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        fields[f"{color}PaletteColorLookupTableDescriptor"] = [4, 0, 8]
        fields[f"{color}PaletteColorLookupTableData"] = table.tobytes()
    _, raster = read(write(tmp_path / "a.dcm", numbers, **fields))
    assert [channel.name for channel in raster.channels] == ["red", "green", "blue"]
    assert np.array_equal(np.asarray(raster), tables[:, numbers[0]])


def test_nothing_of_a_patient_leaves_the_file(tmp_path: Path) -> None:
    _, raster = read(write(tmp_path / "a.dcm", stored()))
    with raster_files.open_frames(tmp_path / "a.dcm") as frames:
        said = f"{raster!r} {raster.channels} {dict(raster.metadata)} {dict(frames.description)} {list(frames.labels)}"
    assert "Doe" not in said and "secret" not in said


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Modality": "SEG"}, "is a segmentation"),
        ({"BitsAllocated": 32}, "has 32 bits a value"),
        ({"BitsAllocated": 64}, "1 x 64 bits as MONOCHROME2"),
        ({"ModalityLUTSequence": [pydicom.Dataset()]}, "by a look-up table"),
        ({"Rows": 0}, "has no pixels"),
        ({"Rows": 60000, "Columns": 60000}, "GANZOO_MAX_FILE"),
        ({"Rows": 50}, "cannot be read"),
    ],
)
def test_what_needs_a_decision_is_refused_in_one_sentence(fields: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=words):
        read(write(tmp_path / "a.dcm", stored(), **fields))


def test_a_damaged_file_is_one_error(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.dcm", stored(shape=(1, 24, 31)), JPEG2000).read_bytes()
    for length in range(132, len(whole), 97):
        (tmp_path / "cut.dcm").write_bytes(whole[:length])
        with pytest.raises(GanzooError):
            read(tmp_path / "cut.dcm")
    with pytest.raises(ImageError, match="Omit --axes ZYX"):
        raster_files.open_frames(tmp_path / "a.dcm", axes="ZYX")
    assert raster_files.find_reader(write(tmp_path / "renamed.bin", stored()))[0] == "dicom"
