"""ganzoo train and eval on images of any channels, from the line typed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ganzoo.cli import raster_options
from tests.cli.test_main import call

TINY = ["--set", "generator.width=2", "--set", "discriminator.width=2", "--set", "image_size=32", "--device", "cpu"]


@pytest.fixture
def pages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name in ("in", "out"):
        np.save(tmp_path / f"{name}.npy", random.integers(0, 4096, (4, 36, 40)).astype(np.uint16))
    return ["--input", "in.npy", "--target", "out.npy", "--axes", "ZYX", "--split-by", "page"]


def test_a_run_is_measured_on_what_it_held_out_beside_a_baseline(pages, capsys):
    code, out, err = call(
        capsys,
        "train",
        "pix2pix",
        *pages,
        "--validation",
        "0.4",
        "--range",
        "0:4095",
        "--steps",
        "2",
        "-o",
        "run",
        *TINY,
    )
    assert (code, out) == (0, "dir:run\n"), err
    assert "input 1 'gray', uint16: 0 and 4095 stand for -1 and 1." in err
    code, out, err = call(capsys, "eval", "dir:run", "--baseline", "linear", "--metrics", "mae", "--device", "cpu")
    assert code == 0, err
    assert "LINEAR" in out and "mae" in out and "by page" in out
    code, out, _ = call(capsys, "eval", "dir:run", *pages, "--baseline", "mean", "--json", "--device", "cpu")
    assert json.loads(out)["baselines"]["mean"]["mae"] > 0


def test_a_dry_run_says_what_values_mean_and_gives_no_advice_about_few_images(pages, capsys):
    code, out, _ = call(capsys, "train", "pix2pix", *pages, "--dry-run", "--batch-size", "4", *TINY)
    assert code == 0
    assert "stand for -1 and 1" in out and "is much of" not in out


@pytest.mark.parametrize("arguments", [["in.npy", "--input", "in.npy"], ["--target", "out.npy"]])
def test_data_are_given_once_and_a_target_has_an_input(pages, capsys, arguments):
    code, _, err = call(capsys, "train", "pix2pix", *arguments, "-o", "run")
    assert code == 2 and "--target needs --input" in err


def test_every_option_is_a_field():
    from ganzoo.data.rasters.choosing import OPTIONS

    assert set(raster_options.NAMES) == set(OPTIONS) - {"memory"}
