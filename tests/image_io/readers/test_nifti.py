"""NIfTI volumes: slices in patient coordinates, and back into a volume with every header field kept."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from needs import require

from ganzoo.contracts.writer import OutputSpec
from ganzoo.errors import ImageError, OptionError, OutputError
from ganzoo.image_io import raster_files
from ganzoo.rasters.channel import Channel

nibabel = require("nibabel")
# Every order and direction of the axes: 48.
ORIENTATIONS = [
    [(axis, sign) for axis, sign in zip(axes, signs, strict=True)]
    for axes in itertools.permutations(range(3))
    for signs in itertools.product((1, -1), repeat=3)
]


def volume(
    path: Path, shape: tuple[int, ...] = (4, 5, 6), dtype: str = "int16", ornt: Any = None, **header: Any
) -> Any:
    """Write a volume whose values are all different, in an orientation, and return it."""
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    affine[:3, 3] = (-7, 8, 9)
    image = nibabel.Nifti1Image(values, affine)
    if ornt is not None:
        image = image.as_reoriented(np.array(ornt))
    image.header["descrip"] = b"a test"
    image.header.set_xyzt_units("mm", "sec")
    for name, value in header.items():
        image.header[name] = value
    nibabel.save(image, path)
    return nibabel.load(path)


def copy(source: Path, target: Path, axes: str = "", dtype: str | None = None) -> Any:
    """Read every slice and write it back, as a network that changes nothing would."""
    with raster_files.open_frames(source, axes=axes) as frames:
        first = frames[0]
        spec = OutputSpec(first.shape, dtype or str(first.dtype), first.channels, len(frames), frames.axis, first)
        writer = raster_files.find_writer(target, first)
        writer.check(spec)
        with writer.open(str(target), spec) as file:
            for number, raster in enumerate(frames):
                file.write_window(0, 0, np.asarray(raster).astype(spec.dtype), None, number)
    return nibabel.load(target)


@pytest.mark.parametrize("direction", ["axial", "coronal", "sagittal"])
def test_slices_are_as_people_look_at_them_in_every_orientation(direction: str, tmp_path: Path) -> None:
    straight = volume(tmp_path / "ras.nii").get_fdata()
    expected = {  # frames from inferior, posterior, left; the top row is anterior or superior
        "axial": straight[:, ::-1, 2].T,
        "coronal": straight[:, 2, ::-1].T,
        "sagittal": straight[2, :, ::-1].T,
    }[direction]
    for number, ornt in enumerate(ORIENTATIONS):
        path = tmp_path / f"{number}.nii"
        stored = volume(path, ornt=ornt)
        assert np.allclose(nibabel.as_closest_canonical(stored).get_fdata(), straight)
        with raster_files.open_frames(path, axes=direction) as frames:
            assert np.array_equal(np.asarray(frames[2])[0], expected), ornt
            assert (frames.axis, frames.labels[2]) == ("Z", f"{direction} 3")


@pytest.mark.parametrize("ornt", ORIENTATIONS[::5])
@pytest.mark.parametrize("direction", ["axial", "coronal", "sagittal"])
def test_a_volume_comes_back_with_its_header(direction: str, ornt: Any, tmp_path: Path) -> None:
    before = volume(tmp_path / "in.nii.gz", ornt=ornt, qform_code=1, sform_code=4)
    after = copy(tmp_path / "in.nii.gz", tmp_path / "out.nii.gz", direction)
    assert after.get_data_dtype() == before.get_data_dtype()
    assert np.array_equal(np.asarray(after.dataobj), np.asarray(before.dataobj))
    assert np.array_equal(after.affine, before.affine)
    for name in ("pixdim", "xyzt_units", "qform_code", "sform_code", "srow_x", "quatern_b", "descrip"):
        assert np.array_equal(after.header[name], before.header[name]), name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.nii.gz", "out.nii.gz"]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_every_type_comes_back(dtype: str, tmp_path: Path) -> None:
    before = volume(tmp_path / "in.nii", dtype=dtype)
    after = copy(tmp_path / "in.nii", tmp_path / "out.nii")
    assert after.get_data_dtype() == before.get_data_dtype() and np.array_equal(after.dataobj, before.dataobj)


def test_a_slope_is_honored_and_values_survive(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.linspace(-1, 1, 120).reshape(4, 5, 6), np.eye(4))
    image.set_data_dtype("int16")
    nibabel.save(image, tmp_path / "in.nii")
    before = nibabel.load(tmp_path / "in.nii")
    assert before.dataobj.slope not in (1.0, 0.0)
    after = copy(tmp_path / "in.nii", tmp_path / "out.nii")
    assert after.get_data_dtype() == np.float32
    assert np.array_equal(after.get_fdata(dtype=np.float32), before.get_fdata().astype(np.float32))


def test_a_series_and_channels_come_back(tmp_path: Path) -> None:
    before = volume(tmp_path / "series.nii", (4, 5, 6, 3))
    with raster_files.open_frames(tmp_path / "series.nii") as frames:
        assert (len(frames), frames.axis, frames.labels[7]) == (18, "TZ", "T 2, axial 2")
    after = copy(tmp_path / "series.nii", tmp_path / "out.nii")
    assert np.array_equal(after.dataobj, before.dataobj)
    with raster_files.open_frames(tmp_path / "series.nii") as frames:
        spec = OutputSpec((2, 5, 4), "float32", (Channel("a"), Channel("b")), 18, "TZ", frames[0])
        with raster_files.find_writer(tmp_path / "two.nii", frames[0]).open(str(tmp_path / "two.nii"), spec) as file:
            for number, raster in enumerate(frames):
                values = np.asarray(raster).astype(np.float32)
                file.write_window(0, 0, np.concatenate([values, -values]), None, number)
    two = nibabel.load(tmp_path / "two.nii")
    assert two.shape == (4, 5, 6, 3, 2) and two.header.get_intent()[0] == "vector"
    assert np.array_equal(two.dataobj[..., 0], before.dataobj) and np.array_equal(-two.dataobj[..., 1], before.dataobj)
    with raster_files.open_frames(tmp_path / "two.nii") as frames:
        assert len(frames) == 18 and frames[0].shape == (2, 5, 4)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_names_and_units_of_channels_come_back(suffix: str, tmp_path: Path) -> None:
    volume(tmp_path / "in.nii", (4, 5, 6))
    first, second, third = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}", tmp_path / f"three{suffix}"
    named = (Channel("GM", "%"), Channel("WM"))
    with raster_files.open_frames(tmp_path / "in.nii") as frames:
        spec = OutputSpec((2, 5, 4), "float32", named, 6, "Z", frames[0])
        with raster_files.find_writer(first, frames[0]).open(str(first), spec) as file:
            for number, raster in enumerate(frames):
                values = np.asarray(raster).astype(np.float32)
                file.write_window(0, 0, np.concatenate([values, values]), None, number)
    loaded = nibabel.load(first)
    loaded.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"by hand"))
    nibabel.save(loaded, second)
    after = copy(second, third)
    with raster_files.open_frames(third) as frames:
        assert [(one.name, one.unit) for one in frames[0].channels] == [("GM", "%"), ("WM", "")]
    contents = [extension.get_content() for extension in after.header.extensions]
    assert len(contents) == 2, "the other program's comment, and one of ours"
    assert np.array_equal(after.dataobj, loaded.dataobj)


def test_what_is_no_volume_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.nii"
    volume(path)
    with pytest.raises(
        OptionError, match=r"'upright' is not a direction of slices. Choose one of axial, coronal, sagittal"
    ):
        raster_files.open_frames(path, axes="upright")
    with raster_files.open_frames(path) as frames:
        for wrong, words in (({"dtype": "float16"}, "has no float16"), ({"frames": 2}, "all of its 6 slices, not 2")):
            spec = {"dtype": "int16", "frames": 6, **wrong}
            whole = OutputSpec(frames[0].shape, spec["dtype"], frames[0].channels, spec["frames"], "Z", frames[0])
            with pytest.raises(OutputError, match=words):
                raster_files.find_writer(path).check(whole)
    whole_file = path.read_bytes()
    path.write_bytes(whole_file[:400])
    with pytest.raises(ImageError, match="cannot be read"), raster_files.open_frames(path) as frames:
        np.asarray(frames[0])
    (tmp_path / "renamed.dat").write_bytes(whole_file)
    assert raster_files.find_reader(tmp_path / "renamed.dat")[0] == "nifti", "known by content, not by its name"
    monkeypatch.setenv("GANZOO_MAX_FILE", "100")
    with pytest.raises(ImageError, match="GANZOO_MAX_FILE"):
        raster_files.open_frames(tmp_path / "renamed.dat")
