"""Windows of files that do not fit in memory: regions that take turns, and what is cut out of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import tifffile
import torch

from ganzoo.data.config import DataConfig
from ganzoo.data.rasters.open_rasters import open_files, open_rasters
from ganzoo.data.rasters.options import RasterOptions
from ganzoo.data.rasters.regions import RegionOrder, Regions
from ganzoo.training.batches import Batches, default_workers

SIZE = 16


def opened(sides, kind="images", memory=1, **options):
    options = {"range": ["0:65535"], **options}
    return open_rasters(
        open_files(
            [str(side) for side in sides],
            kind,
            DataConfig(image_size=SIZE),
            RasterOptions(memory=memory, **options),
            0.0,
        )
    )


@pytest.fixture
def numbered(tmp_path):
    """An image whose values say where they are: row * 256 + column."""
    values = (np.arange(200)[:, None] * 256 + np.arange(150)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "numbered.tif", values, tile=(32, 32), compression="zlib")
    return tmp_path / "numbered.tif", values


def regions_of(path, budget):
    data = opened([path])
    return Regions.of(data.train.windows.items, [100], SIZE, budget)


def test_regions_are_used_longer_where_a_good_part_of_the_set_is_in_memory(numbered):
    regions = regions_of(numbered[0], 16 * 2 * 48**2)
    windows = 100 / len(regions.all)
    largest = max((one.rows + SIZE - 1) * (one.columns + SIZE - 1) for one in regions.all)
    few = Regions.of(opened([numbered[0]]).train.windows.items * 60, [100] * 60, SIZE, 2 * largest * len(regions.all))

    assert regions.active >= len(regions.all) / 32 and regions.visits == round(32 * windows)
    assert few.active < len(few.all) / 32 and few.visits == round(8 * windows)


def places(batch):
    """Return (row, column) of each window's first pixel."""
    values = ((batch["image"][:, 0, 0, 0] + 1) / 2 * 65535).round().long()
    return [(int(value) // 256, int(value) % 256) for value in values]


def test_each_place_is_in_one_region(numbered):
    regions = regions_of(numbered[0], 16 * 2 * 48**2)
    assert len(regions.all) > 20
    starts = Counter(
        (row, column)
        for one in regions.all
        for row in range(one.top, one.top + one.rows)
        for column in range(one.left, one.left + one.columns)
    )
    assert starts == Counter((row, column) for row in range(185) for column in range(135))


def test_regions_are_smaller_where_memory_is_short(numbered):
    small, large = regions_of(numbered[0], 20_000), regions_of(numbered[0], 1 << 29)
    assert len(small.all) > len(large.all) == 1
    assert 1 <= small.active < len(small.all)


def test_every_region_gives_windows_in_proportion_to_its_places(numbered):
    regions = regions_of(numbered[0], 60_000)
    order = RegionOrder(regions, seed=1)
    places = 200 * len(regions.all)
    seen = Counter(order.region(place) for place in range(places))
    total = sum(one.weight for one in regions.all)
    for number, region in enumerate(regions.all):
        assert seen[number] / places == pytest.approx(region.weight / total, rel=0.03)


def test_a_position_has_its_region_whatever_was_asked_before(numbered):
    regions = regions_of(numbered[0], 60_000)
    forward = [RegionOrder(regions, 3).at(position) for position in range(500)]
    order = RegionOrder(regions, 3)
    assert [order.at(position) for position in reversed(range(500))] == forward[::-1]
    assert [RegionOrder(regions, 4).at(position) for position in range(500)] != forward


def test_few_regions_are_active_at_a_time_and_all_come(numbered):
    regions = regions_of(numbered[0], 60_000)
    order = RegionOrder(regions, 0)
    block = [order.at(position) for position in range(regions.visits)]
    assert len(set(block)) <= regions.active < len(regions.all)
    many = {order.at(position) for position in range(regions.visits * 3 * len(regions.all))}
    assert many == set(range(len(regions.all)))


def test_windows_hold_the_files_values_from_everywhere(numbered):
    path, values = numbered
    batches = Batches(opened([path]).train, batch_size=8, workers=0)
    seen = []
    for step in range(60):
        batch = batches.get(step)[0]
        for window, (row, column) in zip(batch["image"], places(batch), strict=True):
            expected = torch.from_numpy(values[row : row + SIZE, column : column + SIZE].astype(np.float32))
            assert torch.allclose((window[0] + 1) / 2 * 65535, expected, atol=0.02)
            seen.append((row, column))
    rows, columns = np.array(seen).T
    assert rows.min() < 20 and rows.max() > 165 and columns.min() < 15 and columns.max() > 120
    assert len(set(seen)) > 450


@pytest.mark.parametrize("kind", ["images", "paired", "unpaired"])
def test_resumed_and_shared_batches_are_those_of_one_process(numbered, kind):
    sides = [numbered[0]] if kind == "images" else [numbered[0], numbered[0]]
    train = opened(sides, kind).train
    whole = Batches(train, batch_size=6, seed=5, workers=0)
    straight = [whole.get(step)[0] for step in range(8)]
    later = Batches(opened(sides, kind).train, batch_size=6, seed=5, workers=0)
    shares = [Batches(train, batch_size=6, seed=5, rank=rank, processes=2, workers=0).get(7)[0] for rank in range(2)]
    for name, images in straight[7].items():
        assert torch.equal(later.get(7)[0][name], images)
        assert torch.equal(torch.cat([share[name] for share in shares]), images)


def test_worker_processes_read_the_same_windows(numbered):
    train = opened([numbered[0]]).train
    object.__setattr__(train.windows, "regions", Regions.of(train.windows.items, [100], SIZE, 60_000))
    alone, workers = (Batches(train, batch_size=64, workers=count) for count in (0, 2))
    expected = [alone.get(step)[0]["image"] for step in range(6)]  # regions are decoded in a thread before the fork
    try:
        for step in range(6):
            assert torch.equal(workers.get(step)[0]["image"], expected[step])
    finally:
        workers.close()


def test_regions_without_a_valid_pixel_give_way(tmp_path):
    values = np.full((128, 128), np.nan, np.float32)
    values[96:, 96:] = np.random.default_rng(0).random((32, 32))
    tifffile.imwrite(tmp_path / "mostly_missing.tif", values, tile=(16, 16))
    data = opened([tmp_path / "mostly_missing.tif"], range=["0:1"])
    train = data.train
    object.__setattr__(train.windows, "regions", Regions.of(train.windows.items, [64], SIZE, 1))
    assert len(train.windows.regions.all) > 16
    batches = Batches(train, batch_size=16, workers=0)
    valid = torch.cat([batches.get(step)[0]["valid"] for step in range(4)])
    assert valid.flatten(1).any(dim=1).float().mean() > 0.9


@pytest.mark.parametrize("how", [{"rowsperstrip": 8}, {"rowsperstrip": 8, "compression": "zlib"}, {"tile": (64, 32)}])
def test_blocks_say_what_is_decoded_at_once(tmp_path, how):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((70, 60), np.uint16), **how)
    from ganzoo.image_io.raster_files import open_frames

    with open_frames(tmp_path / "a.tif") as frames:
        expected = {8: (1, 1)} if "compression" not in how else {8: (8, 60)}
        assert frames[0].block == (expected[8] if "rowsperstrip" in how else (64, 32))


def test_narrow_windows_of_wide_strips_are_read_by_rows(tmp_path):
    values = np.random.default_rng(1).integers(0, 60000, (12, 20_000)).astype(">u2")
    tifffile.imwrite(tmp_path / "wide.tif", values, rowsperstrip=5, byteorder=">")
    with tifffile.TiffFile(tmp_path / "wide.tif", mode="r+b") as file:  # strips out of order: not one piece of pixels
        tag = file.pages[0].tags["StripOffsets"]
        first, second, *rest = tag.value
        file.filehandle.seek(first)
        data = file.filehandle.read(10 * 40_000)
        file.filehandle.seek(first)
        file.filehandle.write(data[200_000:] + data[:200_000])
        tag.overwrite([second, first, *rest])
    from ganzoo.image_io.raster_files import open_frames

    with open_frames(tmp_path / "wide.tif") as frames:
        assert np.array_equal(frames[0].window((3, 12), (9000, 9100))[0], values[3:12, 9000:9100])
        assert np.array_equal(frames[0].window((3, 12), (5, 19_990))[0], values[3:12, 5:19_990])


def test_windows_of_files_are_read_without_processes_on_two_cores(numbered, monkeypatch):
    train = opened([numbered[0]]).train
    for cores, expected in ((1, 0), (2, 0), (4, 3), (64, 3)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert default_workers(train) == expected
    assert default_workers(opened([numbered[0]], memory=1 << 30).train) == 0
