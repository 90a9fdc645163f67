"""DICOM that is read only when asked: segmentations, 32 bits, look-up tables, with the values of the standard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from channel_models import identity
from click.testing import CliRunner
from needs import require

from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.cli.main import cli
from ganzoo.data.config import DataConfig
from ganzoo.data.rasters.choosing import parse_options
from ganzoo.data.rasters.open_rasters import open_files, open_rasters
from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.image_io import raster_files
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.channel import Channel

pydicom = require("pydicom")
HEIGHT, WIDTH = 6, 8
LABELS = {1: "Liver", 2: "Spleen"}


def dataset(**fields: Any) -> Any:
    """Return a data set with what every file has, and these fields."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = "1.2.3"
    data.SeriesInstanceUID, data.Modality = "1.2.3.4", "OT"
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = HEIGHT, WIDTH, 1, "MONOCHROME2"
    for name, value in fields.items():
        setattr(data, name, value)
    return data


def gray(path: Path, values: Any, bits: int = 0, **fields: Any) -> Path:
    """Write one frame of these numbers."""
    kind = {"BitsAllocated": 8 * values.dtype.itemsize, "PixelRepresentation": int(values.dtype.kind == "i")}
    kind |= {"BitsStored": bits or kind["BitsAllocated"], "HighBit": (bits or kind["BitsAllocated"]) - 1}
    data = dataset(**kind, **fields)
    if values.dtype.kind == "f":
        data.FloatPixelData = values.tobytes()
    else:
        data.PixelData = values.tobytes()
        data["PixelData"].VR = "OW"
    data.save_as(path, enforce_file_format=True)
    return path


def table(values: Any, first: int, unit: str = "US") -> Any:
    """Return a modality look-up table that maps ``first`` to the first value."""
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(values), first, 8 * values.dtype.itemsize])
    item.ModalityLUTType = unit
    item.add_new("LUTData", "OW", values.astype("<u2").tobytes())
    return item


def sequence(**fields: Any) -> Any:
    item = pydicom.Dataset()
    for name, value in fields.items():
        setattr(item, name, value)
    return item


def segmentation(path: Path, frames: Any, placed: list[tuple[int, float | None]], **fields: Any) -> Path:
    """Write a segmentation whose frames have these segments and heights in mm."""
    packed = np.packbits(frames.reshape(-1), bitorder="little").tobytes() if frames.max() <= 1 else frames.tobytes()
    bits = 1 if frames.max() <= 1 else 8
    groups = []
    for segment, height in placed:
        group = sequence(SegmentIdentificationSequence=[sequence(ReferencedSegmentNumber=segment)])
        if height is not None:
            group.PlanePositionSequence = [sequence(ImagePositionPatient=[0, 0, height])]
        groups.append(group)
    kinds = {segment for segment, _ in placed}
    described = [sequence(SegmentNumber=number, SegmentLabel=LABELS[number]) for number in sorted(kinds)]
    data = dataset(
        Modality="SEG",
        NumberOfFrames=len(frames),
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        PixelRepresentation=0,
        SegmentSequence=described,
        SharedFunctionalGroupsSequence=[
            sequence(PlaneOrientationSequence=[sequence(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])
        ],
        PerFrameFunctionalGroupsSequence=groups,
        **fields,
    )
    data.PixelData = packed + b"\0" * (len(packed) % 2)
    data["PixelData"].VR = "OB"
    data.save_as(path, enforce_file_format=True)
    return path


def masks(count: int, most: int = 1) -> Any:
    return np.random.default_rng(0).integers(0, most + 1, (count, HEIGHT, WIDTH)).astype(np.uint8)


def read(path: Path, words: str) -> tuple[Any, Any]:
    """Return all values (frames, C, H, W), and the first raster."""
    with raster_files.open_frames(path, read=words) as frames:
        return np.stack([np.asarray(raster) for raster in frames]), frames[0]


def test_segments_are_channels_of_places_in_space_and_absent_ones_are_zero(tmp_path: Path) -> None:
    frames = masks(3)
    path = segmentation(tmp_path / "seg.dcm", frames, [(1, 5.0), (2, 2.5), (1, 2.5)])
    values, raster = read(path, "segmentation")
    assert [channel.name for channel in raster.channels] == ["Liver", "Spleen"] and values.dtype == np.uint8
    assert np.array_equal(values, [[frames[2], frames[1]], [frames[0], 0 * frames[0]]])


def test_one_segment_needs_no_places_and_fractions_and_labels_have_their_values(tmp_path: Path) -> None:
    frames = masks(2)
    values, _ = read(segmentation(tmp_path / "one.dcm", frames, [(1, None), (1, None)]), "segmentation")
    assert np.array_equal(values[:, 0], frames)
    shares = masks(2, 200)
    words = {"SegmentationType": "FRACTIONAL", "MaximumFractionalValue": 200}
    values, _ = read(segmentation(tmp_path / "share.dcm", shares, [(1, 1.0), (2, 1.0)], **words), "segmentation")
    assert values.dtype == np.float32 and np.array_equal(values[0], shares / np.float32(200))
    labels = masks(1, 2)
    values, raster = read(
        segmentation(tmp_path / "map.dcm", labels, [(1, None)], SegmentationType="LABELMAP"), "segmentation"
    )
    assert np.array_equal(values[0, 0], labels[0]) and raster.channels[0].name == "label"


def test_segments_that_cannot_be_placed_are_refused_and_none_is_written_as_dicom(tmp_path: Path) -> None:
    path = segmentation(tmp_path / "seg.dcm", masks(2), [(1, None), (2, None)])
    with pytest.raises(ImageError, match="does not say where each frame lies"):
        read(path, "segmentation")
    segmentation(path, masks(2), [(1, 1.0), (1, 2.0)])
    with raster_files.open_frames(path, read="segmentation") as frames:
        assert len(frames) == 2
        with pytest.raises(OutputError, match="segmentation is not written as DICOM"):
            frames[0].save(tmp_path / "out.dcm")
    twice = segmentation(tmp_path / "twice.dcm", masks(3), [(1, 1.0), (1, 1.0), (2, 1.0)])
    with pytest.raises(ImageError, match="two frames of one segment at one place"):
        read(twice, "segmentation")


@pytest.mark.parametrize("dtype", ["uint32", "int32", "float32"])
def test_32_bits_are_read_when_asked_and_not_written_as_16(dtype: str, tmp_path: Path) -> None:
    numbers = (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) * 65537 - (1000 if dtype != "uint32" else 0)).astype(
        dtype
    ) + np.dtype(dtype).type(0.25)
    path = gray(tmp_path / "a.dcm", numbers)
    with pytest.raises(ImageError, match=r"32 bits a value.*--read 32-bit"):
        raster_files.open_frames(path)
    values, raster = read(path, "32-bit")
    assert str(values.dtype) == dtype and np.array_equal(values[0, 0], numbers)
    with pytest.raises(OutputError, match="integers of up to 16 bits"):
        raster.save(tmp_path / "out.dcm")
    raster.save(tmp_path / "out.tif")
    assert np.array_equal(read(tmp_path / "out.tif", "")[0][0, 0], numbers)


def test_a_slope_of_32_bits_counts(tmp_path: Path) -> None:
    numbers = np.arange(HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH) / 4
    path = gray(tmp_path / "a.dcm", numbers, RescaleSlope=2, RescaleIntercept=1, RescaleType="HU")
    values, raster = read(path, "32-bit")
    assert np.array_equal(values[0, 0], numbers * 2 + 1) and raster.channels[0].unit == "HU"


def test_a_table_gives_the_values_and_its_ends_stand_for_what_is_beyond(tmp_path: Path) -> None:
    entries = (np.arange(20) ** 2 * 100).astype(np.uint16)
    numbers = np.arange(-20, HEIGHT * WIDTH - 20, dtype=np.int16).reshape(HEIGHT, WIDTH)
    path = gray(tmp_path / "a.dcm", numbers, 12, ModalityLUTSequence=[table(entries, -10)], Modality="CT")
    with pytest.raises(ImageError, match=r"look-up table.*--read lut"):
        raster_files.open_frames(path)
    values, raster = read(path, "lut")
    assert np.array_equal(values[0, 0], entries[np.clip(numbers + 10, 0, 19)]) and raster.channels[0].unit == ""
    raster.save(tmp_path / "out.dcm")
    written = pydicom.dcmread(tmp_path / "out.dcm")
    assert np.array_equal(written.pixel_array, values[0, 0]) and "ModalityLUTSequence" not in written
    gray(path, numbers, 12, ModalityLUTSequence=[table(entries, -10, "OD")])
    assert read(path, "lut")[1].channels[0].unit == "OD"


def test_words_mean_the_same_in_every_command_and_in_python(tmp_path: Path) -> None:
    entries = np.arange(100, 200, dtype=np.uint16)
    path = gray(tmp_path / "a.dcm", masks(1, 90)[0], ModalityLUTSequence=[table(entries, 0)])
    found = CliRunner().invoke(cli, ["inspect", str(path), "--read", "lut, segmentation", "--json"])
    assert found.exit_code == 0 and json.loads(found.output)[0]["channels"][0]["high"] == 188, (
        "the largest number is 88"
    )
    with pytest.raises(OptionError, match=r"read='luts' is not known. Did you mean 'lut'"):
        raster_files.open_frames(path, read="luts")
    channel = Channel("OT", range=(0, 65535), dtype="uint16")
    expected = read(path, "lut")[0][0]
    assert np.array_equal(np.asarray(identity(channel).translate(path, read="lut")), expected)
    with pytest.raises(OptionError, match="Give a path"):
        identity(channel).translate(expected, axes="CYX", read="lut")
    translate_file(identity(channel), str(path), f"{tmp_path}/out.npy", Selection(read="lut"), Settings())
    assert np.array_equal(np.load(tmp_path / "out.npy").reshape(expected.shape), expected)


def test_segments_lie_on_their_slices_whatever_the_order_of_either(tmp_path: Path) -> None:
    frames = masks(3)
    (tmp_path / "ct").mkdir()
    for name, height in zip("cab", (0, 2, 4), strict=True):
        place = {"ImagePositionPatient": [0, 0, height], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
        gray(tmp_path / "ct" / f"{name}.dcm", frames[height // 2].astype(np.uint16) * 100 + height, **place)
    segmentation(tmp_path / "seg.dcm", frames[[2, 0, 1]], [(1, 4.0), (1, 0.0), (1, 2.0)])
    config, options = DataConfig(image_size=4), parse_options({"read": "segmentation", "range": ["0:200"]})
    data = open_rasters(open_files([f"{tmp_path}/ct", f"{tmp_path}/seg.dcm"], "paired", config, options, 0.0))
    for item in data.train.windows.items:
        (scan,), (segments,) = item.sides
        everywhere = slice(0, HEIGHT), slice(0, WIDTH)
        assert np.array_equal(scan.read(*everywhere)[0] // 100, segments.read(*everywhere)[0])
    assert len(data.train.windows.items) == 3


def test_a_network_learns_segments_from_scans(tmp_path: Path) -> None:
    for number, folder in ((7, "ct"), (8, "seg")):
        (tmp_path / folder).mkdir()
        frames = masks(1)
        if folder == "ct":
            gray(tmp_path / folder / "a.dcm", frames[0].astype(np.uint16) * number)
        else:
            segmentation(tmp_path / folder / "a.dcm", frames, [(1, 0.0)])
    config, options = DataConfig(image_size=4), parse_options({"read": "segmentation", "range": ["input=0:7"]})
    data = open_rasters(open_files([f"{tmp_path}/ct", f"{tmp_path}/seg"], "paired", config, options, 0.0))
    assert data.output_channels[0].name == "Liver"
    with pytest.raises(OptionError, match="not known"):
        open_files([f"{tmp_path}/ct", f"{tmp_path}/seg"], "paired", config, parse_options({"read": "all"}), 0.0)
