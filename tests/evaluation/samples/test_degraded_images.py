"""Super-resolution and inpainting, evaluated on whole images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from evaluation_cases import arrays, lay
from PIL import Image
from torch import Tensor, nn

import ganzoo
from ganzoo import Card
from ganzoo.errors import DataError, OptionError
from ganzoo.evaluation.samples.degraded_images import build_inpainting, build_super_resolution, reduce_size
from ganzoo.evaluation.samples.image_sources import open_images
from ganzoo.evaluation.samples.reading import Reading
from ganzoo.loading.model import Model


class Network(nn.Module):
    in_channels, out_channels, stride = 3, 3, 8

    def __init__(self, **own: Any) -> None:
        super().__init__()
        for name, value in own.items():
            setattr(self, name, value)

    def forward(self, images: Tensor, *masks: Tensor) -> Tensor:
        if masks:
            return torch.ones_like(images)
        outputs: Tensor = nn.functional.interpolate(images, scale_factor=4)
        return outputs


def enlarger() -> Model:
    return Model(Network(stride=1, scale=4), Card("mine/sr", "generator:mine", "super-resolution", 32, 3, 3, scale=4))


def painter() -> Model:
    """Whatever is missing is white."""
    return Model(Network(), Card("mine/hole", "generator:mine", "image-inpainting", 32, 3, in_channels=3))


def psnr(outputs: np.ndarray, true: np.ndarray) -> float:
    squared = (outputs.astype(float) - true).reshape(len(outputs), -1).__pow__(2).mean(1)
    return float(np.mean(10 * np.log10(255**2 / squared)))


def test_images_are_shrunk_as_pillow_does(tmp_path: Path) -> None:
    pictures = arrays(lay(tmp_path / "in", 2, size=48, gray=False))
    noise = np.random.default_rng(0).integers(0, 256, (48, 40, 3), np.uint8)
    for one in (*pictures, noise):
        outputs = reduce_size(torch.from_numpy(one.transpose(2, 0, 1))[None], 4)[0].permute(1, 2, 0).numpy()
        size = (one.shape[1] // 4, one.shape[0] // 4)
        expected = np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BICUBIC))
        assert np.abs(outputs.astype(int) - expected).max() <= 1


def test_a_model_that_enlarges_is_given_smaller_images_and_compared_with_the_whole(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", 3, size=64, gray=False)
    inputs, outputs = build_super_resolution(enlarger(), open_images([str(folder)], Reading()))
    (small,) = inputs.batches(8)
    (large,) = outputs.batches(8)
    assert small.shape == (3, 3, 16, 16) and outputs.some([1])[0].equal(large[1])
    assert large.equal(small.repeat_interleave(4, 2).repeat_interleave(4, 3))

    found = ganzoo.evaluate(enlarger(), folder)
    assert [score.metric for score in found.scores] == ["l1", "psnr", "ssim"]
    assert found["psnr"] == pytest.approx(psnr(large.permute(0, 2, 3, 1).numpy(), arrays(folder)), abs=1e-9)
    protocol = found.scores[1].protocol
    assert "inputs: none, 64x64, then bicubic, antialiased, to 1/4: 16x16, 8-bit" in protocol.resizing
    assert "real: none, 64x64" in protocol.resizing and protocol.generated.source == "enlarged in"


def test_sides_that_the_scale_does_not_divide_are_reported(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", 2, size=50, gray=False)
    with pytest.raises(DataError, match=r"50x50 pixels.*multiples of 4\. Give --size 48\."):
        ganzoo.evaluate(enlarger(), folder)
    assert ganzoo.evaluate(enlarger(), folder, size=48, metrics="psnr")["psnr"] > 5


def test_a_model_that_inpaints_is_given_a_hole_and_changes_nothing_else(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", 3, size=32, gray=False)
    inputs, outputs = build_inpainting(painter(), open_images([str(folder)], Reading()))
    true, (broken,), (whole,) = arrays(folder).transpose(0, 3, 1, 2), inputs.batches(8), outputs.batches(8)
    assert (broken[..., 8:24, 8:24] == 128).all() and (whole[..., 8:24, 8:24] == 255).all()
    for one in (broken.numpy().copy(), whole.numpy().copy()):
        one[..., 8:24, 8:24] = true[..., 8:24, 8:24]
        assert (one == true).all()

    found = ganzoo.evaluate(painter(), folder, metrics="psnr,ssim,hole-psnr")
    white = np.full((3, 3, 16, 16), 255, np.uint8)
    assert found["hole-psnr"] == pytest.approx(psnr(white, true[..., 8:24, 8:24]), abs=1e-9)
    assert found["psnr"] == pytest.approx(found["hole-psnr"] + 10 * np.log10(4), abs=1e-9)
    assert "a hole in the middle, half as high and half as wide" in found.scores[0].protocol.resizing
    assert found.scores[0].protocol.generated.source == "mended in"


def test_only_holes_have_a_psnr_of_their_own(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", 2, size=32, gray=False)
    with pytest.raises(OptionError, match="hole-psnr of mine/sr is for models that fill holes"):
        ganzoo.evaluate(enlarger(), folder, metrics="hole-psnr")


def test_a_discriminator_of_crops_is_shown_images_of_their_size(tmp_path: Path) -> None:
    """SRGAN's takes one size, while super-resolution is evaluated on images of any size."""
    run = ganzoo.train(
        "srgan",
        str(lay(tmp_path / "in", 4, size=32, gray=False)),
        tmp_path / "run",
        steps=1,
        batch_size=2,
        options={"image_size": 16, "enlarge": 2.0},
        part_options={"generator": {"width": 4, "blocks": 1, "kernel": 3}, "discriminator": {"width": 2}},
    )
    with pytest.raises(OptionError, match=r"takes images of 16x16 pixels, not of 32x32: give --size 16"):
        ganzoo.evaluate(f"dir:{run}", tmp_path / "in", metrics="discriminator")
    found = ganzoo.evaluate(f"dir:{run}", tmp_path / "in", metrics="discriminator", size=16)
    assert 0 <= found["d-accuracy"] <= 1


def test_data_is_asked_for() -> None:
    with pytest.raises(OptionError, match="mine/sr is evaluated on images: give --data"):
        ganzoo.evaluate(enlarger())


def test_the_report_shows_inputs_of_another_size(tmp_path: Path) -> None:
    folder = lay(tmp_path / "in", 4, size=32, gray=False)
    ganzoo.evaluate(enlarger(), folder, metrics="psnr", report_to=tmp_path / "report.html")
    assert "Best translations" in (tmp_path / "report.html").read_text(encoding="utf-8")
