"""The page of a model whose channels have units: TIFF and arrays in, composites and full depth out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from channel_models import bands, identity, model
from needs import require
from PIL import Image
from served import served

from ganzoo.catalog import building
from ganzoo.demo.actions import DemoModel
from ganzoo.demo.raster_images import result_suffix
from ganzoo.errors import ImageError, OptionError

gradio_client = require("gradio_client")


@pytest.fixture
def field(tmp_path: Path) -> tuple[Path, np.ndarray]:
    values = np.random.default_rng(0).integers(0, 65536, (4, 24, 30)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "field.tif", values, metadata={"axes": "CYX"}, photometric="minisblack")
    return tmp_path / "field.tif", values


def test_a_page_takes_a_file_of_any_channels_and_gives_it_back_in_full_depth(tmp_path: Path, field) -> None:
    options = {"width": 4, "blocks": 1, "in_channels": 4, "out_channels": 4}
    saved = model(building.build("generator:resnet", **options), bands(4), bands(4), options=options)
    saved.save(tmp_path / "model")
    with served(tmp_path / "place", f"dir:{tmp_path / 'model'}") as server:
        client = gradio_client.Client(server.address, verbose=False, download_files=tmp_path / "downloads")
        (before, after), notes, file = client.predict(gradio_client.handle_file(field[0]), api_name="/translate")
        expected = np.asarray(saved.translate(str(field[0])))
        assert np.array_equal(np.moveaxis(tifffile.imread(file["value"]), -1, 0), expected)
        assert expected.dtype == np.uint16
        for preview in (before, after):
            with Image.open(preview) as image:
                assert (image.size, image.mode) == ((30, 24), "RGB")
        assert "B1, B2, B3 as red, green and blue, from the percentile 1 (black) to 99 (white)" in notes
        with pytest.raises(gradio_client.exceptions.AppError, match=r"two\.npy has 1 channel"):
            np.save(tmp_path / "two.npy", field[1][0])
            client.predict(gradio_client.handle_file(tmp_path / "two.npy"), api_name="/translate")


def demo(folder: Path, channels: int, **limits: int) -> DemoModel:
    return DemoModel(identity(*bands(channels)), folder, **limits)


def test_a_result_that_is_too_large_is_refused_before_it_is_computed(tmp_path: Path, field) -> None:
    with pytest.raises(OptionError, match="30x24 pixels, more than the limit of 700"):
        demo(tmp_path, 4, max_work=700).translate_raster(field[0])


def test_one_image_of_a_stack_is_shown_and_the_page_says_so(tmp_path: Path) -> None:
    values = np.random.default_rng(1).integers(0, 9000, (3, 16, 16)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "stack.ome.tif", values, metadata={"axes": "ZYX"}, photometric="minisblack")
    found = demo(tmp_path, 1).translate_raster(tmp_path / "stack.ome.tif")
    assert found.file.name.endswith(".ome.tif")
    assert np.array_equal(tifffile.imread(found.file), values[0])
    assert any("3 images; this is number 1" in note for note in found.notes)
    third = demo(tmp_path, 1).translate_raster(tmp_path / "stack.ome.tif", number=3)
    assert np.array_equal(tifffile.imread(third.file), values[2])
    assert any("this is number 3" in note for note in third.notes)
    for number in (0, 4, -1):
        with pytest.raises(OptionError, match=r"stack\.ome\.tif has 3 images, not frames|Write numbers from 1"):
            demo(tmp_path, 1).translate_raster(tmp_path / "stack.ome.tif", number=number)


def test_messages_do_not_show_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "broken.tif").write_bytes(b"II*\0damaged")
    with pytest.raises(ImageError) as caught:
        demo(tmp_path, 1).translate_raster(tmp_path / "broken.tif")
    assert "broken.tif" in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_results_are_of_the_inputs_kind_or_tiff() -> None:
    assert [result_suffix(name) for name in ("a.npy", "a.ome.tif", "a.dcm", "a.png", "a")] == [
        ".npy",
        ".ome.tif",
        ".tif",
        ".tif",
        ".tif",
    ]
