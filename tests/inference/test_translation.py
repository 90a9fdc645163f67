"""Picture to picture: sizes, bits, channels, and what does not fit in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import picture
from tiny_models import translator
from torch import Tensor, nn

import ganzoo
from ganzoo.errors import ImageError, OptionError, PluginError
from ganzoo.image_io import arrays, resizing, tensors
from ganzoo.image_io.decoding import DecodedImage
from ganzoo.inference.image_pass import Settings
from ganzoo.inference.translation import translate
from ganzoo.loading.model import Model

# A generator of every kind that translates, small; each runs in exact strips.
GENERATORS: list[tuple[str, dict[str, Any]]] = [
    ("generator:resnet", {"width": 4, "blocks": 2}),
    ("generator:resnet", {"width": 4, "blocks": 1, "global_skip": True}),
    ("generator:resnet", {"width": 4, "blocks": 1, "norm": "batch", "in_channels": 1}),
    ("generator:unet", {"width": 4, "image_size": 32, "norm": "instance"}),
    ("generator:unet", {"width": 4, "image_size": 64, "out_channels": 1}),
]
ODD_SIZES = ((97, 61), (45, 203), (131, 130))  # width, height


def model_of(generator: nn.Module, **card: Any) -> Model:
    channels = {name: getattr(generator, name, 3) for name in ("in_channels", "out_channels")}
    return Model(generator, ganzoo.Card(**{**vars(translator().card), "image_size": 64, **channels, **card}))


def deep(width: int, height: int) -> DecodedImage:
    """16 bits a channel, with an alpha channel."""
    rgb = np.asarray(picture(width, height), np.uint16) * 257
    return DecodedImage(
        rgb, np.linspace(0, 65535, width * height).reshape(height, width).astype(np.uint16), False, "deep"
    )


@pytest.mark.parametrize(("spec", "options"), GENERATORS, ids=str)
@pytest.mark.parametrize("size", ODD_SIZES, ids=str)
def test_strips_give_what_the_whole_gives(spec: str, options: dict[str, Any], size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    generator = ganzoo.build(spec, **options)
    for layer in generator.modules():  # weights of 0.02 would hide a seam
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0, 0.15)
    model = model_of(generator)
    whole = model.translate_decoded(deep(*size), Settings("native", "off"))
    strips = model.translate_decoded(deep(*size), Settings("native", "exact", max_memory=3_000_000))
    assert whole.rgb.std() > 500  # there is something to compare
    assert np.abs(whole.rgb.astype(int) - strips.rgb).max() <= 1e-4 * 32768


def test_what_does_not_fit_goes_in_strips_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    model = translator()
    whole = model.translate_decoded(deep(600, 400), Settings("native"))
    seen: list[float] = []
    limit = 6_000_000
    assert model._memory(400, 600) > limit
    strips = model.translate_decoded(deep(600, 400), Settings("native", max_memory=limit), seen.append)
    assert np.abs(whole.rgb.astype(int) - strips.rgb).max() <= 1e-4 * 32768
    assert len(seen) > 3 and seen == sorted(seen) and seen[-1] == pytest.approx(1)
    with pytest.raises(OptionError, match="memory"):
        model.translate_decoded(deep(600, 400), Settings("native", max_memory=3_000_000))


class Attention(nn.Module):
    """A generator whose every pixel sees all others."""

    in_channels = out_channels = 3
    stride = 2

    def forward(self, images: Tensor) -> Tensor:
        return images * torch.softmax(images.flatten(2), 2).amax(2)[..., None, None].sqrt()


def test_a_generator_that_no_strips_can_run_says_so_and_blends_when_asked() -> None:
    model = model_of(Attention())
    assert model.translate_decoded(deep(90, 70), Settings("native")).rgb.shape == (70, 90, 3)
    for settings in (Settings("native", "exact"), Settings("native", max_memory=50_000)):
        with pytest.raises(OptionError, match=r"--tiles blend"):
            model.translate_decoded(deep(90, 70), settings)


def test_tiles_through_a_generator_that_no_strips_can_run_keep_to_the_memory() -> None:
    model = model_of(Attention())
    needs = r"300x200 pixels take about 0\.00\d+ GB at once\. .*cannot be tiled exactly.*--tiles blend.*--tiles off"
    with pytest.raises(OptionError, match=needs):
        model.translate_decoded(deep(300, 200), Settings("native", max_memory=1_500_000))
    run, sides = model._network.run, []
    network = replace(model._network, run=lambda tile: (sides.append(max(tile.shape[2:])), run(tile))[1])
    for memory, side in ((10**9, 300), (2_000_000, 128)):
        translate(deep(300, 200), network, Settings("native", "blend", max_memory=memory))
        assert max(sides) == side
        sides.clear()


@pytest.mark.parametrize(("norm", "off"), [("batch", 0.5), ("instance", 20)])
def test_blended_tiles_are_near_and_have_no_edges(norm: str, off: float) -> None:
    """Instance norm sees another picture in each tile: that is why they are called approximate."""
    torch.manual_seed(0)
    model = model_of(ganzoo.build("generator:resnet", width=4, blocks=1, norm=norm))
    big = tensors.as_decoded(picture(700, 600))
    whole = model.translate_decoded(big, Settings("native", "off"))
    blended = model.translate_decoded(big, Settings("native", "blend", max_memory=20_000_000))
    assert whole.rgb.shape == blended.rgb.shape
    assert 0 < np.abs(whole.rgb.astype(int) - blended.rgb).mean() < off
    steps = np.abs(np.diff(blended.rgb.astype(int), axis=1)).mean(axis=(0, 2))
    assert steps.max() < 3 * np.median(steps) + 3  # no column where all rows jump


@pytest.mark.parametrize("size", ["auto", "native", 40])
def test_bits_alpha_and_size_are_the_inputs(size: Any) -> None:
    made = translator().translate_decoded(deep(101, 83), Settings(size))
    assert made.rgb.shape == (83, 101, 3) and made.rgb.dtype == np.uint16
    assert made.alpha is not None and np.array_equal(made.alpha, deep(101, 83).alpha)
    fewer = translator().translate_decoded(deep(101, 83), Settings(size, bits=8))
    assert fewer.rgb.dtype == np.uint8 and fewer.alpha is not None and fewer.alpha.dtype == np.uint8
    assert np.abs(fewer.rgb * 257.0 - made.rgb).max() <= 129
    more = translator().translate_decoded(tensors.as_decoded(picture(20, 20)), Settings(size, bits=16))
    assert more.rgb.dtype == np.uint16 and len(np.unique(more.rgb % 257)) > 9  # not 8 bits, spread


def test_sixteen_bits_in_give_what_floats_give() -> None:
    model = translator()
    given = deep(64, 64)
    floats = torch.from_numpy(given.rgb.astype(np.float32) / 32767.5 - 1).permute(2, 0, 1)[None]
    expected = (model(floats)[0].permute(1, 2, 0).numpy() + 1) * 32767.5
    assert np.abs(model.translate_decoded(given, Settings("native")).rgb - expected).max() < 0.6


def test_gray_in_and_gray_out() -> None:
    gray = tensors.as_decoded(picture(40, 30).convert("L"))
    color = translator().translate_decoded(gray)
    assert gray.gray and not color.gray and color.rgb.shape == (30, 40, 3)
    to_gray = model_of(ganzoo.build("generator:unet", width=4, image_size=32, in_channels=1, out_channels=1))
    made = to_gray.translate_decoded(tensors.as_decoded(picture(40, 30)))
    assert made.gray and np.array_equal(made.rgb[..., 0], made.rgb[..., 2])
    assert to_gray.translate(picture(40, 30)).mode == "L"


def test_a_scaled_translation_is_pillows_scaling_around_the_network() -> None:
    model, given = translator(), picture(90, 60)
    small = resizing.resize_floats(arrays.to_floats(np.asarray(given)), 30, 45)
    made = model(torch.from_numpy(small)[None])[0].numpy()
    expected = arrays.from_floats(resizing.resize_floats(made, 60, 90))
    assert np.abs(np.asarray(model.translate(given, 30), int) - expected).max() <= 1


@pytest.mark.parametrize("wrong", [{"tiles": "some"}, {"max_memory": -1}, {"bits": 12}])
def test_settings_that_are_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=str(next(iter(wrong.values())))):
        Settings(**wrong)


class Broken(nn.Module):
    """A generator that fails as networks do."""

    in_channels = out_channels = 3
    stride = 1

    def __init__(self, fail: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.fail = fail

    def forward(self, images: Tensor) -> Tensor:
        return self.fail(images)


def test_what_a_network_does_wrong_is_reported() -> None:
    def out_of_memory(images: Tensor) -> Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")

    def broken(images: Tensor) -> Tensor:
        raise RuntimeError("a fault of its own")

    for fail, error, text in (
        (lambda images: images / 0, ImageError, "produced infinite values|produced NaN"),
        (out_of_memory, ImageError, "--max-memory 2GB"),
        (broken, PluginError, r"^generator:resnet of tiny/translator fails on 1x3x20x20: RuntimeError: a fault of its"),
    ):
        with pytest.raises(error, match=text):
            model_of(Broken(fail)).translate(picture(20, 20))
