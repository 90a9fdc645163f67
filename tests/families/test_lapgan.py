"""LAPGAN: its pyramid, its sampling, its update against the paper's equations in float64; and that it learns."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, averaged, falling_rates
from torch import Tensor

from ganzoo.catalog import building
from ganzoo.contracts.recipe import StepState
from ganzoo.errors import GanzooError, OptionError
from ganzoo_plugins.lapgan.networks import downsample, pyramid, upsample

PARTS = {
    "generator": {"levels": 2, "width": 4, "hidden": 8, "coarse_latent_dim": 6, "kernel_size": 3},
    "coarse_discriminator": {"hidden": 8, "dropout": 0.0},
    "discriminator": {"width": 4, "dropout": 0.0},
}


def images(count: int = 4, channels: int = 1, side: int = 16, seed: int = 2) -> Tensor:
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def small(**changes: object) -> torch.nn.Module:
    torch.manual_seed(0)
    values = {"image_size": 16, "channels": 1, **PARTS["generator"], **changes}
    return building.build("generator:lapgan", **values).eval()


# ---- the pyramid -----------------------------------------------------------------------------------------------------


def test_a_pyramid_adds_up_to_the_picture() -> None:
    whole = images(3, 3)
    parts = pyramid(whole, 2)
    assert [tuple(high.shape[2:]) for _, high in parts] == [(4, 4), (8, 8), (16, 16)]
    made = parts[0][1]
    assert parts[0][0].abs().max() == 0
    for low, high in parts[1:]:  # equation 4, from the coarsest up
        assert torch.allclose(low, upsample(made), atol=1e-6)
        made = low + high
    assert torch.allclose(made, whole, atol=1e-6)


def test_downsampling_blurs_by_1331_and_takes_every_other_pixel() -> None:
    whole = images(2, 1).double()
    line = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 8
    by_hand = F.conv2d(whole, (line[:, None] * line[None, :])[None, None], stride=2, padding=1)
    assert torch.allclose(downsample(whole)[..., 1:-1, 1:-1], by_hand[..., 1:-1, 1:-1])
    checkers = torch.ones(1, 1, 8, 8)
    checkers[..., ::2, ::2] = checkers[..., 1::2, 1::2] = -1
    assert downsample(checkers).abs().max() < 0.07  # too fine for half the pixels: no moire
    assert torch.allclose(upsample(downsample(torch.full((1, 1, 8, 8), 0.3))), torch.tensor(0.3))


# ---- sampling --------------------------------------------------------------------------------------------------------


def test_noise_is_uniform_and_has_a_plane_for_each_level() -> None:
    generator = small()
    latents = torch.randn(2000, generator.latent_dim, generator=torch.Generator().manual_seed(0))
    first, middle, last = generator.noise(latents)
    assert (first.shape, middle.shape, last.shape) == ((2000, 6), (2000, 1, 8, 8), (2000, 1, 16, 16))
    assert generator.latent_dim == 6 + 64 + 256
    assert torch.allclose(last.flatten(1), torch.erf(latents[:, 70:] / 2**0.5), atol=1e-6)
    values = torch.cat([first.flatten(), middle.flatten()]).sort().values
    wanted = torch.linspace(-1, 1, len(values))
    assert (values - wanted).abs().max() < 0.01  # Kolmogorov and Smirnov's distance from the uniform distribution


@pytest.mark.parametrize("levels", [0, 1, 2])
def test_sampling_is_equation_5(levels: int) -> None:
    generator = small(levels=levels).double()
    latents = torch.randn(3, generator.latent_dim, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    first, *planes = generator.noise(latents)
    made = torch.tanh(generator.coarse.layers(first)).view(3, 1, 16 >> levels, 16 >> levels)
    for network, plane in zip(generator.refine, planes, strict=True):
        low = F.interpolate(made, scale_factor=2, mode="bilinear", align_corners=False)
        made = low + network.layers(torch.cat([low, plane], 1))
    assert torch.allclose(generator(latents), made.clamp(-1, 1), atol=1e-12)


# ---- training --------------------------------------------------------------------------------------------------------


def test_a_step_updates_every_level_as_equation_2_and_6_say() -> None:
    recipe = make("lapgan", PARTS, channels=1, image_size=16)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), {"image": images()}
    torch.manual_seed(5)
    losses = recipe.step(batch)

    torch.manual_seed(5)
    generator = exact["generator"]
    noise = [torch.erf(torch.randn(4, *shape).double() / 2**0.5) for shape in ((6,), (1, 8, 8), (1, 16, 16))]
    whole = batch["image"].double()
    half = downsample(whole)
    levels = [(4, None, downsample(half)), (8, upsample(downsample(half)), half), (16, upsample(half), whole)]
    networks = [generator.coarse, *generator.refine]
    for (side, low, real), network, plane in zip(levels, networks, noise, strict=True):
        judge = exact[f"discriminator_{side}"]
        made = network(plane) if low is None else low + network(plane, low)
        scores = judge(real), judge(made.detach())
        loss_d = sum(
            F.binary_cross_entropy_with_logits(score, torch.full_like(score, label))
            for score, label in zip(scores, (1.0, 0.0), strict=True)
        )
        step_down(loss_d, judge)
        fooled = judge(made)
        loss_g = F.binary_cross_entropy_with_logits(fooled, torch.ones_like(fooled))
        step_down(loss_g, network)
        assert losses[f"discriminator_{side}"].item() == pytest.approx(loss_d.item(), rel=1e-5)
        assert losses[f"generator_{side}"].item() == pytest.approx(loss_g.item(), rel=1e-5)
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_levels_learn_from_real_pictures_and_not_from_one_another() -> None:
    """Whatever the coarsest generator is, the others' update is the same."""
    first, second = (make("lapgan", PARTS, channels=1, image_size=16) for _ in range(2))
    with torch.no_grad():
        for parameter in second.generator.coarse.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(9))
    for recipe in (first, second):
        torch.manual_seed(3)
        recipe.step({"image": images()})
    pairs = zip(first.generator.refine.parameters(), second.generator.refine.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_the_coarsest_level_may_take_more_updates() -> None:
    """They are those that it would take on the same pictures by itself; the other levels take one."""
    recipe, alone = (make("lapgan", PARTS, channels=1, image_size=16, coarse_steps=n) for n in (3, 1))
    batch = {"image": images()}
    torch.manual_seed(3)
    recipe.step(batch)
    torch.manual_seed(3)
    low, high = pyramid(batch["image"], 2)[0]
    for _ in range(3):
        alone.level_step(0, low, high)
    pairs = zip(recipe.generator.coarse.parameters(), alone.generator.coarse.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    steps = {name: next(iter(each.state.values()))["step"].item() for name, each in recipe.optimizers.items()}
    assert steps == {
        f"{role}_{side}": 3 if side == 4 else 1 for side in (4, 8, 16) for role in ("generator", "discriminator")
    }


def test_several_updates_a_step_and_a_batch_in_parts_do_not_go_together() -> None:
    recipe = make("lapgan", PARTS, channels=1, image_size=16, coarse_steps=2)
    recipe.step_state = StepState(micro_batches=2)
    with pytest.raises(GanzooError, match=r"coarse_steps=2 means several updates in a step.*without --accumulate"):
        recipe.step({"image": images()})
    with pytest.raises(OptionError, match="coarse_steps=0 should be at least 1"):
        make("lapgan", PARTS, channels=1, image_size=16, coarse_steps=0)


def test_penalties_and_losses_have_names_by_size() -> None:
    recipe = make("lapgan", PARTS, channels=1, image_size=16, r1=1.0)
    names = [f"{role}_{size}" for size in (4, 8, 16) for role in ("generator", "discriminator")]
    assert list(recipe.step({"image": images()})) == names
    assert recipe.discriminators == {"": "discriminator_16"}


def test_a_generator_without_levels_is_refused() -> None:
    with pytest.raises(GanzooError, match="levels of a pyramid, and DcganGenerator has none"):
        make("lapgan", {"generator": {"width": 4}}, {"generator": "dcgan"}, channels=1, image_size=16)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"image_size": 28},
            "image_size=28 can be halved 2 times, not levels=3 times: take levels=2 or less, or .* 32",
        ),
        ({"image_size": 2048}, "image_size=2048 should be from 2 to 1024"),
        ({"levels": -1}, "levels=-1 should be at least 0"),
        ({"kernel_size": 4}, "kernel_size=4 should be odd"),
        ({"depth": 1}, "depth=1 should be at least 2"),
        ({"hidden": 0}, "hidden=0 should be at least 1"),
    ],
)
def test_options_that_do_not_fit_are_told(values: dict[str, int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        building.build("generator:lapgan", **values)


def test_options_of_discriminators_that_do_not_fit_are_told() -> None:
    with pytest.raises(OptionError, match="image_size=4 should be at least 8 for depth=3"):
        building.build("discriminator:lapgan", image_size=4, depth=3)
    with pytest.raises(OptionError, match=r"dropout=1\.0 should be from 0"):
        building.build("discriminator:lapgan-dense", dropout=1.0)


# ---- learning --------------------------------------------------------------------------------------------------------


def streaked(count: int, random: torch.Generator) -> Tensor:
    """Pictures (count, 1, 16, 16): bright above and dark below, with fine upright streaks at random places."""
    light = torch.linspace(0.6, -0.6, 16)[None, None, :, None]
    streaks = F.avg_pool2d(torch.randn(count, 1, 20, 16, generator=random), (5, 1), 1)
    return (light + 0.1 * torch.randn(count, 1, 1, 1, generator=random) + 0.4 * streaks).clamp(-1, 1)


def qualities(made: Tensor) -> tuple[float, float]:
    """Return how much brighter the upper half is, and the roughness along columns, which upright streaks lack."""
    upper, lower = made.chunk(2, 2)
    return (upper.mean() - lower.mean()).item(), made.diff(dim=2).abs().mean().item()


@pytest.mark.learning
def test_it_learns_what_each_level_adds(double: None, seed: int, measured: Measures) -> None:
    """Light above comes from the coarse level, streaks from the fine one; the distance to real patches falls."""
    options = {"generator": {**PARTS["generator"], "levels": 1, "width": 16, "hidden": 32}}
    facts = {"channels": 1, "image_size": 16, "learning_rate": 1e-3}
    recipe = make("lapgan", {**options, "discriminator": {"width": 8}}, seed=seed, **facts)
    random = torch.Generator().manual_seed(1 + 1000 * seed)
    held_out = {"image": streaked(256, random)}

    def looked_at() -> tuple[float, float, float]:
        recipe.generator.eval()
        with torch.no_grad():
            distance = recipe.validate(recipe.networks, held_out)["distance"]
            made = recipe.sample(recipe.networks, held_out)
        recipe.generator.train()
        return distance, *qualities(made)

    before, dark, rough = looked_at()
    torch.manual_seed(2 + seed)
    for _ in averaged(recipe, falling_rates(recipe, 450)):
        recipe.step({"image": streaked(32, random)})
    after, light, roughness = looked_at()
    real_light, real_roughness = qualities(held_out["image"])
    measured("distance", after, limit=before / 3, untrained=before)
    measured("light", abs(light - real_light), limit=0.3, untrained=abs(dark - real_light))
    start = abs(rough - real_roughness)
    measured("roughness", abs(roughness - real_roughness), limit=0.6 * start, untrained=start)
