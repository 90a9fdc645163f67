"""Tissue of slides: glass is left out of ranges, windows and losses, and passes through a translation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from channel_models import Identity, model
from torch import nn

from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.data.config import DataConfig
from ganzoo.data.rasters.choosing import parse_options
from ganzoo.data.rasters.open_rasters import open_files, open_rasters
from ganzoo.errors import ImageError, OptionError
from ganzoo.image_io import raster_files
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.channel import Channel
from ganzoo.rasters.tissue import tissue_mask

GLASS = 240
RGB = tuple(Channel(name, range=(0, 255), dtype="uint8") for name in ("red", "green", "blue"))


def slide(path: Path, height: int = 96, width: int = 128) -> Any:
    """Write a slide with a level of half its size and one piece of tissue, and return where that is."""
    tissue = np.zeros((height, width), bool)
    tissue[20:60, 32:80] = True
    colors = np.full((height, width, 3), GLASS, np.uint8)
    colors[tissue] = (150, 80, 160)
    colors[tissue] += np.random.default_rng(0).integers(0, 30, (int(tissue.sum()), 1)).astype(np.uint8)
    with tifffile.TiffWriter(path) as file:
        common = {"photometric": "rgb", "metadata": None}
        file.write(colors, subifds=1, **common)
        file.write(colors[::2, ::2], subfiletype=1, **common)
    return tissue


def opened(sides: list[Path], kind: str, **options: Any) -> Any:
    values = parse_options({"read": "tissue", **options})
    return open_rasters(open_files([str(side) for side in sides], kind, DataConfig(image_size=16), values, 0.0))


def test_what_is_not_tissue_is_missing_on_every_level_and_in_every_window(tmp_path: Path) -> None:
    tissue = slide(tmp_path / "a.tif")
    with raster_files.open_frames(tmp_path / "a.tif", read="tissue") as frames:
        raster = frames[0]
        assert np.array_equal(raster.mask, np.repeat(tissue[None], 3, 0)) and raster.may_have_mask
        assert np.array_equal(raster.mask_window((10, 31), (30, 50), [1])[0], tissue[10:31, 30:50])
        assert np.array_equal(raster.at_level(1).mask[2], tissue[::2, ::2])
        assert np.array_equal(raster.select("blue").mask[0], tissue)
        with raster_files.open_frames(tmp_path / "a.tif") as plain:
            assert np.array_equal(np.asarray(raster), np.asarray(plain[0])) and plain[0].mask is None
            assert np.array_equal(tissue_mask(plain[0]), tissue)


def test_a_mask_of_a_large_slide_lies_where_the_slide_has_tissue(tmp_path: Path) -> None:
    colors = np.full((30, 4100, 3), GLASS, np.uint8)
    colors[12:21, 300:3900] = (150, 80, 160)
    tifffile.imwrite(tmp_path / "a.tif", colors, photometric="rgb")
    with raster_files.open_frames(tmp_path / "a.tif", read="tissue") as frames:
        mask = frames[0].mask[0]
    assert mask[13:20, 303:3897].all() and not mask[:9].any() and not mask[24:].any() and not mask[:, :297].any()


def test_files_that_have_no_tissue_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((9, 9), np.uint16))
    with pytest.raises(ImageError, match="Tissue is found in 8-bit RGB"):
        raster_files.open_frames(tmp_path / "a.npy", read="tissue")
    slide(tmp_path / "a.tif")
    with pytest.raises(OptionError, match="is for whole images"):
        opened([tmp_path / "a.tif"], "paired", panels="1:2")


def test_training_measures_and_sees_tissue_alone(tmp_path: Path) -> None:
    tissue = slide(tmp_path / "a.tif")
    np.save(tmp_path / "b.npy", np.where(tissue, 700, 9).astype(np.uint16) + np.arange(128, dtype=np.uint16))
    data = opened([tmp_path / "a.tif", tmp_path / "b.npy"], "paired", range=["minmax"])
    assert data.masked and max(channel.range[1] for channel in data.input_channels) < GLASS
    assert data.output_channels[0].range == (732, 779), "of pairs, targets count where the input has tissue"
    batch = data.train.batch(list(range(32)), torch.Generator().manual_seed(0))
    valid = batch["valid"].bool()
    assert valid.flatten(1).any(1).float().mean() > 0.9 and not valid.all(), "most windows of glass alone are passed by"
    assert not batch["input"][~valid.expand_as(batch["input"])].any() and not batch["target"][~valid].any()


def test_of_two_sets_each_has_its_own_tissue(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        slide(tmp_path / name / "x.tif")
    data = opened([tmp_path / "a", tmp_path / "b"], "unpaired")
    batch = data.train.batch([0], torch.Generator().manual_seed(0))
    assert {"valid_a", "valid_b"} <= batch.keys()


def test_glass_passes_through_a_translation_unchanged(tmp_path: Path) -> None:
    tissue = slide(tmp_path / "a.tif")
    negative = model(nn.Sequential(Identity(3), Negative()), RGB, RGB)
    notes = translate_file(negative, f"{tmp_path}/a.tif", f"{tmp_path}/out.tif", Selection(read="tissue"), Settings())
    with (
        raster_files.open_frames(tmp_path / "a.tif") as before,
        raster_files.open_frames(tmp_path / "out.tif") as after,
    ):
        old, new = np.asarray(before[0]), np.asarray(after[0])
        assert after[0].mask is None and len(after[0].levels) == 2
    assert np.array_equal(new[:, ~tissue], old[:, ~tissue]) and np.array_equal(new[:, tissue], 255 - old[:, tissue])
    assert any("pass unchanged" in note for note in notes)


class Negative(nn.Module):
    """Turns values round."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return -images
