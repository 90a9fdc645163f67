"""StyleGAN's layers, networks and recipe against the papers' formulas; mixing, truncation; learning."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, averaged
from torch import Tensor
from white_discs import distance, train

import ganzoo
from ganzoo import GanzooError, Recipe
from ganzoo.contracts.recipe import StepState
from ganzoo_plugins.stylegan.layers import EqualConv2d, EqualLinear, ModulatedConv2d, blur, double
from ganzoo_plugins.stylegan.networks import GroupDeviation

PARTS: dict[str, Any] = {
    "generator": {"width": 4, "widest": 8, "latent_dim": 5, "depth": 2},
    "discriminator": {"width": 4, "widest": 8},
}


def recipe_at(step: int, pixels: int = 16, **values: Any) -> Recipe:
    recipe = make("stylegan", PARTS, image_size=pixels, channels=1, **values)
    recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step))
    return recipe


def generator(seed: int = 0, **options: Any) -> Any:
    """Return a small generator whose noise, biases and mean of w are not zero."""
    torch.manual_seed(seed)
    basis = {"image_size": 16, "channels": 1, "width": 4, "latent_dim": 5, "depth": 2}
    made = ganzoo.build("generator:stylegan", **{**basis, **options})
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if name.endswith(("strength", "bias")):
                parameter += 0.3 * torch.randn_like(parameter)
        made.mean.normal_(std=0.3)
    return made.eval()


def images(count: int = 4, pixels: int = 16) -> dict[str, Tensor]:
    return {"image": torch.rand(count, 1, pixels, pixels, generator=torch.Generator().manual_seed(3)) * 2 - 1}


# ---- layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("doubles_size", [False, True])
def test_a_modulated_convolution_is_equations_1_to_3_for_each_picture(doubles_size: bool) -> None:
    torch.manual_seed(0)
    layer = ModulatedConv2d(3, 4, 3, style=5, doubles=doubles_size).double()
    features, w = torch.randn(2, 3, 6, 6, dtype=torch.double), torch.randn(2, 5, dtype=torch.double)
    expected = []
    for picture, style in zip(features, layer.style(w), strict=True):
        modulated = layer.weight / math.sqrt(3 * 9) * style[None, :, None, None]  # equation 1
        norm = torch.sqrt((modulated**2).sum((1, 2, 3), keepdim=True) + 1e-8)
        weight = modulated / norm  # equation 3
        if doubles_size:
            grown = F.conv_transpose2d(picture[None], weight.transpose(0, 1), stride=2)
            expected.append(blur(grown, 1, 1, gain=4))
        else:
            expected.append(F.conv2d(picture[None], weight, padding=1))
    found = layer(features, w)
    assert found.shape == ((2, 4, 12, 12) if doubles_size else (2, 4, 6, 6))
    assert torch.allclose(found, torch.cat(expected), atol=1e-12)


def test_outputs_of_a_demodulated_convolution_have_deviation_one_whatever_the_style() -> None:
    torch.manual_seed(0)
    layer = ModulatedConv2d(32, 16, 3, style=4)
    for strength in (0.1, 1.0, 30.0):
        found = layer(torch.randn(64, 32, 12, 12), strength * torch.randn(64, 4))[:, :, 1:-1, 1:-1]
        assert found.std().item() == pytest.approx(1, abs=0.03)


def test_equalized_layers_begin_as_he_s_and_learn_at_their_own_rate() -> None:
    torch.manual_seed(0)
    for layer, inputs, rate in ((EqualLinear(400, 300, 0.01), 400, 0.01), (EqualConv2d(50, 60, 3), 450, 1.0)):
        drawn = layer.weight * layer.scale
        assert drawn.std().item() == pytest.approx(1 / math.sqrt(inputs), rel=0.02)
        assert layer.scale == pytest.approx(rate / math.sqrt(inputs))  # of a step of Adam, whatever its gradient
    shifted = EqualLinear(3, 2, 0.01, bias=1.0)
    assert shifted(torch.zeros(1, 3)).tolist() == [[1.0, 1.0]]
    assert shifted.bias.tolist() == [100.0, 100.0]


def test_resampling_keeps_flat_areas_and_the_middle_of_a_picture() -> None:
    flat_picture, picture = torch.ones(1, 2, 8, 8), torch.randn(1, 2, 8, 8)
    assert double(flat_picture)[:, :, 2:-2, 2:-2].tolist() == torch.ones(1, 2, 12, 12).tolist()
    assert torch.allclose(double(picture.flip(3)), double(picture).flip(3), atol=1e-6)
    assert torch.allclose(double(picture.flip(2)), double(picture).flip(2), atol=1e-6)
    for kernel in (1, 3):
        halving = EqualConv2d(2, 3, kernel, halves=True)
        with torch.no_grad():
            halving.weight.copy_(halving.weight + halving.weight.flip(3))
        assert halving(picture).shape == (1, 3, 4, 4)
        assert torch.allclose(halving(picture.flip(3)), halving(picture).flip(3), atol=1e-5)


def test_enlarging_is_zeros_between_pixels_and_the_filter_1_3_3_1() -> None:
    picture = torch.zeros(1, 1, 4, 4)
    picture[0, 0, 1, 2] = 16.0
    found = double(picture)[0, 0]
    assert found[1:5, 3:7].tolist() == torch.outer(*[torch.tensor([1.0, 3, 3, 1])] * 2).tolist()
    assert found.sum().item() == 64


@pytest.mark.parametrize(("count", "group"), [(8, 4), (4, 4), (6, 3), (10, 2), (7, 1)])
def test_the_deviation_is_the_mean_over_values_within_each_group(count: int, group: int) -> None:
    features = torch.randn(count, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    found = GroupDeviation()(features)
    assert torch.equal(found[:, :3], features)
    for first in range(0, count, group):
        deviation = features[first : first + group].std(0, correction=0).mean().item()
        assert found[first : first + group, 3].flatten().tolist() == pytest.approx(
            [deviation] * group * 16, rel=1e-4, abs=2e-4
        )


# ---- the generator ---------------------------------------------------------------------------------------------------


def test_the_networks_have_the_paper_s_layers() -> None:
    made, judge = (
        ganzoo.build(f"{kind}:stylegan", image_size=1024, width=32) for kind in ("generator", "discriminator")
    )
    assert made.layers_of_style == 18
    sizes = [4, *(size for size in (8, 16, 32, 64, 128, 256, 512, 1024) for _ in range(2))]
    assert made.noise_sizes == [(size, size) for size in sizes]
    maps = [layer.convolution.weight.shape[0] for layer in made.layers]
    assert maps == [512] * 9 + [256, 256, 128, 128, 64, 64, 32, 32]
    assert len(made.mapping.layers) == 8
    numbers = [sum(parameter.numel() for parameter in network.parameters()) for network in (made, judge)]
    assert numbers == [30_370_060, 29_012_513], "which the authors' code prints for config F"


@pytest.mark.parametrize("pixels", [8, 16, 64])
def test_pictures_of_every_size_come_from_their_own_latents_alone(pixels: int) -> None:
    made = generator(image_size=pixels, channels=3)
    latents = torch.randn(3, 5)
    whole = made(latents)
    assert whole.shape == (3, 3, pixels, pixels)
    assert torch.allclose(whole, torch.cat([made(one[None]) for one in latents]), atol=1e-5)
    assert torch.equal(whole, made(latents)), "the noise is the layers' own"
    assert torch.allclose(made(7 * latents), whole, atol=1e-4), "latents are brought to one length"


@pytest.mark.filterwarnings(
    "ignore:.*torch.jit.trace:FutureWarning",
    "ignore:.*torch.jit.trace.* is deprecated:DeprecationWarning",
    "ignore::torch.jit.TracerWarning",
)
def test_a_traced_generator_takes_any_number_of_latents() -> None:
    made = generator()
    traced = torch.jit.trace(made, torch.randn(3, 5))
    latents = torch.randn(2, 5)
    assert torch.allclose(traced(latents), made(latents), atol=1e-6)


def test_noise_that_is_given_takes_the_place_of_the_layers_own() -> None:
    made, latents = generator(), torch.randn(2, 5)
    styles = made.styles(made.mapping(latents))
    own = [layer.noise.expand(2, -1, -1, -1) for layer in made.layers]
    assert torch.allclose(made.synthesize(styles, own), made.synthesize(styles))
    other = [torch.randn_like(noise) for noise in own]
    assert not torch.allclose(made.synthesize(styles, other), made.synthesize(styles), atol=0.01)


def test_images_in_use_can_be_mixed_as_training_mixes_them() -> None:
    plain, mixing = generator(), generator(mixing=0.9)
    mixing.load_state_dict(plain.state_dict())
    latents = torch.randn(400, plain.latent_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(mixing.train()(latents), plain.train()(latents)), "training mixes by itself"
        own, made = plain.eval()(latents), mixing.eval()(latents)
        assert torch.allclose(made[3:5], mixing(latents[3:5]), atol=1e-5), "an image depends on its latent alone"
        layers = plain.layers_of_style
        options = [own, *(plain.mix(latents, latents.flip(1), at_layer=layer) for layer in range(1, layers))]
    same = torch.stack([((made - each).abs() < 1e-5).flatten(1).all(1) for each in options])
    assert same.any(0).all(), "each image is its own, or mixed from one of the layers on"
    shares = same.float().mean(1)
    assert shares[0] == pytest.approx(0.1, abs=0.05)
    assert all(share == pytest.approx(0.9 / (layers - 1), abs=0.08) for share in shares[1:])


def test_truncation_draws_w_to_its_mean_in_eval_mode_alone() -> None:
    whole, half, none = (generator(truncation=share) for share in (1.0, 0.5, 0.0))
    half.load_state_dict(whole.state_dict())
    latents = torch.randn(4, 5)
    w = whole.mapping(latents)
    expected = whole.synthesize(whole.styles((whole.mean + w) / 2)).clamp(-1, 1)
    assert torch.allclose(half(latents), expected, atol=1e-5)
    assert torch.allclose(none(latents), none(latents[:1]).expand(4, -1, -1, -1), atol=1e-5)
    free = whole.train()(latents)
    assert torch.equal(half.train()(latents), free)
    assert free.abs().max() > 1, "the discriminator sees what the generator made, uncut"


def test_mixing_takes_early_layers_from_the_first_and_late_ones_from_the_second() -> None:
    made, first, second = generator(), torch.randn(2, 5), torch.randn(2, 5)
    layers = made.layers_of_style
    assert torch.allclose(made.mix(first, second, layers), made(first), atol=1e-6)
    assert torch.allclose(made.mix(first, second, 0), made(second), atol=1e-6)
    far = [(made.mix(first, second, layer) - made(first)).abs().mean().item() for layer in range(layers + 1)]
    assert all(later < 0.7 * far[0] for later in far[-2:]), far
    assert far[2] > 0.05 < far[4]


# ---- the recipe ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.9, 1.0])
def test_that_share_of_pictures_is_made_of_two_styles_from_any_layer_on(share: float) -> None:
    recipe = recipe_at(0, mixing=share)
    styles = recipe.styles(2000, torch.device("cpu"))
    assert styles.shape == (2000, 6, 5)
    changes = (styles[:, 1:] != styles[:, :-1]).any(2)
    assert changes.sum(1).max() <= 1
    assert changes.any(1).float().mean().item() == pytest.approx(share, abs=0.03)
    if share:
        assert changes.float().mean(0).tolist() == pytest.approx([share / 5] * 5, abs=0.04)


def test_the_mean_of_w_follows_what_is_drawn() -> None:
    recipe = recipe_at(0, mixing=0.0)
    before = torch.linspace(-1, 1, 5)
    recipe.generator.mean.copy_(before)
    styles = recipe.styles(64, torch.device("cpu"))
    expected = 0.995 * before + 0.005 * styles[:, 0].mean(0)
    assert torch.allclose(recipe.generator.mean, expected, atol=1e-6)
    assert not recipe.generator.mean.requires_grad


def drawn(recipe: Recipe, count: int, random: torch.Generator, made: Any) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Return w (count, layers, 5) and noise, as the recipe draws them, in float64."""
    first, second = (made.mapping(torch.randn(count, 5, generator=random).double()) for _ in range(2))
    whether, where = torch.rand(count, 2, generator=random).unbind(1)
    rows = []
    for row in range(count):
        begin = 1 + int(where[row] * 5) if whether[row] < recipe.config.mixing else 6
        rows.append(torch.stack([first[row]] * begin + [second[row]] * (6 - begin)))
    noise = [torch.randn(count, 1, *size, generator=random).double() for size in made.noise_sizes]
    return torch.stack(rows), first, noise


@pytest.mark.parametrize("step", [0, 1])
def test_a_step_is_the_non_saturating_loss_with_r1_and_path_lengths_at_their_turns(step: int) -> None:
    recipe = recipe_at(step, r1=3.0, r1_every=2, path_length=5.0, path_every=3)
    descend_plainly(recipe)
    with torch.no_grad():
        for layer in recipe.generator.layers:
            layer.strength += 0.5
    exact, before, batch = doubles(recipe), flat(recipe), images()
    losses = recipe.step(batch)

    random = torch.Generator().manual_seed(step)
    made, judge, real = exact["generator"], exact["discriminator"], batch["image"].double()
    styles, _, noise = drawn(recipe, 4, random, made)
    fake = made.synthesize(styles, noise)
    loss_d = F.softplus(-judge(real)).mean() + F.softplus(judge(fake.detach())).mean()
    if step == 0:
        shown = real.clone().requires_grad_()
        (slope,) = torch.autograd.grad(judge(shown).sum(), shown, create_graph=True)
        loss_d = loss_d + 3 / 2 * 2 * slope.square().sum((1, 2, 3)).mean()
    step_down(loss_d, judge)
    loss_g = F.softplus(-judge(fake)).mean()
    total = loss_g
    if step == 0:
        styles, _, noise = drawn(recipe, 2, random, made)
        again = made.synthesize(styles, noise)
        y = torch.randn(again.shape, generator=random).double() / 16
        (slope,) = torch.autograd.grad((again * y).sum(), styles, create_graph=True)
        lengths = (slope.square().sum((1, 2)) / 6).sqrt()
        mean = 0.01 * lengths.mean().item()
        total = total + 5 * 3 * (lengths - mean).square().mean()
        assert losses["path_length"].item() == pytest.approx(mean, rel=1e-4)
    step_down(total, made)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-4)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-4)
    assert max(differences(recipe, before, exact).values()) < 2e-3


def test_a_path_length_is_the_slope_that_differences_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """|J^T y| by moving each number of each layer's w by a little, in float64."""
    recipe = recipe_at(0, pixels=8, mixing=1.0)
    made = recipe.generator.double()
    random = torch.Generator().manual_seed(5)
    kept: list[Tensor] = []

    def normal(count: int, *shape: int, device: Any) -> Tensor:
        kept.append(torch.randn(count, *shape, generator=random, dtype=torch.double))
        return kept[-1]

    monkeypatch.setattr(recipe, "normal", normal)
    seen: list[Tensor] = []
    monkeypatch.setattr(
        recipe, "styles", lambda count, device, plain=recipe.styles: seen.append(plain(count, device)) or seen[0]
    )
    found = recipe.path_penalty(torch.zeros(2, 1, 8, 8, dtype=torch.double))

    y, noise, styles = kept[-1] / 8, kept[2:-1], seen[0].detach()
    slope = torch.zeros_like(styles)
    for place in range(styles[0].numel()):
        step = torch.zeros_like(styles)
        step.view(1, -1)[:, place] = 1e-5
        ends = [(made.synthesize(styles + sign * step, noise) * y).sum((1, 2, 3)) for sign in (1, -1)]
        slope.view(1, -1)[:, place] = (ends[0] - ends[1]).detach() / 2e-5
    length = math.sqrt(slope.square().sum().item() / 4)
    assert found.item() == pytest.approx((length - 0.01 * length) ** 2, rel=1e-5)


def test_path_lengths_are_penalized_at_every_fourth_update_of_the_generator() -> None:
    recipe = recipe_at(0, discriminator_steps=2)
    turns: list[int] = []
    penalty = recipe.path_penalty
    recipe.path_penalty = lambda like: (turns.append(recipe.step_state.step), penalty(like))[1]  # type: ignore[method-assign]
    for step in range(18):
        recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step))
        recipe.step(images(2))
    assert turns == [1, 9, 17]
    weightless = recipe_at(0, path_length=0.0)
    assert set(weightless.step(images(2))) == {"discriminator", "generator"}


def test_the_optimizer_and_the_weights_are_the_papers() -> None:
    recipe = recipe_at(0)
    for optimizer in recipe.optimizers.values():
        assert isinstance(optimizer, torch.optim.Adam)
        assert (optimizer.defaults["lr"], optimizer.defaults["betas"]) == (2e-3, (0.0, 0.99))
    config = recipe.config
    assert (config.r1, config.r1_every, config.mixing, config.path_length, config.path_every) == (10, 16, 0.9, 2, 4)


def test_a_resumed_recipe_has_the_mean_path_length_back() -> None:
    recipe, other = recipe_at(0), recipe_at(0)
    recipe.step(images())
    assert recipe.mean_length > 0
    other.load_state(recipe.state())
    assert torch.equal(other.mean_length, recipe.mean_length)


def test_a_generator_without_styles_is_refused_with_what_to_take() -> None:
    with pytest.raises(GanzooError, match=r"generator:dcgan has none. Use --part generator=stylegan"):
        make("stylegan", {"generator": {"width": 4}}, {"generator": "dcgan"}, image_size=16, channels=1)


@pytest.mark.learning
def test_discs_are_learned(one_thread: None, seed: int, measured: Measures) -> None:
    parts = {
        "generator": {"width": 8, "widest": 16, "latent_dim": 8, "depth": 2},
        "discriminator": {"width": 8, "widest": 16},
    }
    options = {"r1": 1.0, "r1_every": 4, "path_length": 0.0, "learning_rate": 5e-3}
    recipe = make("stylegan", parts, image_size=16, channels=1, seed=seed, **options)
    start = distance(recipe)
    train(recipe, averaged(recipe, range(250)), batch_size=32, seed=seed)
    measured("distance", distance(recipe), limit=0.6 * start, untrained=start)
