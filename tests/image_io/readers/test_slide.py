"""Slides: windows of levels are OpenSlide's, without seams, and become pyramidal OME-TIFF with their pixel size."""

from __future__ import annotations

import io
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from channel_models import identity
from needs import require
from PIL import Image

from ganzoo.batch.rasters import Selection, translate_file
from ganzoo.errors import ImageError
from ganzoo.image_io import raster_files
from ganzoo.inference.image_pass import Settings
from ganzoo.rasters.channel import Channel

openslide = require("openslide")
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


def ndpi(path: Path) -> Any:
    """Write what Hamamatsu's scanners do, with offsets of 64 bits and levels as JPEG, and return its colors."""
    shades = np.indices((600, 800)).sum(0) % 256
    colors = np.stack([shades, shades // 2, 255 - shades], -1).astype(np.uint8)
    content, chain = bytearray(b"II*\0" + bytes(8)), 4

    def put(data: bytes) -> int:
        content.extend(bytes(len(content) % 2))
        place = len(content)
        content.extend(data)
        return place

    for step, lens in ((1, 20.0), (4, 5.0)):
        packed = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(colors[::step, ::step])).save(packed, "JPEG", quality=95)
        height, width = (side // step for side in colors.shape[:2])
        size = put(struct.pack("<II", 20000 // step, 1))
        maker, bits = put(b"Hamamatsu\0"), put(struct.pack("<3H", 8, 8, 8))
        entries = [
            (256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, bits), (259, 3, 1, 7), (262, 3, 1, 6),
            (271, 2, 10, maker), (273, 4, 1, put(packed.getvalue())), (277, 3, 1, 3), (278, 4, 1, height),
            (279, 4, 1, len(packed.getvalue())), (282, 5, 1, size), (283, 5, 1, size), (296, 3, 1, 3),
            (65420, 4, 1, 1), (65421, 11, 1, int.from_bytes(struct.pack("<f", lens), "little")),
            (65422, 9, 1, 0), (65423, 9, 1, 0), (65424, 9, 1, 0),
        ]  # fmt: skip
        packed_entries = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        place = put(struct.pack("<H", len(entries)) + packed_entries + bytes(8) + bytes(4 * len(entries)))
        content[chain : chain + 8] = struct.pack("<Q", place)
        chain = place + 2 + len(packed_entries)
    path.write_bytes(content)
    return colors


def test_a_slide_of_hamamatsu_is_read(tmp_path: Path) -> None:
    colors = ndpi(tmp_path / "a.ndpi")
    reference = openslide.OpenSlide(tmp_path / "a.ndpi")
    with raster_files.open_frames(tmp_path / "a.ndpi") as frames:
        raster, about = frames[0], dict(frames.description)
        assert raster.format == "slide" and raster.shape == (3, 600, 800)
        assert (about["format"], about["pixel size"], about["magnification"]) == (
            "slide, hamamatsu",
            "0.5 x 0.5 µm",
            "20",
        )
        for level, (width, height) in enumerate(reference.level_dimensions):
            whole = np.asarray(reference.read_region((0, 0), level, (width, height)))[..., :3].transpose(2, 0, 1)
            assert np.array_equal(np.asarray(raster.at_level(level)), whole)
        assert np.abs(np.asarray(raster).transpose(1, 2, 0).astype(int) - colors).mean() < 4
    reference.close()


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
