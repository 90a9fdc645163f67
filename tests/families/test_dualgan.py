"""DualGAN's step against equations 1 to 3 and algorithm 1 in float64; that it learns."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from colored_discs import blind_errors, discs, learn, translation_errors
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures
from torch import Tensor

from ganzoo import GanzooError, Recipe
from ganzoo.contracts.recipe import StepState

PARTS = {
    "generator": {"width": 4, "dropout": False},
    "discriminator": {"width": 4, "receptive_field": 16},
}


def dual(**values: Any) -> Recipe:
    return make("dualgan", PARTS, channels=3, image_size=32, **values)


def pictures(seed: int = 1, count: int = 2) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {name: torch.rand(count, 3, 32, 32, generator=random) * 2 - 1 for name in "ab"}


@pytest.mark.parametrize("clip", [0.0, 0.01])
def test_a_step_equals_the_papers_equations(clip: float) -> None:
    weights = {"reconstruction_weight_a": 20.0, "reconstruction_weight_b": 30.0}
    recipe = dual(discriminator_steps=1, weight_clip=clip, **weights)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), pictures()
    losses = recipe.step(batch)

    u, v = batch["a"].double(), batch["b"].double()
    to_v, to_u, critic_u, critic_v = (exact[name] for name in ("a2b", "b2a", "discriminator_a", "discriminator_b"))
    made_v, made_u = to_v(u), to_u(v)
    critics = critic_v(made_v.detach()).mean() - critic_v(v).mean()
    critics = critics + critic_u(made_u.detach()).mean() - critic_u(u).mean()
    step_down(critics, critic_u, critic_v)
    if clip:
        with torch.no_grad():
            for weight in (*critic_u.parameters(), *critic_v.parameters()):
                weight.copy_(weight.clip(-clip, clip))

    home_u, home_v = (to_u(made_v) - u).abs().mean(), (to_v(made_u) - v).abs().mean()
    fooling = -critic_u(made_u).mean() - critic_v(made_v).mean()
    step_down(fooling + 20 * home_u + 30 * home_v, to_v, to_u)
    expected = {"adversarial": fooling, "reconstruction_a": home_u, "reconstruction_b": home_v}
    assert {name: value.item() for name, value in losses.items()} == {
        name: pytest.approx(value.item(), rel=1e-3, abs=1e-6)
        for name, value in {**expected, "discriminator": critics}.items()
    }
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_critics_learn_in_every_step_and_generators_in_each_third() -> None:
    recipe = dual()
    moved = []
    for step in range(6):
        recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step))
        before = flat(recipe)
        recipe.step(pictures(step))
        now = flat(recipe)
        moved.append({name for name in before if not torch.equal(now[name], before[name])})
    assert [("a2b" in names, "b2a" in names) for names in moved] == 2 * [(False,) * 2, (False,) * 2, (True,) * 2]
    assert all({"discriminator_a", "discriminator_b"} <= names for names in moved)


def test_the_critics_weights_stay_within_the_limit_and_the_generators_are_free() -> None:
    recipe = dual(weight_clip=0.005, discriminator_learning_rate=0.1, discriminator_steps=1)
    for step in range(3):
        recipe.step(pictures(step))
        for critic in (recipe.discriminator_a, recipe.discriminator_b):
            assert max(weight.abs().max().item() for weight in critic.parameters()) == pytest.approx(0.005)
    assert max(weight.abs().max().item() for weight in recipe.a2b.parameters()) > 0.05


def test_the_optimizers_are_rmsprop_as_the_paper_has_it() -> None:
    recipe = dual(discriminator_steps=1, weight_clip=0.0)
    start = copy.deepcopy(recipe.networks)
    recipe.step(pictures())
    for name, network in recipe.networks.items():
        for weight, then in zip(network.parameters(), start[name].parameters(), strict=True):
            assert weight.grad is not None
            mean_square = 0.1 * weight.grad**2  # the decay is 0.9
            right = then - 5e-5 * weight.grad / (mean_square.sqrt() + 1e-8)
            assert torch.allclose(weight, right, atol=1e-7), name


def test_dropout_is_noise_in_training_only_and_norms_are_of_each_picture() -> None:
    recipe = make("dualgan", {"generator": {"width": 4}}, channels=3, image_size=64)
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    assert not torch.equal(recipe.a2b(images), recipe.a2b(images))
    recipe.a2b.eval()
    assert torch.equal(recipe.a2b(images), recipe.a2b(images))
    assert torch.allclose(recipe.a2b(images)[:1], recipe.a2b(images[:1]), atol=1e-6)
    assert not list(recipe.a2b.buffers())


def test_a_norm_that_the_user_sets_is_built() -> None:
    recipe = make("dualgan", {"generator": {"width": 4, "norm": "batch"}}, channels=3, image_size=32)
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in recipe.a2b.modules())


@pytest.mark.parametrize(
    ("name", "value"), [("weight_clip", -1.0), ("reconstruction_weight_a", float("inf")), ("enlarge", 0.5)]
)
def test_wrong_options_are_refused(name: str, value: float) -> None:
    with pytest.raises(GanzooError, match=f"{name}={value} should be"):
        dual(**{name: value})


@pytest.mark.learning
def test_it_learns_to_color_discs_as_the_other_side_has_them(double: None, seed: int, measured: Measures) -> None:
    """The critics have no norms: instance norm would hide from them which color is more frequent."""
    options = {
        "generator": {"width": 8, "blocks": 1, "global_skip": True},
        "discriminator": {"width": 8, "receptive_field": 16, "norm": "none"},
    }
    weights = {"reconstruction_weight_a": 3.0, "reconstruction_weight_b": 3.0, "weight_clip": 0.05}
    rates = {"learning_rate": 1e-3, "discriminator_learning_rate": 5e-3, "discriminator_steps": 1}
    parts = {"generator": "resnet"}
    recipe = make("dualgan", options, parts, image_size=16, channels=3, seed=seed, **weights, **rates)
    held = discs(64, 16, torch.Generator().manual_seed(2))
    before, blind = translation_errors(recipe, held), blind_errors(held)
    learn(recipe, steps=360, size=16, batch=4, seed=seed)
    after = translation_errors(recipe, held)
    nearest = min(*blind, *before)
    measured("error", max(after), limit=0.75 * nearest, untrained=nearest)
