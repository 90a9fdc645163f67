"""Slides: windows of levels are OpenSlide's, without seams, and become pyramidal OME-TIFF with their pixel size."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from channel_models import identity
from needs import require

from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.errors import ImageError
from ganzoo.image_io import raster_files
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.channel import Channel

require("openslide")
openslide = importlib.import_module("openslide")
WORDS = "Aperio Image Library v11.0\n800x600 [0,0 800x600] (256x256) JPEG/RGB Q=100|AppMag = 20|MPP = 0.499"


def slide(path: Path, description: str = WORDS, dtype: str = "uint8") -> Path:
    """Write what a scanner writes: tiles, a preview, and a level of a quarter of the size."""
    shades = np.indices((600, 800)).sum(0) % 256
    colors = np.stack([shades, shades // 2, 255 - shades], -1).astype(dtype)
    packed = {"compression": "jpeg", "compressionargs": {"level": 95}} if dtype == "uint8" else {}
    common = {"photometric": "rgb", "metadata": None, **packed}
    with tifffile.TiffWriter(path) as file:
        file.write(colors, tile=(256, 256), description=description, **common)
        file.write(colors[:150, :200], description="Aperio preview", **common)
        file.write(colors[::4, ::4], tile=(256, 256), description=description, **common)
    return path


def test_windows_of_levels_are_those_of_openslide_and_have_no_seams(tmp_path: Path) -> None:
    path = slide(tmp_path / "a.svs")
    reference = openslide.OpenSlide(path)
    with raster_files.open_frames(path) as frames:
        raster = frames[0]
        assert (raster.format, raster.shape, raster.levels) == ("slide", (3, 600, 800), ((600, 800), (150, 200)))
        about = dict(frames.description)
        assert about.pop("tissue").endswith("% of the area")
        assert about == {"format": "slide, aperio", "pixel size": "0.499 x 0.499 µm", "magnification": "20"}
        for level, (height, width) in enumerate(raster.levels):
            whole = np.asarray(reference.read_region((0, 0), level, (width, height)))[..., :3].transpose(2, 0, 1)
            one = raster.at_level(level)
            assert np.array_equal(np.asarray(one), whole)
            parts = [
                np.concatenate([one.window((y, y + 30), (x, x + 50)) for x in range(0, width, 50)], 2)
                for y in range(0, height, 30)
            ]
            assert np.array_equal(np.concatenate(parts, 1), whole)
        with ThreadPoolExecutor(8) as pool:
            tops = range(0, 540, 20)
            read = pool.map(lambda top: raster.window((top, top + 60), (100, 300)), tops)
            wanted = [np.asarray(raster)[:, top : top + 60, 100:300] for top in tops]
            assert all(map(np.array_equal, read, wanted))
    reference.close()


def test_a_translation_is_a_pyramid_of_the_same_pixel_size(tmp_path: Path) -> None:
    path = slide(tmp_path / "a.svs")
    channels = [Channel(name, range=(0, 255), dtype="uint8") for name in ("red", "green", "blue")]
    translate_file(identity(*channels), str(path), str(tmp_path / "out.ome.tif"), Selection(), Settings())
    with raster_files.open_frames(path) as frames, raster_files.open_frames(tmp_path / "out.ome.tif") as made:
        assert np.array_equal(np.asarray(made[0]), np.asarray(frames[0]))
        assert made[0].levels == ((600, 800), (300, 400), (150, 200))
        assert made[0].metadata["pixel_size"] == pytest.approx((0.499, 0.499))
        assert [channel.name for channel in made[0].channels] == ["red", "green", "blue"]


def test_deeper_slides_and_other_tiffs_stay_with_the_other_reader(tmp_path: Path) -> None:
    assert raster_files.find_reader(slide(tmp_path / "deep.svs", dtype="uint16"))[0] == "tifffile"
    assert raster_files.find_reader(slide(tmp_path / "plain.svs", description="mine"))[0] == "tifffile"
    with pytest.raises(ImageError, match="Omit --axes YX"):
        raster_files.open_frames(slide(tmp_path / "a.svs"), axes="YX")
