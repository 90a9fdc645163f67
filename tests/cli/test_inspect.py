"""`ganzoo inspect`: channels, values and missing ones of files, and whether a model takes them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
from channel_models import bands, model
from click.testing import CliRunner

from ganzoo import Channel, Raster, build
from ganzoo.cli.main import cli
from ganzoo.errors import ImageError
from ganzoo.rasters.statistics import SAMPLE, measure


def inspect(*arguments):
    result = CliRunner().invoke(cli, ["inspect", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.fixture
def stack(tmp_path):
    values = np.zeros((2, 3, 40, 56), np.uint16)
    values[:, 1] = np.arange(40 * 56).reshape(40, 56)
    values[1, 2, 0, 0] = 9
    words = {"axes": "ZCYX", "Channel": {"Name": ["DAPI", "GFP", "RFP"]}, "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5}
    tifffile.imwrite(tmp_path / "a.ome.tif", values, metadata=words)
    return tmp_path / "a.ome.tif"


def test_a_stack_is_described_channel_by_channel(stack):
    text = inspect(stack)

    assert "2 images along Z of 56x40, 3 channels of uint16" in text
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    assert "constant (0)" in lines["DAPI"] and "2239" in lines["GFP"] and "100.0%" in lines["RFP"]
    assert "pixel size 0.25 x 0.5 µm" in text and "0.1 and 99.9 percentiles of the training set" in text


def test_json_has_the_same(stack):
    (facts,) = json.loads(inspect(stack, "--json"))

    assert (facts["reader"], facts["images"], facts["axis"], facts["dtype"]) == ("tifffile", 2, "Z", "uint16")
    green = facts["channels"][1]
    assert (green["name"], green["low"], green["high"], green["valid"], green["step"]) == ("GFP", 0, 2239, 1, 1)
    assert green["mean"] == pytest.approx(1119.5) and sum(green["histogram"]) >= 2 * 40 * 56 * 0.99
    assert facts["channels"][0]["problem"] == "constant (0)"


def test_missing_values_are_counted_and_none_is_no_number(tmp_path):
    values = np.full((20, 20), np.nan, np.float32)
    np.save(tmp_path / "none.npy", values)
    values[:5] = 3.5
    values[0, 0] = -1
    np.save(tmp_path / "some.npy", values)

    text = inspect(tmp_path / "some.npy", tmp_path / "none.npy")
    found = json.loads(inspect(tmp_path / "none.npy", "--json"))

    assert "25.0%" in text and "no valid value" in text
    assert found[0]["channels"][0]["low"] is None and found[0]["channels"][0]["percentiles"]["50.0"] is None


def test_a_model_says_whether_it_takes_a_file(stack, tmp_path):
    card_channels = tuple(Channel(name, range=(0, 4095)) for name in ("GFP", "DAPI"))
    network = build("generator:resnet", in_channels=2, out_channels=2, width=4, blocks=1)
    options = dict(network.architecture.options)
    model(network, card_channels, bands(2), options=options, plugin="ganzoo-core").save(tmp_path / "model")

    fits = inspect(stack, "--model", f"dir:{tmp_path / 'model'}")
    alone = tmp_path / "one.npy"
    np.save(alone, np.zeros((8, 8), np.uint16))

    assert "takes it; for -1:1 stand GFP 0:4095, DAPI 0:4095" in fits
    assert "does not take it" in inspect(alone, "--model", f"dir:{tmp_path / 'model'}")


def test_what_cannot_be_read_is_named_and_the_others_are_shown(stack, tmp_path):
    (tmp_path / "bad.tif").write_bytes(stack.read_bytes()[:200])

    with pytest.raises(ImageError, match=r"bad.tif"):
        CliRunner().invoke(cli, ["inspect", str(tmp_path / "bad.tif")], catch_exceptions=False)
    with pytest.raises(ImageError, match="1 of 2 files cannot be read"):
        CliRunner().invoke(cli, ["inspect", str(stack), str(tmp_path / "bad.tif")], catch_exceptions=False)


def test_large_files_are_looked_at_in_part(tmp_path):
    side = int(SAMPLE**0.5) * 2
    view = np.broadcast_to(np.arange(side, dtype=np.uint16)[:, None], (1, side, side))

    (found,) = measure([Raster.from_array(view)])

    assert found.step == 2 and found.low == 0 and found.high == side - 2
    assert found.percentiles[2] == pytest.approx(side / 2, abs=2)
