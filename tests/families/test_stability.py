"""What steadies training, through each recipe's own step: every option against its paper's formula in float64."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from exact import RATE, descend_plainly, differences, doubles, flat, make, step_down
from test_cyclegan_recipe import PARTS as CYCLEGAN_PARTS
from torch import Tensor, nn
from training_cases import CASES as TRAININGS
from training_cases import checkpoint, train

from ganzoo import Recipe
from ganzoo.contracts.recipe import StepState

LATENT = {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4}}
# Recipe -> options of its parts, size of its pictures, names of what its batch holds.
RECIPES: dict[str, tuple[dict[str, Any], int, tuple[str, ...]]] = {
    "dcgan": (LATENT, 16, ("image",)),
    "lsgan": (LATENT, 16, ("image",)),
    "vanilla": (LATENT, 16, ("image",)),
    "pix2pix": (
        {"generator": {"width": 4, "dropout": False}, "discriminator": {"width": 4, "receptive_field": 16}},
        32,
        ("input", "target"),
    ),
    "cyclegan": (CYCLEGAN_PARTS, 16, ("a", "b")),
}
JUDGES = {name: ["discriminator"] for name in RECIPES} | {"cyclegan": ["discriminator_a", "discriminator_b"]}
GENERATORS = {name: ["generator"] for name in RECIPES} | {"cyclegan": ["a2b", "b2a"]}

each_recipe = pytest.mark.parametrize("name", RECIPES)


def build(name: str, step: int = 0, **values: Any) -> Recipe:
    """Return a small recipe for gray pictures, about to do the step after ``step``, with draws of its own."""
    part_options, size, _ = RECIPES[name]
    recipe = make(name, part_options, channels=1, image_size=size, **values)
    recipe.step_state = StepState(step, random=torch.Generator().manual_seed(7))
    return recipe


def batch_of(name: str, count: int = 4) -> dict[str, Tensor]:
    _, size, keys = RECIPES[name]
    random = torch.Generator().manual_seed(2)
    return {key: torch.rand(count, 1, size, size, generator=random) * 2 - 1 for key in keys}


def lengths(recipe: Recipe, before: dict[str, Tensor], names: list[str]) -> float:
    """Return how far these networks moved together."""
    now = flat(recipe)
    return torch.cat([now[name] - before[name] for name in names]).norm().item()


# ---- schedules, two time scales --------------------------------------------------------------------------------------

STEPS = 6
# At progress 0/6 ... 5/6, by hand: the line or half cosine begins at 1/2; the warm-up ends before 2/6.
SCHEDULES: dict[str, tuple[dict[str, Any], list[float]]] = {
    "constant": ({"schedule": "constant"}, [1, 1, 1, 1, 1, 1]),
    "linear": ({"schedule": "linear", "decay_from": 0.5}, [1, 1, 1, 1, 2 / 3, 1 / 3]),
    "cosine": (
        {"schedule": "cosine", "decay_from": 0.5},
        [1, 1, 1, 1, (1 + math.cos(math.pi / 3)) / 2, (1 + math.cos(math.pi * 2 / 3)) / 2],
    ),
    "warm": ({"schedule": "constant", "warmup": 0.25}, [0.01, 0.01 + 0.99 * (1 / 6) / 0.25, 1, 1, 1, 1]),
}


@pytest.mark.parametrize(
    ("name", "schedule"),
    [*((name, "cosine") for name in RECIPES if name != "vanilla"), *(("vanilla", each) for each in SCHEDULES)],
)
def test_a_run_s_learning_rates_are_the_schedule_s_for_both_time_scales(
    tmp_path: Path, name: str, schedule: str
) -> None:
    options, factors = SCHEDULES[schedule]
    case = name if name in TRAININGS else "dcgan"
    own = TRAININGS[case][1].get("options", {})
    rates = {"learning_rate": 1e-3, "discriminator_learning_rate": 4e-3}
    run = train(
        case,
        tmp_path,
        recipe=name,
        options={**own, **options, **rates},
        steps=STEPS,
        checkpoint_every=1,
        keep=STEPS,
        sample_every=99,
        log_every=99,
        ema_decay=0.0,
        validation=0.0,
    )
    for step, factor in enumerate(factors, start=1):
        for optimizer, state in checkpoint(run, step)["optimizers"].items():
            base = rates["discriminator_learning_rate" if optimizer.startswith("discr") else "learning_rate"]
            assert [group["lr"] for group in state["param_groups"]] == [pytest.approx(base * factor, rel=1e-9)]


@each_recipe
def test_adam_s_first_step_is_as_long_as_each_network_s_own_rate(name: str) -> None:
    """Adam's first step moves every weight by its rate, whatever the gradient (arXiv:1412.6980, section 2.1)."""
    recipe = build(name, learning_rate=1e-4, discriminator_learning_rate=3e-3)
    before = flat(recipe)
    recipe.step(batch_of(name))
    now = flat(recipe)
    for networks, rate in ((GENERATORS[name], 1e-4), (JUDGES[name], 3e-3)):
        for network in networks:
            assert (now[network] - before[network]).abs().max().item() == pytest.approx(rate, rel=1e-2)


# ---- clipped gradients -----------------------------------------------------------------------------------------------


@each_recipe
def test_clip_norm_is_the_length_of_every_optimizer_s_update(name: str) -> None:
    free, clipped = build(name), build(name, clip_norm=1e-3)
    befores = []
    for recipe in (free, clipped):
        descend_plainly(recipe)
        befores.append(flat(recipe))
        recipe.step(batch_of(name))
    for networks in (GENERATORS[name], JUDGES[name]):
        assert lengths(free, befores[0], networks) > 2 * RATE * 1e-3, "the limit would do nothing"
        assert lengths(clipped, befores[1], networks) == pytest.approx(RATE * 1e-3, rel=1e-2)
    first = GENERATORS[name] if name == "cyclegan" else JUDGES[name]  # whose gradients are the same in both
    one, other = (
        torch.cat([flat(recipe)[key] - was[key] for key in first])
        for recipe, was in zip((free, clipped), befores, strict=True)
    )
    assert F.cosine_similarity(one, other, dim=0).item() == pytest.approx(1, abs=1e-4)


@each_recipe
def test_a_limit_that_is_never_reached_changes_nothing(name: str) -> None:
    free, limited = build(name), build(name, clip_norm=1e6)
    for recipe in (free, limited):
        recipe.step(batch_of(name))
    assert all(torch.equal(flat(free)[key], flat(limited)[key]) for key in flat(free))


# ---- several discriminator steps -------------------------------------------------------------------------------------


@each_recipe
def test_the_generator_stands_still_but_in_each_third_step_while_the_discriminator_learns(name: str) -> None:
    recipe = build(name, discriminator_steps=3)
    for step in range(6):
        recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step))
        before = flat(recipe)
        losses = recipe.step(batch_of(name))
        now = flat(recipe)
        learned = step % 3 == 2
        assert [not torch.equal(now[key], before[key]) for key in GENERATORS[name]] == [learned] * len(GENERATORS[name])
        assert all(not torch.equal(now[key], before[key]) for key in JUDGES[name])
        assert (set(losses) == {"discriminator"}) == (not learned)


@each_recipe
def test_a_step_of_the_discriminator_alone_is_that_of_the_whole_step(name: str) -> None:
    """It sees the same pictures, and learns the same from them."""
    whole, alone = build(name), build(name, discriminator_steps=2)
    losses = [recipe.step(batch_of(name))["discriminator"].item() for recipe in (whole, alone)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    for key in JUDGES[name]:
        assert torch.allclose(flat(whole)[key], flat(alone)[key], rtol=0, atol=1e-6)


# ---- DiffAugment -----------------------------------------------------------------------------------------------------


def seen(name: str, recipe: Recipe) -> dict[str, list[Tensor]]:
    """Do a step, and return all pictures that each discriminator was shown, in order, one a row."""
    shown: dict[str, list[Tensor]] = {judge: [] for judge in JUDGES[name]}
    for judge, rows in shown.items():
        recipe.networks[judge].register_forward_pre_hook(
            lambda module, inputs, rows=rows: rows.extend(inputs[0].detach().clone().unbind())
        )
    recipe.step(batch_of(name))
    return shown


@each_recipe
def test_all_that_discriminators_see_is_changed_real_and_made_each_picture_by_draws_of_its_own(name: str) -> None:
    plain, changed = seen(name, build(name)), seen(name, build(name, augment="color"))
    for judge in JUDGES[name]:
        assert len(plain[judge]) == len(changed[judge]) == 12  # four real, and four made for D and for G
        drawn = []
        for before, after in zip(plain[judge], changed[judge], strict=True):
            for one, other in zip(before, after, strict=True):  # of pix2pix's pair, each has a mean of its own
                # brightness, then contrast about the mean: y = mean + move + stretch * (x - mean); a gray picture has
                # no saturation
                stretch = (other.std() / one.std()).item()
                move = (other.mean() - one.mean()).item()
                assert 0.5 <= stretch <= 1.5 and -0.5 <= move <= 0.5
                assert torch.allclose(other, one.mean() + move + stretch * (one - one.mean()), atol=1e-4)
            drawn.append((round(stretch, 5), round(move, 5)))
        assert len(set(drawn)) == 12


@pytest.mark.parametrize("policy", ["color", "translation", "cutout", "color,translation,cutout"])
@each_recipe
def test_with_augmentation_the_losses_are_others_and_the_batch_stays_as_it_is(name: str, policy: str) -> None:
    plain, changed = build(name), build(name, augment=policy)
    batch = batch_of(name)
    losses = changed.step(batch)
    assert all(torch.equal(batch[key], was) for key, was in batch_of(name).items())
    others = plain.step(batch)
    for key in losses.keys() - {"l1", "cycle", "identity"}:
        assert losses[key].isfinite()
        assert losses[key].item() != pytest.approx(others[key].item(), rel=1e-6), key


def lit(images: Tensor, draws: Tensor) -> Tensor:
    """The policy "color" on gray pictures, by the authors' formulas: x + (u - 0.5), then about the mean by u + 0.5."""
    brightness, _, contrast = (draw.double().view(-1, 1, 1, 1) for draw in draws.unbind(1))
    images = images + (brightness - 0.5)
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * (contrast + 0.5) + mean


@pytest.mark.parametrize("name", ["dcgan", "lsgan", "vanilla"])
def test_an_augmented_step_is_the_loss_on_changed_pictures_and_its_gradient_goes_through_the_change(name: str) -> None:
    recipe = build(name, augment="color")
    descend_plainly(recipe)
    exact, before = doubles(recipe), flat(recipe)
    losses = recipe.step(batch_of(name))

    random = torch.Generator().manual_seed(7)
    latents, *draws = [torch.randn(4, 6, generator=random), *(torch.rand(4, 3, generator=random) for _ in range(3))]
    generator, judge = exact["generator"], exact["discriminator"]
    fake = generator(latents.double())
    on_real, on_fake = (judge(lit(x, u)) for x, u in ((batch_of(name)["image"].double(), draws[0]), (fake, draws[1])))
    loss_d = judging(name, on_real, on_fake)
    step_down(loss_d, judge)
    loss_g = making(name, judge(lit(fake, draws[2])))
    step_down(loss_g, generator)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-5)
    assert max(differences(recipe, before, exact).values()) < 1e-3


def judging(name: str, real: Tensor, fake: Tensor) -> Tensor:
    if name == "lsgan":
        return ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def making(name: str, fake: Tensor) -> Tensor:
    return ((fake - 1) ** 2).mean() / 2 if name == "lsgan" else F.softplus(-fake).mean()


# ---- R1 --------------------------------------------------------------------------------------------------------------


def judged(name: str) -> dict[str, Tensor]:
    """Return the real pictures that each discriminator is shown, in float64."""
    batch = {key: value.double() for key, value in batch_of(name).items()}
    if name == "cyclegan":
        return {"discriminator_a": batch["a"], "discriminator_b": batch["b"]}
    return {"discriminator": torch.cat(list(batch.values()), 1)}  # of pix2pix, input and target stacked


def slopes(name: str, exact: dict[str, nn.Module]) -> float:
    """Return the mean squared slope at the real pictures, summed over the discriminators, in float64."""
    total = 0.0
    for judge, images in judged(name).items():
        scores = exact[judge](images.requires_grad_()).flatten(1).mean(1)
        (slope,) = torch.autograd.grad(scores.sum(), images)
        total += slope.square().sum().item() / len(images)
    return total


@pytest.mark.parametrize(("every", "step"), [(1, 0), (1, 3), (4, 0), (4, 8), (4, 1), (4, 7)])
@each_recipe
def test_r1_adds_half_its_weight_times_the_squared_slope_so_many_times_in_each_so_manieth_step(
    name: str, every: int, step: int
) -> None:
    base, penalized = build(name, step), build(name, step, r1=6.0, r1_every=every)
    share = 0.5 if name == "cyclegan" else 1.0  # its discriminators' objective is halved, penalty and all
    expected = share * 6 / 2 * every * slopes(name, doubles(base)) * (step % every == 0)
    losses = [recipe.step(batch_of(name))["discriminator"].item() for recipe in (base, penalized)]
    assert losses[1] - losses[0] == pytest.approx(expected, rel=1e-3, abs=2e-7)
    assert (losses[1] == losses[0]) == (step % every != 0)


@pytest.mark.parametrize("name", ["vanilla", "lsgan"])
def test_a_penalized_step_goes_down_the_penalty_s_gradient_too(name: str) -> None:
    recipe = build(name, r1=6.0)
    descend_plainly(recipe)
    exact, before = doubles(recipe), flat(recipe)
    recipe.step(batch_of(name))

    generator, judge = exact["generator"], exact["discriminator"]
    fake = generator(torch.randn(4, 6, generator=torch.Generator().manual_seed(7)).double())
    real = batch_of(name)["image"].double().requires_grad_()
    scores = judge(real)
    (slope,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    penalty = 3 * (slope**2).sum((1, 2, 3)).mean()
    step_down(judging(name, judge(real), judge(fake.detach())) + penalty, judge)
    step_down(making(name, judge(fake)), generator)
    assert max(differences(recipe, before, exact).values()) < 1e-3


@each_recipe
def test_r1_is_taken_at_what_the_discriminator_was_shown(name: str) -> None:
    """With augmentation, at the augmented pictures: a step with both is finite, and trains."""
    recipe = build(name, r1=1.0, augment="color,translation,cutout")
    before = flat(recipe)
    losses = recipe.step(batch_of(name))
    assert all(loss.isfinite() for loss in losses.values())
    assert all(not torch.equal(flat(recipe)[key], before[key]) for key in before)


# ---- whose gradients -------------------------------------------------------------------------------------------------


@each_recipe
def test_no_update_touches_a_gradient_of_another_optimizer_s_networks(name: str) -> None:
    recipe, told = build(name), []
    original = recipe.update

    def update(optimizer: str, loss: Tensor) -> None:
        others = JUDGES[name] if optimizer.startswith("generator") else GENERATORS[name]
        parameters = [parameter for key in others for parameter in recipe.networks[key].parameters()]
        for parameter in parameters:
            parameter.grad = torch.full_like(parameter, 7.0)
        original(optimizer, loss)
        told.append(optimizer)
        assert all(parameter.grad.eq(7).all() for parameter in parameters)

    recipe.update = update  # type: ignore[method-assign]
    recipe.step(batch_of(name))
    assert len(told) == 2


@pytest.mark.parametrize("name", ["cyclegan", "vanilla"])  # the others' discriminators have batch norm
def test_real_and_made_pictures_are_judged_in_one_pass(name: str) -> None:
    recipe, passes = build(name), []
    for judge in JUDGES[name]:
        recipe.networks[judge].register_forward_pre_hook(lambda module, inputs: passes.append(len(inputs[0])))
    recipe.step(batch_of(name))
    assert sorted(passes) == sorted([4, 8] * len(JUDGES[name]))
