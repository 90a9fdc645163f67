"""SRResNet and SRGAN: resampling against Pillow, the losses against the paper's equations in float64, learning."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures
from PIL import Image
from torch import Tensor

import ganzoo
from ganzoo import GanzooError
from ganzoo.errors import OptionError
from ganzoo.inference.tiling.strips import Strips
from ganzoo_plugins.srgan.jpeg import compress, through_jpeg
from ganzoo_plugins.srgan.recipe import downsample

SMALL = {"width": 4, "blocks": 1, "kernel": 3}
PARTS = {"generator": SMALL, "discriminator": {"width": 2}}


def noise(count: int = 2, pixels: int = 32, seed: int = 1) -> Tensor:
    return torch.rand(count, 3, pixels, pixels, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def resized(image: Tensor, width: int, height: int) -> np.ndarray:
    """Return (C, H, W) floats as Pillow resizes them."""
    planes = [Image.fromarray(one).resize((width, height), Image.Resampling.BICUBIC) for one in image.numpy()]
    return np.stack([np.asarray(one) for one in planes])


# ---- resampling ------------------------------------------------------------------------------------------------------


def test_crops_are_shrunk_as_pillow_does_to_8_bits() -> None:
    images = noise(pixels=40)
    small = downsample(images, 4)
    assert small.shape == (2, 3, 10, 10)
    levels = (small + 1) * 127.5
    assert (levels - levels.round()).abs().max() < 1e-4
    wanted = np.clip(resized(images[1], 10, 10), -1, 1)
    assert np.abs(small[1].numpy() - wanted).max() < 1.01 / 255


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_bicubic_enlarges_as_pillow_does_but_for_the_border(scale: int) -> None:
    network, images = ganzoo.build("generator:bicubic", scale=scale), noise(pixels=12) * 0.5
    assert not list(network.parameters()) and not network.state_dict()
    made, side = network(images)[1].numpy(), 12 * scale
    wanted = np.clip(resized(images[1], side, side), -1, 1)
    inner = slice(2 * scale, -2 * scale)
    assert np.abs(made - wanted)[:, inner, inner].max() < 1e-5
    assert np.abs(made - wanted).max() < 0.25
    flat_picture = network(torch.full((1, 3, 9, 7), 0.3))
    assert flat_picture.shape == (1, 3, 9 * scale, 7 * scale) and (flat_picture - 0.3).abs().max() < 1e-6


# ---- networks --------------------------------------------------------------------------------------------------------


def test_the_default_network_is_the_papers() -> None:
    network = ganzoo.build("generator:srresnet")
    blocks = 16 * (2 * (64 * 64 * 9 + 2 * 64) + 64)
    ends = (3 * 81 * 64 + 64 + 64) + (64 * 81 * 3 + 3)
    rest = (64 * 64 * 9 + 2 * 64) + 2 * (64 * 256 * 9 + 256 + 64)
    assert sum(one.numel() for one in network.parameters()) == blocks + ends + rest == 1_548_547
    judge = ganzoo.build("discriminator:srgan")
    kinds = [layer for layer in judge.layers if isinstance(layer, torch.nn.Conv2d)]
    assert [(one.out_channels, one.stride[0]) for one in kinds] == [
        (64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 2)
    ]  # fmt: skip
    assert judge.layers[-1].in_features == 1024 and judge(noise(2, 96)).shape == (2, 1)


def test_with_a_skip_it_begins_as_bicubic_and_only_in_use_is_cut_to_the_range() -> None:
    network = ganzoo.build("generator:srresnet", **SMALL, bicubic_skip=True)
    images = noise(pixels=9)
    plain = ganzoo.build("generator:bicubic")(images)
    assert network.train()(images).abs().max() > 1  # bicubic overshoots
    assert torch.equal(network.eval()(images), plain)


def test_wrong_options_are_told() -> None:
    with pytest.raises(OptionError, match="width=0 should be at least 1"):
        ganzoo.build("generator:srresnet", width=0, blocks=2)
    with pytest.raises(OptionError, match=r"bicubic_skip=True adds the enlarged input.*should be equal"):
        ganzoo.build("generator:srresnet", bicubic_skip=True, out_channels=1)
    with pytest.raises(OptionError, match="image_size=8 should be at least 16"):
        ganzoo.build("discriminator:srgan", image_size=8, width=4)
    with pytest.raises(OptionError, match="drop_from=2"):
        make("srgan", PARTS, drop_from=2.0)
    with pytest.raises(GanzooError, match=r"image_size=30 is not a multiple.*Set image_size=28"):
        make("srresnet", {"generator": SMALL}, channels=3, image_size=30)
    with pytest.raises(GanzooError, match=r"reduction=3 should be one of 2, 4, 8, 16, 32"):
        make("srgan", PARTS, channels=3, image_size=32, reduction=3)
    with pytest.raises(GanzooError, match=r"jpeg=50 compresses 8-bit images.*4 channels\. Set jpeg=0"):
        make("srresnet", {"generator": SMALL}, channels=4, image_size=32, jpeg=50)
    with pytest.raises(GanzooError, match=r"3 channels of 16 bits\. Set jpeg=0"):
        make("srresnet", {"generator": SMALL}, channels=3, image_size=32, jpeg=50, depth=16)
    with pytest.raises(GanzooError, match="no parameters to train"):
        make("srresnet", {}, {"generator": "bicubic"}, channels=3, image_size=32)


@pytest.mark.parametrize("name", ["srresnet", "bicubic"])
def test_large_pictures_go_through_in_exact_strips(name: str) -> None:
    options = {**SMALL, "bicubic_skip": True} if name == "srresnet" else {}
    network = ganzoo.build(f"generator:{name}", **options).eval()
    for parameter in network.parameters():  # the last layer starts at zero
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0))
    images, made = noise(1, 48), torch.zeros(1, 3, 192, 192)

    def put(first: int, rows: Tensor) -> None:
        made[:, :, first : first + rows.shape[2]] = rows

    shares: list[float] = []
    Strips(network).run(lambda first, last: images[:, :, first:last], 48, 48, put, 400_000, shares.append)
    assert (made - network(images)).abs().max() < 1e-5 and len(shares) > 2


# ---- equations -------------------------------------------------------------------------------------------------------


def test_srresnet_minimizes_the_squared_error() -> None:
    recipe = make("srresnet", {"generator": SMALL}, channels=3, image_size=32)
    descend_plainly(recipe)
    exact, before, real = doubles(recipe), flat(recipe), noise()
    losses = recipe.step({"image": real})
    mse = (exact["generator"](downsample(real, 4).double()) - real.double()).pow(2).mean()
    step_down(mse, exact["generator"])
    assert losses["mse"].item() == pytest.approx(mse.item(), rel=1e-5)
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_half_of_the_small_images_are_what_a_jpeg_file_keeps() -> None:
    smooth = F.interpolate(noise(64, 4), 32, mode="bicubic").clamp(-1, 1)
    images = ((smooth + 1) * 127.5).round() / 127.5 - 1
    torch.manual_seed(0)
    compressed = compress(images, 40)
    errors = (compressed - images).abs().amax((1, 2, 3))
    assert 16 < (errors > 0).sum() < 48
    assert errors.max() < 1, "the same image, with a JPEG's errors"
    assert torch.equal(compressed, ((compressed + 1) * 127.5).round() / 127.5 - 1), "8-bit values"
    rough, fine = (errors_at(images, quality) for quality in (20, 95))
    assert fine < rough / 2


def errors_at(images: Tensor, quality: int) -> float:
    """Return the mean error that JPEG of a quality makes."""
    return float(torch.stack([(through_jpeg(one, quality, 0) - one).abs().mean() for one in images]).mean())


@pytest.mark.parametrize("channels", [1, 3])
def test_a_step_restores_from_jpeg_what_is_validated_without(channels: int) -> None:
    recipe = make("srresnet", {"generator": SMALL}, channels=channels, image_size=32, jpeg=30)
    real = noise(8)[:, :channels]
    torch.manual_seed(0)
    degraded = recipe.degrade(real)
    assert not torch.equal(degraded, recipe.downsample(real))
    torch.manual_seed(0)
    with torch.no_grad():
        expected = F.mse_loss(recipe.generator(degraded), real)
    assert recipe.step({"image": real})["mse"].item() == pytest.approx(expected.item(), rel=1e-5)
    exact = F.mse_loss(recipe.generator(recipe.downsample(real)), real)
    assert recipe.validate(recipe.networks, {"image": real})["mse"] == pytest.approx(exact.item(), rel=1e-5)


@pytest.mark.parametrize("reduction", [2, 16])
def test_an_srgan_step_is_the_discriminators_and_then_equation_3(reduction: int) -> None:
    weights = {"content_weight": 0.01, "mse_weight": 0.7, "adversarial_weight": 0.3}
    recipe = make("srgan", PARTS, channels=3, image_size=32, reduction=reduction, **weights)
    descend_plainly(recipe)
    exact, before, real = doubles(recipe), flat(recipe), noise()
    losses = recipe.step({"image": real})

    generator, judge = exact["generator"], exact["discriminator"]
    features: Any = copy.deepcopy(recipe.features).double()  # type: ignore[attr-defined]
    level = max(place for place, one in enumerate(features.reductions) if one == reduction)
    wanted = real.double()
    made = generator(downsample(real, 4).double())
    discriminator = F.softplus(-judge(wanted)).mean() + F.softplus(judge(made.detach())).mean()
    step_down(discriminator, judge)
    adversarial = F.softplus(-judge(made)).mean()  # -log sigmoid, equation 6
    content = (features(made)[level] - features(wanted)[level]).pow(2).mean()
    mse = (made - wanted).pow(2).mean()
    step_down(0.01 * content + 0.7 * mse + 0.3 * adversarial, generator)

    expected = {"content": content, "mse": mse, "adversarial": adversarial, "discriminator": discriminator}
    assert {name: value.item() for name, value in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-4) for name, value in expected.items()
    }
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_the_learning_rate_drops_to_a_tenth_and_features_are_not_trained() -> None:
    recipe = make("srgan", PARTS, channels=3, image_size=32)
    assert [recipe.learning_rate(progress) for progress in (0, 0.49, 0.5, 1)] == [1, 1, 0.1, 0.1]
    assert set(recipe.networks) == {"generator", "discriminator"}


def test_a_sheet_shows_bicubic_made_and_truth() -> None:
    recipe = make("srresnet", {"generator": {**SMALL, "bicubic_skip": True}}, channels=3, image_size=32)
    recipe.networks["generator"].eval()
    sheet = recipe.sample(recipe.networks, {"image": noise()})
    assert sheet.shape == (6, 3, 32, 32) and torch.equal(sheet[2::3], noise())
    assert (sheet[0::3] - sheet[1::3])[..., 8:-8, 8:-8].abs().max() < 1e-5  # untrained, it is bicubic


# ---- learning --------------------------------------------------------------------------------------------------------


def blocks(count: int, seed: int) -> Tensor:
    """Pictures of black and white rectangles on gray, whose edges bicubic blurs."""
    random = np.random.default_rng(seed)
    made = np.zeros((count, 3, 24, 24), np.float32)
    for one in made:
        for _ in range(3):
            top, left, high, wide = (4 * random.integers([0, 0, 1, 1], [4, 4, 4, 4])).tolist()  # whole small pixels
            one[:, top : top + high, left : left + wide] = random.choice([-0.8, 0.8])
    return torch.from_numpy(made).to(torch.get_default_dtype())


@pytest.mark.learning
def test_it_learns_edges_that_bicubic_blurs(double: None, seed: int, measured: Measures) -> None:
    parts = {"generator": {"width": 12, "blocks": 2, "norm": "none", "kernel": 3, "bicubic_skip": True}}
    recipe = make("srresnet", parts, channels=3, image_size=24, learning_rate=4e-3, seed=seed)
    train, held_out = blocks(256, 1000 * seed), {"image": blocks(32, 1)}

    def error() -> float:
        recipe.networks["generator"].eval()
        with torch.no_grad():
            found = recipe.validate(recipe.networks, held_out)["mse"]
        recipe.networks["generator"].train()
        return found

    bicubic = error()
    torch.manual_seed(seed)
    for _ in range(400):
        recipe.step({"image": train[torch.randint(256, (8,))]})
    measured("error", error(), limit=0.75 * bicubic, untrained=bicubic)
