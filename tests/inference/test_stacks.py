"""Files of several times and depths, translated image by image: they lie where they lay."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from channel_models import bands, identity
from needs import require

from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.image_io.raster_files import open_frames
from ganzoo.inference.image_pass import Settings


def numbers(*shape):
    return np.random.default_rng(0).integers(0, 1000, (*shape, 40, 56)).astype(np.uint16)


@pytest.mark.parametrize("target", ["out.ome.tif", "out.npz", "out.npy", "out.ome.zarr"])
@pytest.mark.parametrize("kind", ["ome", "imagej", "npy", "npy, channels before depth"])
def test_times_and_depths_come_back_as_such(kind, target, tmp_path):
    if "zarr" in target:
        require("zarr")
    values, axes = numbers(2, 3, 2), ""
    source = tmp_path / ("in.npy" if "npy" in kind else "in.tif")
    if "npy" in kind:
        axes = "TCZYX" if "before" in kind else "TZCYX"
        np.save(source, values.transpose(["TZCYX".index(letter) for letter in axes]))
    else:
        tifffile.imwrite(source, values, metadata={"axes": "TZCYX"}, **{kind: True}, photometric="minisblack")

    translate_file(identity(*bands(2, 1000)), str(source), str(tmp_path / target), Selection(axes=axes), Settings())

    if target == "out.ome.tif":
        with tifffile.TiffFile(tmp_path / target) as file:
            assert (file.series[0].axes, file.series[0].shape) == ("TZCYX", values.shape)
    stored = (axes or "TZCYX") if target.endswith(".npy") else ""
    with open_frames(tmp_path / target, axes=stored) as frames:
        assert sorted(zip(frames.axis, frames.lengths, strict=True)) == [("T", 2), ("Z", 3)]
        for number, label in enumerate(frames.labels):
            places = dict(part.split() for part in label.split(", "))
            expected = values[int(places["T"]) - 1, int(places["Z"]) - 1]
            assert np.array_equal(np.asarray(frames[number]), expected), label


def test_some_times_and_depths_lie_along_what_is_left_of_the_grid(tmp_path):
    source = tmp_path / "in.ome.tif"
    values = numbers(2, 3)
    tifffile.imwrite(source, values, metadata={"axes": "TZYX"}, photometric="minisblack")
    chosen = {"4-6": ("ZYX", values[1]), "2,5": ("TYX", values[:, 1]), "1-2,4-5": ("TZYX", values[:, :2])}
    chosen |= {"1-4": ("ZYX", values.reshape(6, 40, 56)[:4]), "5": ("YX", values[1, 1])}
    for number, (frames, (axes, expected)) in enumerate(chosen.items()):
        target = tmp_path / f"{number}.ome.tif"
        translate_file(identity(*bands(1, 1000)), str(source), str(target), Selection(frames=frames), Settings())
        with tifffile.TiffFile(target) as file:
            assert file.series[0].axes == axes and np.array_equal(file.series[0].asarray(), expected), frames
