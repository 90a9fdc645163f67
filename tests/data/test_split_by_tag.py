"""Images of one patient are on one side of the split, and nobody learns who it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from needs import require

from ganzoo.data.config import DataConfig
from ganzoo.data.rasters.frames import StoredFrame
from ganzoo.data.rasters.items import group_of_tag, make_items
from ganzoo.data.rasters.open_rasters import open_files, split_items
from ganzoo.data.rasters.options import RasterOptions
from ganzoo.errors import OptionError

pydicom = require("pydicom")


def scan(path: Path, patient: str) -> StoredFrame:
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = pydicom.uid.generate_uid()
    data.SeriesInstanceUID, data.Modality = pydicom.uid.generate_uid(), "MR"
    if patient:
        data.PatientID = patient
    data.Rows = data.Columns = 8
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelData = 15, np.arange(64, dtype=np.uint16).tobytes()
    data["PixelData"].VR = "OW"
    data.save_as(path, enforce_file_format=True)
    return StoredFrame(str(path))


def test_the_group_of_a_tag_is_the_same_for_one_patient_and_hides_the_name(tmp_path: Path) -> None:
    names = ["secret-1", "secret-2", "secret-1"]
    groups = [group_of_tag(scan(tmp_path / f"{number}.dcm", name), "PatientID") for number, name in enumerate(names)]
    assert groups[0] == groups[2] != groups[1] and not any("secret" in group for group in groups)
    with pytest.raises(OptionError, match=r"has no tag 'PatientID'\. All files should have it"):
        group_of_tag(scan(tmp_path / "none.dcm", ""), "PatientID")


def test_no_patient_is_on_both_sides(tmp_path: Path) -> None:
    for number in range(10):
        scan(tmp_path / f"{number}.dcm", f"patient {number % 5}")
    options = RasterOptions(split_by="tag:PatientID", range=["0:64"])
    request = open_files([str(tmp_path), str(tmp_path)], "paired", DataConfig(image_size=8), options, 0.4)
    items = make_items(list(zip(*request.sides, strict=True)), options)
    trained, held_out = ({item.group for item in part} for part in split_items(items, request))
    assert (len(items), len(trained), len(held_out)) == (10, 3, 2) and not trained & held_out
