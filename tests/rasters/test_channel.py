"""Channels: file values to network values and back, words and ranges that are refused, and JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ganzoo import Channel
from ganzoo.errors import ImageError, OptionError
from ganzoo.rasters.channel import default_channels, number_of
from ganzoo.rasters.values import FILL, stack_to_network


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16"])
def test_every_integer_of_up_to_16_bits_comes_back_exactly(dtype):
    limits = np.iinfo(dtype)
    values = np.arange(limits.min, limits.max + 1).astype(dtype)
    channel = Channel(range=(limits.min, limits.max), dtype=dtype)

    seen = channel.to_network(values)
    back, cut = channel.from_network(seen)

    assert seen.dtype == np.float32 and seen[0] == -1 and seen[-1] == 1
    assert back.dtype == dtype and np.array_equal(back, values) and cut == 0


@pytest.mark.parametrize("transform", ["log", "db", "asinh"])
def test_transforms_are_inverted(transform):
    values = np.geomspace(1e-3, 1e4, 50, dtype=np.float32)
    channel = Channel("sigma", "m2", (1e-3, 1e4), transform)

    back, _ = channel.from_network(channel.to_network(values), "float32")

    assert back == pytest.approx(values, rel=2e-5, abs=2e-3 if transform == "asinh" else 0)


def test_decibels_are_equal_steps_for_equal_factors():
    channel = Channel(range=(1, 10_000), transform="db")

    assert channel.to_network(np.array([1.0, 10.0, 100.0, 1e3, 1e4])) == pytest.approx([-1, -0.5, 0, 0.5, 1])


@pytest.mark.parametrize("transform", ["log", "db"])
def test_zero_and_below_have_no_logarithm(transform):
    channel = Channel(range=(1, 100), transform=transform)
    values = np.array([-3.0, 0.0, 2.0, np.nan])

    assert channel.valid(values).tolist() == [False, False, True, False]
    assert np.isnan(channel.to_network(values)).tolist() == [True, True, False, True]


def test_values_outside_are_clipped_or_kept():
    values = np.array([-50, 0, 100, 150], np.int16)

    assert Channel(range=(0, 100)).to_network(values).tolist() == [-1, -1, 1, 1]
    assert Channel(range=(0, 100), outside="keep").to_network(values).tolist() == [-2, -1, 1, 2]


def test_casts_saturate_and_tell_their_share():
    kept = Channel(range=(0, 100), outside="keep")
    outputs = np.array([-1.5, -1, 0.009, 1, 9], np.float32)

    values, cut = kept.from_network(outputs, "uint8")
    clipped, share = Channel(range=(0, 100)).from_network(outputs, "uint8")

    assert values.tolist() == [0, 0, 50, 100, 255] and cut == pytest.approx(0.4)
    assert clipped.tolist() == [0, 0, 50, 100, 100] and share == pytest.approx(0.4)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_no_integer_wraps(dtype):
    limits = np.iinfo(dtype)
    channel = Channel(range=(0, 1), outside="keep")

    values, cut = channel.from_network(np.array([-1e30, 1e30], np.float32), dtype)

    assert values.tolist()[0] == limits.min and cut == 1
    assert values.tolist()[1] == limits.max


def test_an_inverted_range_inverts():
    channel = Channel(range=(255, 0))

    assert channel.to_network(np.array([0, 255], np.uint8)).tolist() == [1, -1]
    assert channel.from_network(np.array([1, -1], np.float32), "uint8")[0].tolist() == [0, 255]


def test_nan_becomes_no_integer():
    with pytest.raises(ImageError, match="'CT' has NaN, which int16 cannot hold"):
        Channel("CT", range=(0, 1)).from_network(np.array([np.nan]), "int16")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"transform": "square"}, "transform 'square', which is not one of linear, log, db, asinh"),
        ({"scope": "batch"}, "scope 'batch'"),
        ({"scope": "like:"}, "scope 'like:'"),
        ({"outside": "wrap"}, "outside 'wrap'"),
        ({"range": (3, 3)}, "range 3:3. Give two different finite values"),
        ({"range": (0, float("inf"))}, "range 0:inf"),
        ({"range": (0, 5), "transform": "log"}, "Both values should be above 0"),
    ],
)
def test_what_a_channel_cannot_be(fields, message):
    with pytest.raises(OptionError, match=message.replace("(", r"\(")):
        Channel("B4", **fields)


def test_a_range_is_needed_and_full_for_unsigned_integers_only():
    with pytest.raises(OptionError, match=r"'B4' has no range. Give the two values.*--range B4=LOW:HIGH"):
        Channel("B4").to_network(np.zeros(1))
    assert Channel("B4").with_full_range(np.dtype("uint16")).range == (0, 65535)
    assert Channel("B4", transform="db").with_full_range("uint8").range == (1, 255)
    with pytest.raises(OptionError, match="values of float32 have none of their own"):
        Channel("B4").with_full_range("float32")


def test_json_keeps_channels_and_refuses_what_is_none():
    channel = Channel("CT", "HU", (-1024, 3071), outside="keep", dtype="int16")

    assert Channel.from_dict(json.loads(json.dumps(channel.to_dict()))) == channel
    assert Channel("a").to_dict() == {"name": "a"}
    for values, message in [
        ({"nmae": "CT"}, "no field 'nmae'. Did you mean 'name'"),
        ({"unit": 3}, "unit should be text, not 3"),
        ({"range": [1]}, r"range should be a list of two numbers, not \[1\]"),
        (["CT"], "should be a JSON object, not list"),
    ]:
        with pytest.raises(OptionError, match=message):
            Channel.from_dict(values)


def test_bands_are_named_or_numbered_from_one():
    channels = (Channel("B2"), Channel("B3"), Channel("B4"), Channel("B4"))

    assert number_of("B3,1", channels) == [1, 0]
    for bands, message in [("B4", "2 channels are called 'B4'"), ("B33", "Did you mean 'B3'"), ("0", "no channel '0'")]:
        with pytest.raises(OptionError, match=message):
            number_of(bands, channels)
    assert [channel.name for channel in default_channels(3)] == ["red", "green", "blue"]


def test_a_pixel_is_invalid_where_any_channel_is():
    values = np.array([[[1.0, np.nan, 3.0]], [[0.0, 5.0, 10.0]]], np.float32)
    mask = np.array([[[True, True, True]], [[True, True, False]]])
    channels = (Channel(range=(1, 3)), Channel(range=(0, 10)))

    seen, valid = stack_to_network(values, channels, mask)

    assert valid.tolist() == [[True, False, False]]
    assert seen[:, 0].tolist() == [[-1, FILL, FILL], [-1, FILL, FILL]]
