"""Rasters of any depth as training data: which files, which values, which windows, which groups."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
import torch

from ganzoo.data.config import DataConfig
from ganzoo.data.rasters.choosing import are_rasters, parse_options
from ganzoo.data.rasters.open_rasters import open_files, open_rasters
from ganzoo.data.rasters.sides import find_files
from ganzoo.errors import DataError, OptionError

SUFFIXES = (".tif", ".npy")


def opened(sides, kind="paired", *, size=16, validation=0.0, flip=False, **options):
    request = open_files(
        [str(side) for side in sides], kind, DataConfig(image_size=size, flip=flip), parse_options(options), validation
    )
    return open_rasters(request)


def batch(data, indices=(0,), seed=0):
    return data.train.batch(list(indices), torch.Generator().manual_seed(seed))


@pytest.fixture
def stacks(tmp_path):
    """Four pages each: 12-bit inputs of one channel, targets of the same values plus 1000."""
    values = np.random.default_rng(0).integers(0, 4096, (4, 40, 48)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "in.tif", values, metadata={"axes": "ZYX"}, photometric="minisblack")
    tifffile.imwrite(tmp_path / "out.tif", values + 1000, metadata={"axes": "ZYX"}, photometric="minisblack")
    return tmp_path / "in.tif", tmp_path / "out.tif", values


# ---- which files -----------------------------------------------------------------------------------------------------


def test_named_patterns_belong_together_by_what_their_wildcards_stand_for(tmp_path):
    for name in ("s1_gm.npy", "s1_wm.npy", "s2_gm.npy", "s2_wm.npy"):
        np.save(tmp_path / name, np.zeros((4, 4)))
    found = find_files(f"GM={tmp_path}/*_gm.npy,WM={tmp_path}/*_wm.npy", SUFFIXES)
    assert [files.key for files in found] == ["s1", "s2"]
    assert [files.names for files in found] == [("GM", "WM")] * 2
    assert [path.rpartition("/")[2] for path in found[1].paths] == ["s2_gm.npy", "s2_wm.npy"]


def test_a_part_that_is_missing_is_named(tmp_path):
    for name in ("s1_gm.npy", "s1_wm.npy", "s2_gm.npy"):
        np.save(tmp_path / name, np.zeros((4, 4)))
    with pytest.raises(DataError, match="no file for 'WM': s2"):
        find_files(f"GM={tmp_path}/*_gm.npy,WM={tmp_path}/*_wm.npy", SUFFIXES)


def test_named_parts_become_channels_of_these_names(tmp_path):
    random = np.random.default_rng(1)
    for subject in "ab":
        for part in ("t1", "gm", "wm"):
            np.save(tmp_path / f"{subject}_{part}.npy", random.random((20, 20), np.float32))
    data = opened([tmp_path / "*_t1.npy", f"GM={tmp_path}/*_gm.npy,WM={tmp_path}/*_wm.npy"])
    assert [channel.name for channel in data.output_channels] == ["GM", "WM"]
    assert (data.in_channels, data.channels) == (1, 2)
    assert batch(data)["target"].shape == (1, 2, 16, 16)


def test_a_file_a_pattern_and_a_deep_folder_are_rasters_an_8_bit_folder_is_not(tmp_path, stacks):
    from PIL import Image

    shallow, deep = tmp_path / "shallow", tmp_path / "deep"
    shallow.mkdir()
    deep.mkdir()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(shallow / "a.png")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(deep / "a.png")
    assert are_rasters([str(stacks[0])])
    assert are_rasters([str(tmp_path / "*.tif")])
    assert are_rasters([str(deep)])
    assert not are_rasters([str(shallow)])


# ---- values ----------------------------------------------------------------------------------------------------------


def test_values_become_float32_by_the_given_range_without_steps(stacks):
    source, target, values = stacks
    data = opened([source, target], size=40, range=["0:4095"], split_by="page")
    found = batch(data)["input"][0, 0].numpy()
    expected = values.astype(np.float64) / 2047.5 - 1
    assert found.dtype == np.float32
    assert any(
        np.allclose(found, page[:, left : left + 40], atol=1e-6) for page in expected for left in range(48 - 40 + 1)
    )
    assert len(np.unique(found)) > 256


def test_a_deep_range_is_two_percentiles_of_the_set_inputs_keep_what_is_beyond_and_targets_clip_it(stacks):
    source, target, values = stacks
    data = opened([source, target], size=40, split_by="page")
    low, high = np.percentile(values, [0.1, 99.9])
    assert data.input_channels[0].range == pytest.approx((low, high))
    assert data.output_channels[0].range == pytest.approx((low + 1000, high + 1000))
    found = {name: batch(data, range(4))[name] for name in ("input", "target")}
    assert found["input"].max() > 1
    assert found["target"].max() == 1
    assert any("clipped" in note for note in data.notes)


def test_8_bits_have_the_range_of_their_type(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(400, dtype=np.uint8).reshape(20, 20))
    data = opened([tmp_path / "a.npy"], "images")
    assert data.input_channels[0].range == (0, 255)
    assert data.depth == 8


def test_a_range_of_one_channel_and_of_a_side(stacks):
    source, target, _ = stacks
    data = opened([source, target], range=["target=0:9999", "minmax"])
    assert data.output_channels[0].range == (0, 9999)
    assert data.input_channels[0].range == pytest.approx((stacks[2].min(), stacks[2].max()))
    with pytest.raises(OptionError, match="no channel 'B4'"):
        opened([source, target], range=["B4=0:1"])


def test_an_output_has_no_range_of_its_own_on_each_image_but_takes_that_of_an_input(stacks):
    source, target, _ = stacks
    with pytest.raises(OptionError, match="no inverse"):
        opened([source, target], range=["target=image"])
    name = opened([source, target]).input_channels[0].name
    data = opened([source, target], range=[f"target=like:{name}", "input=0:4095"])
    assert data.output_channels[0].range == (0, 4095)


def test_a_range_on_each_image_is_measured_on_the_whole_of_it(tmp_path):
    pages = np.stack([np.linspace(0, 100, 1600).reshape(40, 40), np.linspace(0, 1000, 1600).reshape(40, 40)])
    tifffile.imwrite(tmp_path / "a.tif", pages.astype(np.float32), metadata={"axes": "ZYX"}, photometric="minisblack")
    data = opened([tmp_path / "a.tif", tmp_path / "a.tif"], range=["input=image"], split_by="page", size=40)
    inputs = batch(data, [0, 1])["input"]
    assert torch.allclose(inputs[0], inputs[1], atol=1e-3)


def test_a_constant_channel_and_an_empty_one_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.full((20, 20), 7, np.uint16))
    with pytest.raises(DataError, match="same value, 7, everywhere"):
        opened([tmp_path / "a.npy"], "images")
    np.save(tmp_path / "a.npy", np.full((20, 20), np.nan, np.float32))
    with pytest.raises(DataError, match="no valid values"):
        opened([tmp_path / "a.npy"], "images")


def test_decibels_leave_out_what_is_not_positive(tmp_path):
    values = np.random.default_rng(0).uniform(-1, 10, (32, 32)).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    data = opened([tmp_path / "a.npy", tmp_path / "a.npy"], transform=["db"], size=32)
    found = batch(data)
    assert torch.equal(found["valid"][0, 0] > 0, torch.from_numpy(values > 0))
    assert torch.isfinite(found["input"]).all()
    assert (found["input"][found["valid"] == 0] == 0).all()


def test_mixed_depths_and_mixed_channels_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(400, dtype=np.uint16).reshape(20, 20))
    np.save(tmp_path / "b.npy", np.arange(400, dtype=np.float32).reshape(20, 20))
    with pytest.raises(DataError, match=r"uint16, b\.npy of float32"):
        opened([tmp_path / "*.npy"], "images")


# ---- masks, windows, groups ------------------------------------------------------------------------------------------


def test_a_pixel_that_is_missing_in_any_channel_is_missing(tmp_path):
    inputs = np.random.default_rng(0).random((2, 20, 20), np.float32)
    target = inputs[:1] * 2
    inputs[1, 3, 4] = np.nan
    target[0, 10, 10] = np.nan
    tifffile.imwrite(tmp_path / "in.tif", inputs, metadata={"axes": "CYX"}, photometric="minisblack")
    np.save(tmp_path / "out.npy", target[0])
    data = opened([tmp_path / "in.tif", tmp_path / "out.npy"], size=20)
    found = batch(data)
    missing = (found["valid"][0, 0] == 0).nonzero().tolist()
    assert missing == [[3, 4], [10, 10]]
    assert not found["input"][0, :, 3, 4].any() and not found["input"][0, :, 10, 10].any()
    assert data.masked


def test_windows_of_input_and_target_are_the_same_place_and_mirrored_alike(stacks):
    source, target, _ = stacks
    data = opened([source, target], range=["input=0:4095", "target=1000:5095"], flip=True, split_by="page")
    for seed in range(3):
        found = batch(data, range(4), seed)
        assert torch.allclose(found["input"], found["target"], atol=1e-5)


def test_the_shares_of_two_processes_make_up_the_batch_of_one(stacks):
    source, target, _ = stacks
    data = opened([source, target], flip=True, split_by="page")
    whole = batch(data, range(4))
    parts = [
        data.train.batch([0, 1, 2, 3], torch.Generator().manual_seed(0), own) for own in (slice(0, 2), slice(2, 4))
    ]
    assert torch.equal(whole["input"], torch.cat([part["input"] for part in parts]))


@pytest.mark.parametrize("split_by", ["file", "page", "s\\d", "block:16"])
def test_no_group_is_on_both_sides(tmp_path, split_by):
    random = np.random.default_rng(0)
    for name in ("s1_a", "s1_b", "s2_a", "s3_a", "s4_a"):
        pages = random.integers(0, 999, (3, 40, 40)).astype(np.uint16)
        tifffile.imwrite(tmp_path / f"{name}.tif", pages, metadata={"axes": "ZYX"}, photometric="minisblack")
    data = opened([tmp_path, tmp_path], validation=0.3, split_by=split_by)
    sides = [{item.group for item in dataset.windows.items} for dataset in (data.train, data.validation)]
    assert sides[0] and sides[1]
    assert not sides[0] & sides[1]


def test_blocks_have_a_gap_and_windows_stay_inside(tmp_path):
    places = np.arange(100 * 100, dtype=np.uint32).reshape(100, 100)
    np.save(tmp_path / "a.npy", places)
    data = opened([tmp_path / "a.npy", tmp_path / "a.npy"], size=16, validation=0.4, split_by="block:24:8")
    train, held_out = ({(item.top, item.left) for item in each.windows.items} for each in (data.train, data.validation))
    assert all(top % 32 == 0 and left % 32 == 0 for top, left in train | held_out)
    assert not train & held_out
    channel = data.input_channels[0]
    for seed in range(5):
        found = channel.from_network(batch(data, [0], seed)["input"].numpy(), "float64")[0].round().astype(int)
        rows, columns = np.unravel_index(found[0, 0], (100, 100))
        assert (rows.min() // 32 * 32, columns.min() // 32 * 32) in train
        assert rows.max() % 32 < 24 and columns.max() % 32 < 24


def test_one_group_cannot_be_split_and_the_message_says_what_can(stacks):
    with pytest.raises(DataError, match="--split-by page"):
        opened(stacks[:2], validation=0.25)


def test_windows_are_read_from_the_file_where_memory_is_short_and_are_the_same(stacks):
    source, target, _ = stacks
    held, lazy = opened([source, target], split_by="page"), opened([source, target], split_by="page", memory=1)
    assert held.train.in_memory and not lazy.train.in_memory
    pages = [held.train.windows.starts[page] for page in range(4)]  # a page's first index; in files, a page is a region
    assert torch.equal(batch(held, pages)["input"], batch(lazy, range(4))["input"])


def test_neighbors_along_the_stack_are_channels_and_the_ends_are_repeated(stacks):
    source, target, values = stacks
    data = opened([source, target], size=40, z_neighbors=1, range=["0:65535"])
    assert data.in_channels == 3
    first = data.train.windows.items[0].sides[0]
    assert [layer.read(slice(0, 1), slice(0, 1))[0].item() for layer in first] == [
        values[page, 0, 0] for page in (0, 0, 1)
    ]


def test_panels_of_one_file_are_input_and_targets(tmp_path):
    panels = [np.random.default_rng(number).integers(0, 256, (20, 20), np.uint8) for number in range(3)]
    tifffile.imwrite(tmp_path / "a.tif", np.concatenate(panels, 1), photometric="minisblack")
    data = opened([tmp_path / "a.tif"], size=20, panels="1:2-3")
    found = batch(data)
    values = [(panel / 127.5 - 1).astype(np.float32) for panel in panels]
    assert np.allclose(found["input"][0].numpy(), values[:1], atol=1e-6)
    assert np.allclose(found["target"][0].numpy(), values[1:], atol=1e-6)
    with pytest.raises(OptionError, match="does not fit"):
        opened([tmp_path / "a.tif"], panels="1-3")


def test_a_window_larger_than_an_image_is_refused(stacks):
    with pytest.raises(DataError, match="fewer than a window of 64x64"):
        opened(stacks[:2], size=64)


def test_two_sets_without_pairs(stacks):
    source, target, _ = stacks
    data = opened([source, target], "unpaired", split_by="page", validation=0.3)
    found = batch(data, range(2))
    assert found["a"].shape == found["b"].shape == (2, 1, 16, 16)
    assert data.input_channels[0].range != data.output_channels[0].range


def test_a_large_image_is_held_strip_by_strip(tmp_path, monkeypatch):
    values = np.random.default_rng(0).random((20, 24)).astype(np.float32)
    values[7, 3] = np.nan
    np.save(tmp_path / "a.npy", values)
    monkeypatch.setattr("ganzoo.data.rasters.frames.STRIP", 3 * 24)
    data = opened([tmp_path / "a.npy", tmp_path / "a.npy"], size=20)
    held = data.train.windows.items[0].sides[0][0]
    assert np.array_equal(held.values[0], values, equal_nan=True)
    assert np.array_equal(held.mask[0], np.isfinite(values))


def test_a_target_with_the_range_of_an_input_takes_that_of_the_same_image(tmp_path):
    pages = np.stack([np.linspace(0, 100, 1600).reshape(40, 40), np.linspace(0, 1000, 1600).reshape(40, 40)])
    tifffile.imwrite(tmp_path / "a.tif", pages.astype(np.float32), metadata={"axes": "ZYX"}, photometric="minisblack")
    name = opened([tmp_path / "a.tif", tmp_path / "a.tif"]).input_channels[0].name
    rules = ["input=image", f"target=like:{name}"]
    data = opened([tmp_path / "a.tif", tmp_path / "a.tif"], range=rules, split_by="page", size=40)
    found = batch(data, [0, 1])
    assert torch.allclose(found["target"][0], found["target"][1], atol=1e-3)
    blocks = opened([tmp_path / "a.tif", tmp_path / "a.tif"], range=rules, split_by="block:18:2", size=16)
    own = {name: channels[0][0].range for name, channels in blocks.train.windows.own_channels.items()}
    assert len(set(own.values())) == 2  # the blocks of an image have its range


def test_values_that_a_transform_does_not_have_are_named_as_the_reason(tmp_path):
    np.save(tmp_path / "below.npy", -np.ones((20, 20), np.float32))
    with pytest.raises(DataError, match="all are missing, or not above 0, which 'db' needs"):
        opened([tmp_path / "below.npy"], "images", axes="YX", transform=["db"])
