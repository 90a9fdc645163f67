"""A folder of one series is a volume, in the order of space; what is no whole volume is refused in one sentence."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import require

from ganzoo.cli import plan
from ganzoo.data.rasters.sides import find_files
from ganzoo.errors import ImageError
from ganzoo.image_io import raster_files

pydicom = require("pydicom")


def scan(path: Path, place: float, value: int, **fields: Any) -> None:
    """Write a slice of one value at a place along the patient's axis."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = pydicom.uid.generate_uid()
    data.SeriesInstanceUID, data.Modality, data.PatientID = "1.2.3", "MR", "secret"
    data.ImagePositionPatient, data.ImageOrientationPatient = [0, 0, place], [1, 0, 0, 0, 1, 0]
    data.Rows, data.Columns = 8, 9
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated = data.BitsStored = 16
    for name, given in fields.items():
        setattr(data, name, given)
    data.HighBit = 15
    data.PixelData = np.full((data.Rows, data.Columns), value, np.uint16).tobytes()
    data["PixelData"].VR = "OW"
    data.save_as(path, enforce_file_format=True)


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """Five slices, 2.5 mm apart, whose names are not in the order of space."""
    folder = tmp_path / "series"
    folder.mkdir()
    for number, name in enumerate("dbeac"):
        scan(folder / f"{name}.dcm", 2.5 * number - 4, number)
    return folder


def test_slices_are_in_the_order_of_space(series: Path) -> None:
    with raster_files.open_frames(series) as frames:
        assert (len(frames), frames.axis, frames.labels[1]) == (5, "Z", "slice 2")
        assert [int(np.asarray(raster)[0, 0, 0]) for raster in frames] == [0, 1, 2, 3, 4]
        assert frames[2].group == "1.2.3" and frames.description["slices"] == "5, 2.5 mm apart"
        assert frames.tag("PatientID") == "secret" and "secret" not in str(dict(frames.description))


def test_a_series_is_one_volume_of_a_set_of_a_file_and_of_a_folder(series: Path, tmp_path: Path) -> None:
    assert [each.paths for each in find_files(str(series), raster_files.suffixes())] == [(str(series),)]
    jobs = plan.plan_jobs([str(series)], str(tmp_path / "out.npz"), True, "", None)
    assert [(job.source, job.target) for job in jobs] == [(str(series), str(tmp_path / "out.npz"))]
    for suffix in ("", "dcm"):
        jobs = plan.plan_jobs([str(series)], f"{tmp_path}/out/", True, suffix, None)
        assert [(job.source, job.target) for job in jobs] == [(str(series), f"{tmp_path}/out/")]
    jobs = plan.plan_jobs([str(series)], f"{tmp_path}/out/", True, "nii.gz", None)
    assert [job.target for job in jobs] == [f"{tmp_path}/out/series.nii.gz"]
    jobs = plan.plan_jobs([str(series)], f"{tmp_path}/out/", True, "png", None)
    assert sorted(Path(job.target).name for job in jobs) == [f"{name}.png" for name in "abcde"]
    other = tmp_path / "other"
    shutil.copytree(series, other)
    jobs = plan.plan_jobs([str(series), str(other)], f"{tmp_path}/out/", True, "", None)
    assert [job.target for job in jobs] == [f"{tmp_path}/out/series/", f"{tmp_path}/out/other/"]
    assert plan.default_output([str(series)], "dir:runs/x") == "series-x/"


@pytest.mark.parametrize(
    ("name", "place", "fields", "words"),
    [
        ("f.dcm", 12.0, {}, "lacks a slice: c.dcm and f.dcm are 6 mm apart, the others 2.5 mm"),
        ("f.dcm", -4.0, {}, "lie at the same place. Remove one"),
        ("f.dcm", 8.5, {"ImageOrientationPatient": [0, 1, 0, 0, 0, 1]}, "slices of different orientations"),
        ("f.dcm", 8.5, {"Rows": 4}, "slices of different sizes"),
        ("f.dcm", 8.5, {"NumberOfFrames": 2}, "has several frames"),
    ],
)
def test_what_is_no_whole_volume_is_refused(
    name: str, place: float, fields: dict[str, Any], words: str, series: Path
) -> None:
    scan(series / name, place, 9, **fields)
    with pytest.raises(ImageError) as caught:
        raster_files.open_frames(series)
    assert words in str(caught.value) and "secret" not in str(caught.value)


def test_several_series_are_a_folder_of_images(series: Path) -> None:
    scan(series / "other.dcm", 8.5, 9, SeriesInstanceUID="1.2.4")
    assert not raster_files.is_image_folder(series)
    assert len(find_files(str(series), raster_files.suffixes())) == 6
