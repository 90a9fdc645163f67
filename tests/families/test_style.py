"""Style transfer: the losses against their formulas, the steps against the papers' equations, and that it works."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from exact import descend_plainly, differences, doubles, flat, make, step_down
from family_cases.style import STYLE
from learning import Measures, falling_rates
from torch import Tensor

import ganzoo
from ganzoo import GanzooError, Recipe
from ganzoo.errors import OptionError
from ganzoo.image_io import resizing, tensors
from ganzoo_plugins.style.adain.recipe import AdaINRecipe
from ganzoo_plugins.style.colors import transfer_colors
from ganzoo_plugins.style.perception import (
    MIN_DEVIATION,
    Perception,
    Statistics,
    adapt,
    content_loss,
    gram_distance,
    measure_style,
    moment_distance,
    style_loss,
    total_variation,
)
from ganzoo_plugins.style.pyramid import fit_style, join, split

PHOTOGRAPHS = Path(STYLE).parent


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def photo(name: str, size: int) -> Tensor:
    """Return the middle of a photograph as (1, 3, size, size)."""
    whole = tensors.to_tensor(PHOTOGRAPHS / f"{name}.jpg")
    side = min(whole.shape[2:])
    top, left = ((length - side) // 2 for length in whole.shape[2:])
    return resizing.resize(whole[..., top : top + side, left : left + side], size, size)


class Plain(torch.nn.Module):
    """Features that are quick and exact: the picture's edges, and its means over 2x2 pixels."""

    label, weights_sha256, channels, reductions = "plain", "0" * 64, (3, 3), (1, 2)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        return [pictures - pictures.roll(1, 3), torch.nn.functional.avg_pool2d(pictures, 2)]


# The losses.


def test_the_gram_distance_is_the_formula() -> None:
    made, style = drawn(2, 3, 4, 5), drawn(1, 3, 6, 4, seed=1) * 2 + 1
    columns = style[0].reshape(3, -1)
    mean = columns.sum(1) / 24
    deviation = ((columns - mean[:, None]) ** 2).sum(1).div(24).sqrt()
    wanted = torch.corrcoef(columns)
    for one, found in zip(made, gram_distance(made, Statistics.measure(style)), strict=True):
        normal = (one.reshape(3, -1) - mean[:, None]) / deviation[:, None]
        own = torch.einsum("ip,jp->ij", normal, normal) / 20
        expected = ((own - wanted) ** 2).sum() / (wanted**2).sum() + (normal.sum(1) / 20).square().sum() / 3
        assert found.item() == pytest.approx(expected.item())


def test_the_moment_distance_is_equation_13_in_units_of_the_styles_deviations() -> None:
    made, style = drawn(2, 3, 4, 5), drawn(2, 3, 6, 4, seed=1) * 2 + 1
    found = moment_distance(made, Statistics.measure(style))
    for place in range(2):
        parts = []
        for one, other in zip(made[place], style[place], strict=True):
            means = (one.mean() - other.mean()) / other.std(correction=0)
            parts.append(means**2 + (one.std(correction=0) / other.std(correction=0) - 1) ** 2)
        assert found[place].item() == pytest.approx((sum(parts) / 3).item(), rel=1e-6)


def test_a_style_is_at_no_distance_from_itself_and_channels_that_do_not_vary_are_borne() -> None:
    style = drawn(1, 3, 6, 4)
    style[:, 2] = 0.5
    statistics = Statistics.measure(style)
    mean = style.std((2, 3), correction=0).mean().item()
    assert statistics.deviation[0, 2].item() == pytest.approx(MIN_DEVIATION * mean, rel=1e-3)
    assert gram_distance(style, statistics).item() == pytest.approx(0, abs=1e-9)
    assert moment_distance(style, statistics).item() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("distance", [gram_distance, moment_distance])
def test_gradients_of_the_losses_are_exact(distance: Any) -> None:
    style = Statistics.measure(drawn(1, 3, 4, 4, seed=1))
    made = drawn(2, 3, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: distance(x, style), made)
    assert torch.autograd.gradcheck(lambda x: content_loss(x, drawn(2, 3, 3, 4, seed=2)), made)
    assert torch.autograd.gradcheck(total_variation, made)


def test_content_is_the_squared_error_over_the_variance() -> None:
    wanted, made = drawn(1, 2, 3, 3), drawn(1, 2, 3, 3, seed=1)
    variance = sum(channel.var(correction=0) for channel in wanted[0]) / 2
    assert content_loss(made, wanted).item() == pytest.approx((((made - wanted) ** 2).mean() / variance).item())


def test_the_colors_weigh_as_much_as_all_other_maps_together() -> None:
    distances = [torch.tensor([1.0, 3.0]), torch.tensor([2.0, 2.0]), torch.tensor([4.0, 0.0])]
    assert style_loss(distances).item() == pytest.approx(2 + (3 + 1) / 2)


def test_maps_are_chosen_by_their_steps() -> None:
    features = ganzoo.build("features:efficientnet-lite0")
    assert features.reductions == (2, 2, 4, 8, 16, 16, 32, 32)
    look = Perception(features, 8)
    assert (look.content, look.style) == (3, [0, 1, 2, 3, 4, 5])
    assert Perception(features, 4).content == 2
    with pytest.raises(GanzooError, match=r"no map with a step of 1 pixels or fewer.*content_reduction=2"):
        Perception(features, 1)


# Colors, pyramids, AdaIN.


def test_colors_have_the_styles_mean_and_covariance() -> None:
    pictures, style = 0.1 * drawn(2, 3, 8, 8), 0.1 * drawn(1, 3, 9, 7, seed=1).cumsum(1) + 0.2
    made = transfer_colors(pictures, style).double().flatten(2)
    wanted = style.flatten(2)[0]
    for each in made:
        torch.testing.assert_close(each.mean(1), wanted.mean(1), rtol=0, atol=1e-6)
        torch.testing.assert_close(each.cov(correction=0), wanted.cov(correction=0), rtol=0, atol=1e-3)


def test_a_picture_in_its_own_colors_is_itself_and_a_gray_one_becomes_finite() -> None:
    picture = photo("cat", 32)
    torch.testing.assert_close(transfer_colors(picture, picture), picture, rtol=0, atol=1e-5)
    gray = picture.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    assert transfer_colors(gray, picture).isfinite().all()
    assert transfer_colors(picture, torch.zeros(1, 3, 8, 8)).isfinite().all()


@pytest.mark.parametrize("size", [(32, 32), (37, 50), (8, 9), (1, 3), (64, 7)])
def test_a_pyramid_sums_up_to_the_picture(size: tuple[int, int]) -> None:
    picture = drawn(2, 3, *size).float()
    torch.testing.assert_close(join(split(picture)), picture, rtol=0, atol=1e-6)


def test_a_style_is_brought_to_the_pictures_shorter_side() -> None:
    assert fit_style(drawn(1, 3, 20, 50), drawn(1, 3, 60, 40)).shape == (1, 3, 40, 100)
    assert fit_style(drawn(1, 3, 20, 50), drawn(1, 3, 60, 40), 0.5).shape == (1, 3, 20, 50)


def test_adapted_maps_have_the_styles_means_and_deviations() -> None:
    content, style = drawn(2, 4, 5, 6).float(), 3 * drawn(1, 4, 7, 8, seed=1).float() - 2
    made = adapt(content, style)
    for moment in (torch.mean, lambda x, dim: torch.std(x, dim, correction=0)):
        torch.testing.assert_close(moment(made, (2, 3)), moment(style, (2, 3)).expand(2, -1), rtol=1e-4, atol=1e-4)
    ranks = [each.flatten(1).argsort(1) for each in (content[0], made[0])]
    assert torch.equal(*ranks), "what was larger within a channel stays larger"


def test_strength_mixes_codes_as_equation_14_says() -> None:
    network = ganzoo.build("generator:adain", width=4, depth=2, strength=0.3)
    content, style = drawn(2, 3, 16, 24).float().tanh(), drawn(1, 3, 16, 16, seed=1).float().tanh()
    code = network.encoder(content)
    mixed = 0.7 * code + 0.3 * adapt(code, network.encoder(style))
    torch.testing.assert_close(network(content, style), network.decoder(mixed).tanh())
    plain = ganzoo.build("generator:adain", width=4, depth=2, strength=0.0)
    plain.load_state_dict(network.state_dict())
    torch.testing.assert_close(plain(content, style), network.decoder(code).tanh())


@pytest.mark.parametrize("size", [(1, 1), (5, 90), (200, 300)])
def test_adain_takes_a_style_of_any_size(size: tuple[int, int]) -> None:
    network = ganzoo.build("generator:adain", width=2, depth=3).eval()
    made = network(photo("cat", 32), torch.rand(1, 3, *size))
    assert made.shape == (1, 3, 32, 32)
    assert made.isfinite().all()


@pytest.mark.parametrize(("spec", "count"), [("generator:adain", 7_010_947), ("generator:fast-style", 1_679_235)])
def test_networks_of_the_papers_size_have_the_documented_parameters(spec: str, count: int) -> None:
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in ganzoo.build(spec).parameters()) == count


def test_with_a_global_skip_the_network_begins_by_changing_little() -> None:
    network = ganzoo.build("generator:fast-style", width=4, blocks=1, global_skip=True)
    picture = photo("cat", 32)
    assert (network(picture) - picture).abs().mean() < 0.05
    assert network.global_skip


# The recipes.


def plainly_seeing(recipe: Recipe, reduction: int = 2) -> Recipe:
    """Let a recipe look through `Plain`, which is as exact in float64, and take plain steps."""
    recipe.perception = Perception(Plain(), reduction)  # type: ignore[attr-defined]
    descend_plainly(recipe)
    return recipe


def test_a_step_of_fast_style_is_the_sum_of_content_style_color_and_variation() -> None:
    parts = {"generator": {"width": 4, "blocks": 1}}
    recipe: Any = plainly_seeing(make("fast-style", parts, channels=3, image_size=16, style=STYLE))
    recipe.style_target = recipe.measure_style()
    exact, before = doubles(recipe), flat(recipe)
    pictures = drawn(2, 3, 16, 16).tanh()
    losses = recipe.step({"image": pictures.float()})

    look, style = Plain(), recipe.style.double()
    made = exact["generator"](pictures)
    wanted = look(transfer_colors(pictures, style).double())[1]
    content = ((look(made)[1] - wanted) ** 2).mean((1, 2, 3)) / wanted.var((2, 3), correction=0).mean(1)
    maps = zip([made, *look(made)], [style, *look(style)], strict=True)
    colors, *others = ((gram_distance(one, Statistics.measure(other)) + 1).log() for one, other in maps)
    painted = (colors + sum(others) / 2).mean()
    across, down = (made.diff(dim=axis).abs().mean() for axis in (3, 2))
    color = content_loss(patches(made), patches(transfer_colors(pictures, style).double()))
    total = content.mean() + painted + color + 0.1 * (across + down)
    assert losses["total"].item() == pytest.approx(total.item(), rel=1e-4)
    step_down(total, exact["generator"])
    assert differences(recipe, before, exact)["generator"] < 1e-3


def test_what_fast_style_compares_with_goes_where_the_photographs_are() -> None:
    recipe: Any = make("fast-style", {"generator": {"width": 2, "blocks": 0}}, channels=3, image_size=16, style=STYLE)
    recipe.move_style(torch.device("meta"))
    assert {each.mean.device.type for each in recipe.style_target} == {"meta"}


def test_a_step_of_adain_is_equations_11_to_13_with_color_variation_and_identity() -> None:
    recipe: Any = plainly_seeing(make("adain", {"generator": {"width": 4, "depth": 1}}, channels=3, image_size=16))
    exact, before = doubles(recipe), flat(recipe)
    a, b = drawn(3, 3, 16, 16).tanh(), drawn(3, 3, 16, 16, seed=1).cumsum(3).tanh()
    losses = recipe.step({"a": a.float(), "b": b.float()})

    look, generator = Plain(), exact["generator"]

    def through(content: Tensor, style: Tensor) -> Tensor:
        """Run the network in float64, where its own `adapt` would fall back to float32."""
        code, other = generator.encoder(content), generator.encoder(style)
        return generator.decoder(exactly_adapted(code, other)).tanh()

    made = through(a, b)
    wanted = exactly_adapted(look(a)[1], look(b)[1])
    content = ((look(made)[1] - wanted) ** 2).mean((1, 2, 3)) / wanted.var((2, 3), correction=0).mean(1)
    maps = zip([made, *look(made)], [b, *look(b)], strict=True)
    colors, *others = ((moment_distance(one, Statistics.measure(other)) + 1).log() for one, other in maps)
    painted = (colors + sum(others) / 2).mean()
    variation = sum(made.diff(dim=axis).abs().mean() for axis in (2, 3))
    identity = (through(a[:2], a[:2]) - a[:2]).abs().mean()
    color = content_loss(patches(made), patches(transfer_colors(a, b).double()))
    total = content.mean() + 10 * painted + color + 0.1 * variation + 2 * identity
    assert losses["total"].item() == pytest.approx(total.item(), rel=1e-4)
    step_down(total, generator)
    assert differences(recipe, before, exact)["generator"] < 1e-3


def patches(pictures: Tensor) -> Tensor:
    """Return the means of 4x4 pixels."""
    height, width = (side // 4 for side in pictures.shape[2:])
    return pictures.view(len(pictures), 3, height, 4, width, 4).mean((3, 5))


def exactly_adapted(content: Tensor, style: Tensor) -> Tensor:
    own, other = (torch.std_mean(each, (2, 3), correction=0, keepdim=True) for each in (content, style))
    return (content - own[1]) / (own[0] + 1e-5) * other[0] + other[1]


def trained(
    recipe: Recipe, batch: Mapping[str, Tensor], steps: int, *, falling: bool = False
) -> tuple[dict[str, float], dict[str, float]]:
    """Return what `validate` measures on the horses, and on the coffee as style, before and after."""
    held = {name: photo("horses", 64) if name != "b" else photo("coffee", 64) for name in batch}
    measured = []
    for count in (0, steps):
        for step in falling_rates(recipe, count) if falling else range(count):
            recipe.step({name: each[step % (len(each) - 1) :][:2] for name, each in batch.items()})
        with torch.no_grad():
            measured.append(recipe.validate(recipe.networks, held))
    return measured[0], measured[1]


@pytest.mark.learning
def test_fast_style_learns_a_style(one_thread: None, seed: int, measured: Measures) -> None:
    photos = torch.cat([photo("cat", 64), photo("astronaut", 64), photo("cat", 64).flip(3)])
    before, after = fast_style_trained({"width": 8, "blocks": 1}, photos, 120, seed, learning_rate=5e-3)
    for name, share in (("total", 0.7), ("style", 0.7)):  # the color is that of `test_fast_style_keeps_the_content`
        measured(name, after[name], limit=share * before[name], untrained=before[name])


@pytest.mark.learning
def test_fast_style_keeps_the_content(one_thread: None, seed: int, measured: Measures) -> None:
    """A network that begins with the photograph takes the style's colors and keeps the structure.

    From other photographs alone it learns little about the colors of a new one. So it sees the horses too, mirrored,
    and all photographs in two more orders of the color channels.
    """
    generator = {"width": 8, "blocks": 1, "global_skip": True}
    photos = torch.cat([photo("cat", 64), photo("horses", 64).flip(3), photo("astronaut", 64)])
    photos = torch.cat([photos.roll(turn, 1) for turn in range(3)])
    before, after = fast_style_trained(generator, photos, 120, seed, learning_rate=5e-3)
    measured("color", after["color"], limit=0.7 * before["color"], untrained=before["color"])
    # 1 would be a picture that has nothing of the photograph's structure.
    measured("content", after["content"], limit=0.75, untrained=1.0)


def fast_style_trained(
    generator: dict[str, Any], photos: Tensor, steps: int, seed: int, **options: float
) -> tuple[dict[str, float], dict[str, float]]:
    recipe = make("fast-style", {"generator": generator}, seed=seed, channels=3, image_size=64, style=STYLE, **options)
    return trained(recipe, {"image": photos}, steps, falling=True)


@pytest.mark.learning
def test_adain_learns_a_style_that_it_has_not_seen(one_thread: None, seed: int, measured: Measures) -> None:
    options = {"channels": 3, "image_size": 64, "learning_rate": 4e-3, "style_weight": 3, "identity_weight": 6}
    recipe = make("adain", {"generator": {"width": 16, "depth": 1}}, seed=seed, **options)
    assert isinstance(recipe, AdaINRecipe)
    photos = torch.cat([photo("cat", 64), photo("astronaut", 64), photo("cat", 64).flip(3)])
    paintings = torch.cat([photos[1:], photos[:1]]).roll(1, 1)  # other colors than any photograph's
    before, after = trained(recipe, {"a": photos, "b": paintings}, 100, falling=True)
    for name, share in (("total", 0.6), ("identity", 0.7), ("style", 0.7)):
        measured(name, after[name], limit=share * before[name], untrained=before[name])


# Optimization of the picture.


def distances(look: Perception, made: Tensor, content: Tensor, style: Tensor) -> tuple[float, float]:
    """Return how far a picture is in content and in style."""
    with torch.no_grad():
        seen = look(made)
        far = [gram_distance(*each) for each in zip(seen.style, measure_style(style, look), strict=True)]
        return content_loss(seen.content, look(content).content).item(), style_loss(far).item()


@pytest.fixture(scope="module")
def painted() -> dict[str, Any]:
    """A small photograph in the style of another, and what it is judged by."""
    content, style = photo("cat", 64), photo("coffee", 64)
    network = ganzoo.build("generator:gatys", steps=24)
    with torch.inference_mode():
        made = network(content, style)
    return {
        "look": network.perception,
        "content": content,
        "style": style,
        "made": made,
        "start": transfer_colors(content, style),
    }


@pytest.mark.learning
def test_a_picture_takes_the_style_and_keeps_the_content(painted: dict[str, Any], measured: Measures) -> None:
    look, start, style = painted["look"], painted["start"], painted["style"]
    _, style_before = distances(look, start, start, style)
    content, style_after = distances(look, painted["made"], start, style)
    unrelated, _ = distances(look, style, start, style)
    measured("style", style_after, limit=0.4 * style_before, untrained=style_before)
    measured("content", content, limit=0.5 * unrelated, untrained=unrelated)
    assert painted["made"].abs().max() <= 1


def test_the_same_picture_comes_out_again_whatever_is_beside_it(painted: dict[str, Any]) -> None:
    network = ganzoo.build("generator:gatys", steps=24)
    both = torch.cat([painted["content"].flip(3), painted["content"]])
    assert torch.equal(network(both, painted["style"])[1:], painted["made"])


def test_more_weight_brings_the_style_nearer_and_the_content_farther(painted: dict[str, Any]) -> None:
    network = ganzoo.build("generator:gatys", steps=24, style_weight=0.05)
    made = network(painted["content"], painted["style"])
    look, start, style = painted["look"], painted["start"], painted["style"]
    little, much = (distances(look, each, start, style) for each in (made, painted["made"]))
    assert little[0] < 0.7 * much[0]
    assert much[1] < 0.7 * little[1]


def test_noise_is_a_function_of_the_seed() -> None:
    content, style = photo("cat", 32), photo("coffee", 32)

    def made(seed: int) -> Tensor:
        return ganzoo.build("generator:gatys", steps=2, start="noise", seed=seed)(content, style)

    assert torch.equal(made(1), made(1))
    assert not torch.equal(made(1), made(2))


def test_nothing_of_it_is_saved_and_nothing_is_learned() -> None:
    network = ganzoo.build("generator:gatys", steps=1)
    assert not network.state_dict()
    assert not list(network.parameters())


# Options.


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("generator:gatys", {"steps": 0}, "steps=0 should be at least 1"),
        ("generator:gatys", {"style_weight": -1.0}, "style_weight=-1.0 should be at least 0"),
        ("generator:gatys", {"style_scale": 0.0}, "style_scale=0.0 should be from 0.1 to 10"),
        ("generator:gatys", {"seed": -1}, "seed=-1 should be from 0"),
        ("generator:gatys", {"features": "vgg"}, "No features is called|vgg"),
        ("generator:gatys", {"model": "vgg19.tv_in1k"}, "no option 'model'"),
        ("generator:adain", {"depth": 5}, "depth=5 should be from 1 to 4"),
        ("generator:adain", {"strength": 1.5}, "strength=1.5 should be from 0 to 1"),
        ("generator:fast-style", {"width": 0}, "width=0 should be at least 1"),
    ],
)
def test_a_wrong_option_is_told(spec: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises((OptionError, GanzooError), match=message):
        ganzoo.build(spec, **options)


def test_a_style_picture_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(GanzooError, match=r"Set style to the path .* style=painting\.jpg"):
        make("fast-style", {}, channels=3, image_size=32)
    with pytest.raises(GanzooError, match=r"nothing\.jpg"):
        make("fast-style", {}, channels=3, image_size=32, style=str(tmp_path / "nothing.jpg"))
