"""Rasters of arrays: axes, windows, masks, bands, and what people see of them."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo import Channel, Raster
from ganzoo.errors import ImageError, OptionError


def numbers(*shape, dtype="uint16"):
    return np.random.default_rng(0).integers(0, 60_000, shape).astype(dtype)


@pytest.mark.parametrize(
    ("axes", "shape", "turned"),
    [
        ("YX", (5, 7), (0, 1)),
        ("CYX", (3, 5, 7), (0, 1, 2)),
        ("YXC", (5, 7, 3), (2, 0, 1)),
        ("YXS", (5, 7, 3), (2, 0, 1)),
        ("XYC", (7, 5, 3), (2, 1, 0)),
        ("TZCYX", (1, 1, 3, 5, 7), (0, 1, 2, 3, 4)),
    ],
)
def test_axes_say_what_the_dimensions_are(axes, shape, turned):
    array = numbers(*shape)

    raster = Raster.from_array(array, axes)

    assert raster.shape[1:] == (5, 7) and raster.dtype == np.uint16
    assert np.array_equal(np.asarray(raster), array.transpose(turned).reshape(-1, 5, 7))


@pytest.mark.parametrize(
    ("axes", "message"), [("CY", "axes 'CY' is not right"), ("CYXX", "not right"), ("YX", "3 dimensions"), ("QYX", "Q")]
)
def test_axes_that_do_not_fit(axes, message):
    with pytest.raises(OptionError, match=message):
        Raster.from_array(numbers(3, 5, 7), axes)


def test_several_images_are_not_one():
    with pytest.raises(ImageError, match="3 images along Z"):
        Raster.from_array(numbers(3, 5, 7), "ZYX")


@pytest.mark.parametrize("array", [np.zeros((2, 3), complex), np.array([["a", "b"]]), np.zeros((0, 3))])
def test_what_is_no_image(array):
    with pytest.raises(ImageError, match=r"values of|no pixels"):
        Raster.from_array(array, "YX")


def test_windows_are_parts_and_copies():
    array = numbers(4, 20, 30)
    raster = Raster.from_array(array)

    part = raster.window((3, 9), slice(5, 25), channels=[2, 0])
    assert np.array_equal(part, array[[2, 0], 3:9, 5:25])
    part[:] = 0
    assert np.array_equal(np.asarray(raster), array)
    for wrong in ((0, 21), (-1, 5), (5, 5)):
        with pytest.raises(ImageError, match="no window"):
            raster.window(wrong)
    with pytest.raises(ImageError, match="no level 1"):
        raster.window(level=1)
    with pytest.raises(ImageError, match="has 4 channels"):
        raster.window(channels=[4])


def test_bands_are_selected_by_name_and_number_without_reading():
    array = numbers(4, 6, 6)
    raster = Raster.from_array(array, channels=[Channel("B2"), Channel("B3"), Channel("B4"), Channel("B8")])

    chosen = raster.select("B4,B2").select([2])

    assert raster.select("B4,B3,B2").shape == (3, 6, 6)
    assert [channel.name for channel in chosen.channels] == ["B2"]
    assert np.array_equal(np.asarray(chosen), array[:1])
    assert np.array_equal(raster.select("4").window(), array[3:])


def test_masks_say_what_is_valid():
    array = numbers(2, 4, 4, dtype="float32")
    array[1, 2, 3] = np.nan
    given = np.ones((4, 4), bool)
    given[0] = False

    from_nan = Raster.from_array(array).mask
    both = Raster.from_array(array, mask=given)
    masked = Raster.from_array(np.ma.masked_equal(np.array([[1, 2], [3, 1]]), 1), "YX")

    assert from_nan is not None and from_nan.sum() == 31 and not from_nan[1, 2, 3]
    assert both.mask_window((0, 1), channels=[0]).tolist() == [[[False] * 4]]
    assert both.mask is not None and both.mask.sum() == 32 - 8 - 1
    assert masked.mask.tolist() == [[[False, True], [True, False]]]
    assert Raster.from_array(numbers(1, 2, 2)).mask is None


def test_channels_must_be_as_many_as_there_are():
    with pytest.raises(ImageError, match="has 2 channels, and 1 are described"):
        Raster.from_array(numbers(2, 4, 4), channels=[Channel("B2")])


def test_people_see_a_stretched_composite():
    deep = np.linspace(1000, 3000, 3 * 64, dtype=np.uint16).reshape(3, 8, 8)
    eight = numbers(1, 8, 8, dtype="uint8")
    holes = np.full((1, 8, 8), np.nan, np.float32)
    holes[0, 4:] = np.linspace(-5, 5, 32).reshape(4, 8)

    color = np.asarray(Raster.from_array(deep).to_pil())
    gray = np.asarray(Raster.from_array(holes).to_pil())

    assert color.shape == (8, 8, 3) and color.min() == 0 and color.max() == 255
    assert np.array_equal(np.asarray(Raster.from_array(eight).to_pil()), eight[0])
    assert (gray[:4] == 0).all() and gray[7, 7] == 255
