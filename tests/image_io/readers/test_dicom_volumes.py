"""A series as one volume is written as a folder of DICOM, or as NIfTI whose voxels lie where DICOM says they do."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_models import identity, model
from needs import require
from torch import Tensor, nn

from ganzoo.batch.jobs import Job
from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.errors import OutputError
from ganzoo.image_io import raster_files
from ganzoo.image_io.writers import dicom_derived
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.raster import Raster

pydicom = require("pydicom")
nibabel = require("nibabel")
HEIGHT, WIDTH, SLICES = 5, 7, 4
STRAIGHT = [1, 0, 0, 0, 1, 0]
OBLIQUE = [0.8, 0.6, 0, -0.48, 0.64, 0.6]
MR = Channel("MR", range=(0, 4095), dtype="uint16")


def scan(path: Path, values: Any, position: Any, orientation: list[float], **fields: Any) -> None:
    """Write a slice of these numbers at a place."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = pydicom.uid.generate_uid()
    data.SeriesInstanceUID, data.StudyInstanceUID, data.FrameOfReferenceUID = "1.2.3", "1.2.4", "1.2.5"
    data.Modality, data.PatientID, data.ImageType = "MR", "secret", ["ORIGINAL", "PRIMARY"]
    data.ImagePositionPatient, data.ImageOrientationPatient = [f"{each:.10g}" for each in position], orientation
    data.PixelSpacing, data.SliceThickness = [0.5, 0.75], 3
    data.Rows, data.Columns = values.shape
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelData = 15, values.astype("<u2").tobytes()
    data["PixelData"].VR = "OW"
    for name, value in fields.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)


def series(folder: Path, orientation: list[float], lean: Any = (0, 0, 0), **fields: Any) -> Path:
    """Write a series whose voxels all differ, with names that are not in the order of space."""
    folder.mkdir()
    numbers = np.arange(SLICES * HEIGHT * WIDTH).reshape(SLICES, HEIGHT, WIDTH) + 1
    normal = np.cross(orientation[:3], orientation[3:])
    for number, name in enumerate("cadb"):
        position = np.array([10, -20, 30]) + 2.5 * number * (normal + np.asarray(lean))
        scan(folder / f"{name}.dcm", numbers[number], position, orientation, InstanceNumber=number + 1, **fields)
    return folder


def translated(network: Any, source: Path, target: str) -> None:
    translate_file(network, str(source), target, Selection(), Settings())


def places(folder: Path) -> dict[int, Any]:
    """Return value -> place in mm, in DICOM's axes: the standard's equation, pixel by pixel."""
    found = {}
    for path in folder.iterdir():
        data = pydicom.dcmread(path)
        first, turned = (
            np.array(data[name].value, float) for name in ("ImagePositionPatient", "ImageOrientationPatient")
        )
        between_rows, between_columns = map(float, data.PixelSpacing)
        for row, column in np.ndindex(data.Rows, data.Columns):
            found[int(data.pixel_array[row, column])] = (
                first + column * between_columns * turned[:3] + row * between_rows * turned[3:]
            )
    return found


@pytest.mark.parametrize(
    ("orientation", "lean", "codes"),
    [
        (STRAIGHT, (0, 0, 0), (1, 1)),
        (OBLIQUE, (0, 0, 0), (1, 1)),
        ([0, 1, 0, 0, 0, -1], (0, 0, 0), (1, 1)),
        (STRAIGHT, (0, 0.2, 0), (1, 0)),
    ],
)
def test_every_voxel_of_the_nifti_lies_where_its_pixel_lay(
    orientation: list[float], lean: Any, codes: tuple[int, int], tmp_path: Path
) -> None:
    source = series(tmp_path / "in", orientation, lean)
    translated(identity(MR), source, f"{tmp_path}/out.nii.gz")
    image = nibabel.load(tmp_path / "out.nii.gz")
    values, known = np.asarray(image.dataobj), places(source)
    assert (
        values.shape == (WIDTH, HEIGHT, SLICES)
        and values.dtype == np.uint16
        and image.header.get_xyzt_units()[0] == "mm"
    )
    for index in np.ndindex(values.shape):
        right, anterior, superior = (image.affine @ [*index, 1])[:3]
        assert np.allclose([-right, -anterior, superior], known[int(values[index])], atol=1e-3)
    assert (int(image.header["sform_code"]), int(image.header["qform_code"])) == codes
    if codes[1]:
        assert np.allclose(image.get_qform(), image.affine, atol=1e-4)


def test_a_slice_and_a_file_of_frames_have_their_places_too(tmp_path: Path) -> None:
    source = series(tmp_path / "in", OBLIQUE)
    translated(identity(MR), source / "a.dcm", f"{tmp_path}/one.nii")
    whole = nibabel.load(tmp_path / "one.nii")
    normal = np.cross(OBLIQUE[:3], OBLIQUE[3:]) * [-1, -1, 1]
    assert whole.shape == (WIDTH, HEIGHT, 1) and np.allclose(whole.affine[:3, 2], 3 * normal, atol=1e-5)
    frames = [
        sequence(PlanePositionSequence=[sequence(ImagePositionPatient=[1, 2, 3 - 4 * each])]) for each in range(2)
    ]
    shared = sequence(
        PlaneOrientationSequence=[sequence(ImageOrientationPatient=STRAIGHT)],
        PixelMeasuresSequence=[sequence(PixelSpacing=[0.5, 0.75])],
    )
    words = {"PerFrameFunctionalGroupsSequence": frames, "SharedFunctionalGroupsSequence": [shared]}
    values = np.arange(2 * HEIGHT * WIDTH).reshape(2 * HEIGHT, WIDTH)
    scan(tmp_path / "frames.dcm", values, [0, 0, 0], STRAIGHT, NumberOfFrames=2, Rows=HEIGHT, **words)
    translated(identity(MR), tmp_path / "frames.dcm", f"{tmp_path}/two.nii")
    image = nibabel.load(tmp_path / "two.nii")
    assert np.allclose(image.affine, [[-0.75, 0, 0, -1], [0, -0.5, 0, -2], [0, 0, -4, 3], [0, 0, 0, 1]])
    assert np.array_equal(np.asarray(image.dataobj).transpose(2, 1, 0).reshape(values.shape), values)


def sequence(**fields: Any) -> Any:
    item = pydicom.Dataset()
    for name, value in fields.items():
        setattr(item, name, value)
    return item


def test_a_folder_of_dicom_is_one_derived_series_with_the_places_of_its_input(tmp_path: Path) -> None:
    source, target = series(tmp_path / "in", OBLIQUE), tmp_path / "made" / "out"
    translated(identity(MR), source, f"{target}/")
    before, after = ({path.name: pydicom.dcmread(path) for path in folder.iterdir()} for folder in (source, target))
    assert before.keys() == after.keys()
    assert len({one.SeriesInstanceUID for one in after.values()}) == 1 and after["a.dcm"].SeriesInstanceUID != "1.2.3"
    assert len({one.SOPInstanceUID for one in (*before.values(), *after.values())}) == 2 * SLICES
    assert len({(one.WindowCenter, one.WindowWidth) for one in after.values()}) == 1, "one window for the volume"
    for name, new in after.items():
        assert np.array_equal(new.pixel_array, before[name].pixel_array)
        assert new.SourceImageSequence[0].ReferencedSOPInstanceUID == before[name].SOPInstanceUID
        assert new.ImageType[0] == "DERIVED"
        for tag in ("StudyInstanceUID", "FrameOfReferenceUID", "PatientID", "ImagePositionPatient", "InstanceNumber"):
            assert new[tag].value == before[name][tag].value
    with raster_files.open_frames(source) as old, raster_files.open_frames(target) as made:
        assert [np.asarray(one).tolist() for one in made] == [np.asarray(one).tolist() for one in old]


class Middle(nn.Module):
    """Returns the channel in the middle and the one behind it, added."""

    stride = 1
    in_channels, out_channels = 3, 1

    def forward(self, images: Tensor) -> Tensor:
        return images[:, 1:2] / 2 + images[:, 2:3] / 2


def test_a_model_of_neighboring_slices_fills_a_folder(tmp_path: Path) -> None:
    source = series(tmp_path / "in", STRAIGHT)
    inputs = tuple(Channel(name, range=(0, 4095), dtype="uint16") for name in ("MR-1", "MR", "MR+1"))
    translated(model(Middle(), inputs, (MR,)), source, f"{tmp_path}/out/")
    numbers = np.arange(SLICES * HEIGHT * WIDTH).reshape(SLICES, HEIGHT, WIDTH) + 1
    following = numbers[[1, 2, 3, 3]]
    with raster_files.open_frames(tmp_path / "out") as made:
        assert np.abs(np.stack([np.asarray(one)[0] for one in made]) - (numbers + following) / 2).max() <= 0.5


def test_what_no_series_can_hold_is_refused_and_nothing_is_replaced(tmp_path: Path) -> None:
    source = series(tmp_path / "in", STRAIGHT)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(OutputError, match="is not empty"):
        translated(identity(MR), source, f"{tmp_path}/full/")
    with pytest.raises(OutputError, match="would replace its own input"):
        translated(identity(MR), source, f"{source}/")
    for target in (f"{tmp_path}/new/", f"{tmp_path}/new.nii"):
        with pytest.raises(OutputError, match="all of its 4 slices, not 2"):
            translate_file(identity(MR), str(source), target, Selection(frames="1-2"), Settings())
    with pytest.raises(OutputError, match="needs a folder with a series"):
        translated(identity(MR), source / "a.dcm", f"{tmp_path}/new/")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "in"]
    assert Job("in", f"{tmp_path}/full/").is_done() and not Job("in", f"{tmp_path}/new/").is_done()


def test_padding_is_kept_in_nifti_and_a_mask_is_refused(tmp_path: Path) -> None:
    source = series(tmp_path / "in", STRAIGHT, PixelPaddingValue=5)
    doubled = (Channel("one", range=(0, 4095), dtype="uint16"), Channel("two", range=(0, 4095), dtype="uint16"))
    translated(model(Twice(), (MR,), doubled), source, f"{tmp_path}/out.nii")
    values = np.asarray(nibabel.load(tmp_path / "out.nii").dataobj)
    assert values.shape == (WIDTH, HEIGHT, SLICES, 1, 2) and (values == 5).all(-1).sum() == 1
    masked = Raster.from_array(np.ones((1, 3, 3), np.int16), mask=np.arange(9).reshape(1, 3, 3) > 0)
    with pytest.raises(OutputError, match="no place for missing values of int16"):
        masked.save(tmp_path / "b.nii")


class Twice(nn.Module):
    """Returns its channel twice."""

    stride = 1
    in_channels, out_channels = 1, 2

    def forward(self, images: Tensor) -> Tensor:
        return images.repeat(1, 2, 1, 1)


def test_processes_of_one_run_make_one_series() -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(dicom_derived.new_series, ["1.2.3"] * 4, chunksize=1)
    assert set(found) == {dicom_derived.new_series("1.2.3")} and dicom_derived.new_series("1.2.4") not in found
