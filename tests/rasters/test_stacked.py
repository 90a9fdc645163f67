"""Several rasters as one image: channels of several files, and slices with their neighbors."""

from __future__ import annotations

import numpy as np
import pytest
from channel_models import identity

from ganzoo import Channel, Raster
from ganzoo.batch.jobs import Work
from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.batch.run import do
from ganzoo.cli.plan import plan_jobs
from ganzoo.errors import ImageError, OutputError
from ganzoo.image_io.several_files import open_source
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.stacked import neighbor_offsets, stack


def numbers(*shape, dtype="uint16"):
    return np.random.default_rng(0).integers(0, 60_000, shape).astype(dtype)


def test_channels_of_several_rasters_become_one_image():
    first, second = numbers(1, 9, 7), numbers(2, 9, 7)
    masked = Raster.from_array(second, mask=np.eye(9, 7, dtype=bool))

    both = stack([Raster.from_array(first), masked], ["GM", ""])

    assert [channel.name for channel in both.channels] == ["GM", "", ""]
    assert np.array_equal(np.asarray(both), np.concatenate([first, second]))
    assert np.array_equal(both.window((2, 4), channels=[2, 0]), np.stack([second[1, 2:4], first[0, 2:4]]))
    assert both.mask is not None and both.mask[0].all() and both.mask[2].sum() == 7
    with pytest.raises(ImageError, match="one size and number type"):
        stack([Raster.from_array(first), Raster.from_array(numbers(1, 9, 8))])


@pytest.mark.parametrize(
    ("names", "offsets"),
    [
        (["CT-1", "CT", "CT+1"], [-1, 0, 1]),
        (["a-1", "b-1", "a", "b", "a+1", "b+1"], [-1, 0, 1]),
        (["CT-1", "CT"], [-1, 0]),
        (["B-1", "B-2"], []),
        (["CT", "CT-1", "CT+1"], []),
        (["a", "b"], []),
    ],
)
def test_names_of_neighbors(names, offsets):
    assert neighbor_offsets([Channel(name) for name in names]) == offsets


def test_a_model_of_neighboring_slices_gets_them(tmp_path):
    values = numbers(4, 20, 20)
    np.save(tmp_path / "in.npy", values)
    channels = tuple(Channel(name, range=(0, 65535)) for name in ("CT-1", "CT", "CT+1"))
    tiny = identity(*channels)

    for frames, expected in [("", [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]]), ("2", [[0, 1, 2]])]:
        selection = Selection(axes="ZYX", frames=frames)
        translate_file(tiny, str(tmp_path / "in.npy"), str(tmp_path / "out.npy"), selection, Settings())
        found = np.load(tmp_path / "out.npy").reshape(len(expected), 3, 20, 20)
        assert np.array_equal(found, values[expected])


def test_channels_in_files_of_their_own_are_translated_together(tmp_path, monkeypatch):
    values = numbers(2, 20, 20)
    for name, layer in zip(("gm", "wm"), values, strict=True):
        np.save(tmp_path / f"a_{name}.npy", layer)
    monkeypatch.chdir(tmp_path)
    tiny = identity(Channel("WM", range=(0, 65535)), Channel("GM", range=(0, 65535)))
    source = "GM=a_gm.npy,WM=a_wm.npy"

    (job,) = plan_jobs((source,), "out.npy")
    (named,) = plan_jobs((source,), "folder/")
    outcome = do(Work("dir:unused"), tiny, job)

    assert outcome.error == "" and np.array_equal(np.load("out.npy"), values[::-1])
    assert named.target == "folder/a_gm.npy"
    with pytest.raises(ImageError, match=r"No file b.npy"):
        plan_jobs(("GM=a_gm.npy,WM=b.npy",), "out.npy")
    with pytest.raises(OutputError, match="would replace its own input"):
        translate_file(tiny, source, "a_wm.npy", Selection(), Settings())
    np.save("b.npy", numbers(3, 20, 20))
    with pytest.raises(ImageError, match=r"unlike numbers of images: b.npy 3, c.npy 1"):
        np.save("c.npy", numbers(1, 20, 20))
        open_source("GM=b.npy,WM=c.npy", axes="ZYX")
