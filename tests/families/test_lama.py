"""LaMa: Fourier convolutions against torch.fft, masks, its losses against equations 2 to 5 in float64, learning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from color_ramps import ramps
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, falling_rates
from torch import Tensor, nn

import ganzoo
from ganzoo import GanzooError
from ganzoo.contracts.engine import Signature
from ganzoo.errors import OptionError
from ganzoo.exporting.web.network import OneInput
from ganzoo.losses.hinge import HingeLoss
from ganzoo.losses.least_squares import LeastSquaresLoss
from ganzoo.losses.non_saturating import NonSaturatingLoss
from ganzoo_plugins.lama.fourier import FourierUnit, transform, transform_back
from ganzoo_plugins.lama.masks import DRAWS, box_masks, stroke_masks
from ganzoo_plugins.lama.recipe import fixed_masks, reflect_known

PARTS: dict[str, dict[str, Any]] = {
    "generator": {"width": 4, "levels": 2, "blocks": 1},
    "discriminator": {"width": 4, "receptive_field": 16},
}


def noise(count: int = 2, pixels: int = 32, seed: int = 1) -> Tensor:
    return torch.rand(count, 3, pixels, pixels, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def draws(count: int) -> Tensor:
    return torch.rand(count, DRAWS, generator=torch.Generator().manual_seed(0))


# ---- masks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [stroke_masks, box_masks])
def test_holes_are_large_and_lie_anywhere(kind: Any) -> None:
    masks = kind(torch.zeros(200, 3, 32, 48), draws(200))
    covered = masks.mean((1, 2, 3))
    assert masks.shape == (200, 1, 32, 48) and set(masks.unique().tolist()) == {0.0, 1.0}
    assert covered.min() > 0 and covered.mean() > 0.1 and covered.max() < 0.8
    assert masks.amax(0).mean() > 0.97, "of 200 masks together; corners of images are rarely hit"


def test_a_stroke_is_what_lies_within_half_its_thickness_of_a_segment() -> None:
    numbers = torch.zeros(1, DRAWS)
    numbers[0, 1:6] = torch.tensor([0.5, 0.25, 0.0, 0.5, 0.0])  # from (32, 16), to the right, 0.4 of a side, thin
    mask = stroke_masks(torch.zeros(1, 1, 64, 64), numbers)[0, 0]
    y, x = np.mgrid[:64, :64] + 0.5
    along = np.clip(x, 16, 16 + 0.4 * 64)
    assert np.array_equal(mask.numpy() == 1, np.hypot(y - 32, x - along) <= 3.2)


def test_a_box_has_the_sides_and_the_place_that_are_drawn() -> None:
    numbers = torch.zeros(1, DRAWS)
    numbers[0, 1:5] = torch.tensor([0.0, 1.0 - 1e-6, 0.5, 0.0])  # 8 high and 38.4 wide, in the middle, at the left
    mask = box_masks(torch.zeros(1, 1, 64, 64), numbers)[0, 0]
    expected = torch.zeros(64, 64)
    expected[28:36, :38] = 1
    assert torch.equal(mask, expected)


@pytest.mark.parametrize("masks", ["strokes", "boxes", "both"])
def test_the_option_says_which_masks_are_trained_with(masks: str) -> None:
    recipe: Any = make("lama", PARTS, channels=3, image_size=32, masks=masks)
    torch.manual_seed(0)
    numbers = torch.rand(64, DRAWS + 1)
    torch.manual_seed(0)
    found = recipe.masks(noise(64))
    of_strokes = (found == stroke_masks(found, numbers)).flatten(1).all(1)
    of_boxes = (found == box_masks(found, numbers)).flatten(1).all(1)
    assert (of_strokes | of_boxes).all()
    assert of_strokes.float().mean().item() == {"strokes": 1, "boxes": 0}.get(masks, pytest.approx(0.5, abs=0.2))


# ---- networks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(7, 9), (8, 8), (5, 12), (2, 3)])
def test_the_transforms_are_those_of_torch(size: tuple[int, int]) -> None:
    features = torch.randn(2, 3, *size, dtype=torch.float64)
    real, imaginary = transform(features)
    expected = torch.fft.rfft2(features, norm="ortho")
    assert torch.allclose(torch.complex(real, imaginary), expected, atol=1e-12)
    real, imaginary = torch.randn(2, *real.shape, dtype=torch.float64)  # any spectrum, of no real image too
    expected_image = torch.fft.irfft2(torch.complex(real, imaginary), s=size, norm="ortho")
    assert torch.allclose(transform_back(real, imaginary, size[1]), expected_image, atol=1e-12)


def test_the_transforms_are_exact_for_large_images_in_float32() -> None:
    features = torch.randn(1, 1, 600, 1000)
    found, expected = torch.complex(*transform(features)), torch.fft.rfft2(features.double(), norm="ortho")
    assert (found - expected).abs().max() < 2e-5


def test_a_fourier_unit_convolves_real_and_imaginary_parts() -> None:
    unit = FourierUnit(3).double().eval()
    features = torch.randn(2, 3, 6, 10, dtype=torch.float64)
    spectrum = torch.fft.rfft2(features, norm="ortho")
    weights = unit.layers[0].weight[:, :, 0, 0]
    mixed = torch.einsum("oc,nchw->nohw", weights, torch.cat([spectrum.real, spectrum.imag], 1))
    mixed = (mixed / (1 + unit.layers[1].eps) ** 0.5).relu()
    expected = torch.fft.irfft2(torch.complex(mixed[:, :3], mixed[:, 3:]), s=(6, 10), norm="ortho")
    assert torch.allclose(unit(features), expected, atol=1e-12)


def test_one_block_sees_the_whole_image() -> None:
    network = ganzoo.build("generator:lama", width=4, blocks=1, levels=2).eval()
    images = noise(1, 128).requires_grad_(True)
    network(images, torch.zeros(1, 1, 128, 128))[0, :, 64, 64].sum().backward()
    assert images.grad is not None and (images.grad[0] != 0).any(0).float().mean() > 0.95


def test_the_papers_networks_have_their_parameters() -> None:
    for blocks, millions in ((9, 27), (18, 51)):  # LaMa-Fourier and Big LaMa, section 3
        with torch.device("meta"):
            network = ganzoo.build("generator:lama", blocks=blocks)
        assert round(sum(each.numel() for each in network.parameters()) / 1e6) == millions


def test_wrong_options_are_refused() -> None:
    with pytest.raises(OptionError, match="width=1 should be at least 2"):
        ganzoo.build("generator:lama", width=1, levels=1)
    with pytest.raises(OptionError, match="global_share=1"):
        ganzoo.build("generator:lama", global_share=1.0)


# ---- equations -------------------------------------------------------------------------------------------------------


REAL_AND_FAKE: list[tuple[Any, Any, Any]] = [  # a loss, and its terms for a real and a generated patch
    (NonSaturatingLoss(), lambda x: -F.logsigmoid(x), lambda x: -F.logsigmoid(-x)),
    (HingeLoss(), lambda x: (1 - x).relu(), lambda x: (1 + x).relu()),
    (LeastSquaresLoss(), lambda x: (x - 1) ** 2 / 2, lambda x: x**2 / 2),
]


@pytest.mark.parametrize(("loss", "real", "fake"), REAL_AND_FAKE)
def test_a_patch_without_a_hole_counts_as_real(loss: Any, real: Any, fake: Any) -> None:
    logits, masks = torch.randn(2, 1, 4, 4), torch.zeros(2, 1, 16, 16)
    masks[0, 0, 5, 9] = 1  # in patch (1, 2)
    hole = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    hole[0, 0, 1, 2] = True
    targets = reflect_known(logits, masks, loss.decision_boundary)
    expected = real(logits).mean() + torch.where(hole, fake(logits), real(logits)).mean()
    assert torch.allclose(loss.discriminator(logits, targets), expected, atol=1e-6)
    assert torch.equal(reflect_known([logits], masks, loss.decision_boundary)[0], targets)


def test_a_step_is_equations_2_to_5() -> None:
    recipe: Any = make("lama", PARTS, channels=3, image_size=32, r1=0.01, perceptual_weight=0.02)
    descend_plainly(recipe)
    exact, before, real = doubles(recipe), flat(recipe), noise()
    torch.manual_seed(3)
    hidden = recipe.masks(real).double()
    torch.manual_seed(3)
    losses = recipe.step({"image": real})

    generator, judge, whole = exact["generator"], exact["discriminator"], real.double()
    made = generator(whole * (1 - hidden), hidden)
    fake, seen = judge(made.detach()), whole.clone().requires_grad_(True)
    touched = F.adaptive_max_pool2d(hidden, fake.shape[2:])
    slope = torch.autograd.grad(judge(seen).sum(), seen, create_graph=True)[0]
    discriminator = (
        -F.logsigmoid(judge(whole)).mean()
        - (F.logsigmoid(fake) * (1 - touched) + F.logsigmoid(-fake) * touched).mean()
        + 0.005 * slope.square().sum() / len(real)
    )
    step_down(discriminator, judge)

    def features(images: Tensor) -> list[Tensor]:
        maps = []
        for layer in judge.layers:
            images = layer(images)
            if isinstance(layer, nn.LeakyReLU):
                maps.append(images.clone())
        return maps

    squares = [(a - b).pow(2).mean() for a, b in zip(features(made), features(whole), strict=True)]
    assert len(squares) == 2
    perception = recipe.features.double()
    maps = [(a - b).pow(2).mean() for a, b in zip(perception(made), perception(whole), strict=True)]
    known = ((made - whole).abs() * (1 - hidden)).sum() / (3 * (1 - hidden).sum())
    expected = {
        "adversarial": -F.logsigmoid(judge(made)).mean(),
        "perceptual": torch.stack(maps).mean(),
        "matching": torch.stack(squares).mean(),
        "l1": known,
        "discriminator": discriminator,
    }
    total = 10 * expected["adversarial"] + 0.02 * expected["perceptual"] + 100 * expected["matching"] + 10 * known
    step_down(total, generator)
    assert {name: value.item() for name, value in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-3) for name, value in expected.items()
    }
    assert max(differences(recipe, before, exact).values()) < 5e-3


def test_the_papers_weights_and_rates_are_the_defaults() -> None:
    recipe = make("lama", PARTS, channels=3)
    config = recipe.config
    assert (config.adversarial_weight, config.matching_weight, config.r1) == (10, 100, 2 * 0.001)
    rates = {name: one.param_groups[0]["lr"] for name, one in recipe.optimizers.items()}
    assert rates == {"generator": 1e-3, "discriminator": 1e-4} and config.image_size == 256


def test_augmented_images_have_no_known_patches_and_are_compared_as_they_are() -> None:
    losses = {}
    for augment in ("", "translation"):
        recipe: Any = make("lama", PARTS, channels=3, image_size=32, augment=augment)
        torch.manual_seed(0)
        losses[augment] = recipe.step({"image": noise()})
    assert losses["translation"]["matching"].item() != pytest.approx(0)
    assert losses["translation"]["discriminator"] != losses[""]["discriminator"]


def test_a_discriminator_without_activations_needs_no_feature_matching() -> None:
    parts = {"discriminator": "discriminator:r3gan"}
    options = {**PARTS, "discriminator": {"width": 4, "widest": 8, "blocks": 1}}
    with pytest.raises(GanzooError, match=r"discriminator:r3gan has no activations .* matching_weight=0"):
        make("lama", options, parts, channels=3, image_size=32)
    recipe = make("lama", options, parts, channels=3, image_size=32, matching_weight=0.0, perceptual_weight=0.0)
    assert recipe.step({"image": noise()})["matching"] == 0


def test_a_sheet_shows_holes_filled_and_validation_measures_them() -> None:
    recipe: Any = make("lama", PARTS, channels=3, image_size=32)
    recipe.networks["generator"].eval()
    with torch.no_grad():
        sheet = recipe.sample(recipe.networks, {"image": noise()})
        measured = recipe.validate(recipe.networks, {"image": noise()})
    broken, filled, real = sheet[0::3], sheet[1::3], sheet[2::3]
    hole = fixed_masks(real).bool().expand_as(real)
    assert not broken[hole].any() and torch.equal(filled[~hole], real[~hole]) and torch.equal(real, noise())
    assert measured["mse"] == pytest.approx((filled - real)[hole].square().mean().item(), rel=1e-5)


@pytest.mark.slow
def test_an_onnx_file_of_it_takes_any_size(tmp_path: Path) -> None:
    from ganzoo_plugins.engines.onnx import load_session, write

    network = OneInput(ganzoo.build("generator:lama", width=2, levels=1, blocks=1), 3, ("mask",)).eval()
    write(network, Signature(channels=4, stride=2), tmp_path / "lama.onnx", {})
    run = load_session(tmp_path / "lama.onnx")
    for height, width in ((16, 24), (38, 18)):
        planes = torch.cat([noise(1, 64)[:, :, :height, :width], torch.ones(1, 1, height, width)], 1)
        assert np.abs(run(planes.numpy()) - network(planes).detach().numpy()).max() < 1e-5


# ---- learning --------------------------------------------------------------------------------------------------------


@pytest.mark.learning
def test_it_learns_to_fill_holes_with_what_is_around_them(double: None, seed: int, measured: Measures) -> None:
    """Without a loss on the pixels of holes: the discriminator alone says what belongs there."""
    parts = {"generator": {"width": 8, "levels": 1, "blocks": 1}, "discriminator": {"width": 8, "receptive_field": 16}}
    values = {"learning_rate": 5e-3, "perceptual_weight": 0.0}
    recipe: Any = make("lama", parts, channels=3, image_size=16, seed=seed, **values)
    train, held_out = ramps(256, 1000 * seed, 16, 0.3, 0.6), ramps(32, 1, 16, 0.3, 0.6)
    masks = fixed_masks(held_out)

    def error() -> float:
        recipe.generator.eval()
        with torch.no_grad():
            output = recipe.fill_holes(recipe.generator, held_out, masks)
        recipe.generator.train()
        return (((output - held_out).square() * masks).sum() / (3 * masks.sum())).item()

    start = error()
    torch.manual_seed(seed)
    for _ in falling_rates(recipe, 150):
        recipe.step({"image": train[torch.randint(256, (16,))]})
    gray = ((held_out.square() * masks).sum() / (3 * masks.sum())).item()  # the error of leaving holes gray
    measured("error", error(), limit=0.35 * min(start, gray), untrained=min(start, gray))
