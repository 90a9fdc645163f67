"""WGAN and WGAN-GP against their algorithms in float64; the clipped critic; the estimated distance; learning."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from exact import descend_plainly, differences, doubles, flat, make, step_down
from learning import Measures, falling_rates
from torch import Tensor, nn
from white_discs import average_error, distance, train

import ganzoo
from ganzoo import Recipe, sliced_wasserstein
from ganzoo.contracts.recipe import StepState
from ganzoo.errors import OptionError
from ganzoo.losses.wasserstein import WassersteinLoss, estimate_distance
from ganzoo.recipes import recipe as recipe_module

PARTS: dict[str, Any] = {"generator": {"width": 4, "latent_dim": 6}, "discriminator": {"width": 4, "norm": "none"}}
SMALL: dict[str, Any] = {"channels": 1, "image_size": 16}


def images(seed: int = 2, count: int = 4) -> dict[str, Tensor]:
    return {"image": torch.rand(count, 1, 16, 16, generator=torch.Generator().manual_seed(seed)) * 2 - 1}


def at(recipe: Recipe, step: int) -> Recipe:
    recipe.step_state = StepState(step, random=torch.Generator().manual_seed(step))
    return recipe


# ---- the loss and the estimate ---------------------------------------------------------------------------------------


def test_the_loss_is_the_difference_of_means() -> None:
    real, fake = torch.tensor([1.0, 3.0, 5.0]), torch.tensor([-2.0, 1.0])
    loss = WassersteinLoss()
    assert loss.discriminator(real, fake).item() == -0.5 - 3.0
    assert loss.generator(fake).item() == 0.5
    assert estimate_distance(real, fake).item() == 3.5


def test_the_estimate_of_several_scales_is_their_mean_and_carries_no_gradient() -> None:
    real = [torch.full((2, 1, 3, 3), 2.0, requires_grad=True), torch.full((2, 1, 1, 1), 6.0)]
    fake = [torch.zeros(2, 1, 3, 3), torch.full((2, 1, 1, 1), 2.0)]
    found = estimate_distance(real, fake)
    assert found.item() == 3.0
    assert not found.requires_grad
    assert estimate_distance(real[0].bfloat16(), fake[0].bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("loss", ["hinge", "non-saturating"])
def test_the_estimate_is_logged_whatever_the_loss(loss: str) -> None:
    recipe = at(make("wgan-gp", PARTS, {"loss": loss}, **SMALL), 0)
    critic, seen = copy.deepcopy(recipe.networks["discriminator"]), []
    recipe.networks["discriminator"].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    found = recipe.step(images())["wasserstein"].item()
    real, fake = critic(seen[0]).split(4)
    assert found == pytest.approx((real.mean() - fake.mean()).item(), rel=1e-4)


# ---- a step, against algorithm 1 of each paper in float64 ------------------------------------------------------------


def clipped(network: nn.Module, limit: float) -> None:
    for parameter in network.parameters():
        parameter.data = torch.minimum(torch.maximum(parameter.data, torch.tensor(-limit)), torch.tensor(limit))


def test_a_step_of_wgan_is_algorithm_1_s() -> None:
    recipe = at(make("wgan", PARTS, discriminator_steps=1, clip=0.02, **SMALL), 0)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), images()
    losses = recipe.step(batch)

    random = torch.Generator().manual_seed(0)
    first, second = (torch.randn(4, 6, generator=random).double() for _ in range(2))
    generator, critic, real = exact["generator"], exact["discriminator"], batch["image"].double()
    loss_d = critic(generator(first).detach()).mean() - critic(real).mean()
    step_down(loss_d, critic)
    assert max(parameter.abs().max().item() for parameter in critic.parameters()) > 0.05, "nothing to clip"
    clipped(critic, 0.02)
    loss_g = -critic(generator(second)).mean()
    step_down(loss_g, generator)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-4)
    assert losses["wasserstein"].item() == pytest.approx(-loss_d.item(), rel=1e-4)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-4)
    assert max(differences(recipe, before, exact).values()) < 5e-3


def test_a_step_of_wgan_gp_is_algorithm_1_s() -> None:
    recipe = at(make("wgan-gp", {**PARTS, "loss": {"penalty": 7.0}}, discriminator_steps=1, **SMALL), 0)
    descend_plainly(recipe)
    exact, before, batch = doubles(recipe), flat(recipe), images()
    losses = recipe.step(batch)

    random = torch.Generator().manual_seed(0)
    first, mix, second = (
        torch.randn(4, 6, generator=random).double(),
        torch.rand(4, 1, 1, 1, generator=random).double(),
        torch.randn(4, 6, generator=random).double(),
    )
    generator, critic, real = exact["generator"], exact["discriminator"], batch["image"].double()
    fake = generator(first).detach()
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    estimated = critic(real).mean() - critic(fake).mean()
    loss_d = 7 * ((slope.square().sum((1, 2, 3)).sqrt() - 1) ** 2).mean() - estimated
    step_down(loss_d, critic)
    loss_g = -critic(generator(second)).mean()
    step_down(loss_g, generator)
    assert losses["discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-4)
    assert losses["wasserstein"].item() == pytest.approx(estimated.item(), rel=1e-3)
    assert losses["generator"].item() == pytest.approx(loss_g.item(), rel=1e-3)
    assert max(differences(recipe, before, exact).values()) < 1e-3


def test_the_first_step_of_rmsprop_is_ten_rates_long_before_it_is_clipped() -> None:
    """Its mean square is then g**2 / 100: each weight moves by rate * 10, whatever the gradient."""
    recipe = at(make("wgan", PARTS, learning_rate=1e-3, clip=9.0, discriminator_learning_rate=2e-3, **SMALL), 4)
    before = flat(recipe)
    recipe.step(images())
    for name, rate in (("generator", 1e-3), ("discriminator", 2e-3)):
        moved = (flat(recipe)[name] - before[name]).abs()
        assert moved.max().item() == pytest.approx(10 * rate, rel=1e-3)


def test_the_optimizers_are_the_papers() -> None:
    for optimizer in make("wgan", PARTS, **SMALL).optimizers.values():
        assert isinstance(optimizer, torch.optim.RMSprop)
        assert (optimizer.defaults["lr"], optimizer.defaults["alpha"], optimizer.defaults["momentum"]) == (
            5e-5,
            0.99,
            0,
        )
    recipe = make("wgan-gp", PARTS, **SMALL)
    for optimizer in recipe.optimizers.values():
        assert isinstance(optimizer, torch.optim.Adam)
        assert (optimizer.defaults["lr"], optimizer.defaults["betas"]) == (1e-4, (0.0, 0.9))
    assert recipe.config.discriminator_steps == make("wgan", PARTS, **SMALL).config.discriminator_steps == 5
    assert make("wgan", PARTS, **SMALL).config.clip == 0.01
    assert recipe.loss.loss.penalty == 10


def test_the_generator_learns_in_each_fifth_step_and_the_critic_is_clipped_in_every_one() -> None:
    recipe = make("wgan", {**PARTS, "discriminator": {"width": 4}}, learning_rate=5e-3, **SMALL)
    for step in range(10):
        before = flat(recipe)["generator"]
        losses = at(recipe, step).step(images(step))
        learned = step in (4, 9)
        assert ("generator" in losses) == learned
        assert torch.equal(flat(recipe)["generator"], before) != learned
        critic = recipe.networks["discriminator"]
        largest = max(parameter.abs().max().item() for parameter in critic.parameters())
        assert largest == pytest.approx(0.01, rel=1e-6), "the scales of batch norm begin at 1, and are clipped too"


def test_a_critic_is_clipped_alike_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes average gradients, then each clips: the same of the same."""
    monkeypatch.setattr(recipe_module.Processes, "average", lambda self, tensors: [each.fill_(0.5) for each in tensors])
    recipes = [make("wgan", PARTS, **SMALL) for _ in range(2)]
    for rank, recipe in enumerate(recipes):
        recipe.processes = recipe_module.Processes(rank, 2)
        at(recipe, 4).step(images(rank))
    assert torch.equal(*(flat(recipe)["discriminator"] for recipe in recipes))


def test_a_run_that_is_resumed_is_the_one_that_never_stopped() -> None:
    whole = make("wgan", PARTS, learning_rate=1e-3, **SMALL)
    for step in range(5):
        at(whole, step).step(images(step))
    resumed = make("wgan", PARTS, learning_rate=1e-3, **SMALL)
    state = copy.deepcopy({name: network.state_dict() for name, network in whole.networks.items()})
    rates = copy.deepcopy({name: optimizer.state_dict() for name, optimizer in whole.optimizers.items()})
    for name in state:
        resumed.networks[name].load_state_dict(state[name])
        resumed.optimizers[name].load_state_dict(rates[name])
    for step in range(5, 10):
        for recipe in (whole, resumed):
            at(recipe, step).step(images(step))
    assert all(torch.equal(flat(whole)[name], flat(resumed)[name]) for name in state)


# ---- the critic ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [8, 9, 16, 28, 50, 64, 100, 256])
@pytest.mark.parametrize("norm", ["layer", "none"])
def test_the_critic_values_pictures_of_any_size_each_alone(size: int, norm: str) -> None:
    critic = ganzoo.build("discriminator:wgan", image_size=size, width=2, norm=norm)
    pictures = torch.rand(3, 3, size, size) * 2 - 1
    values = critic(pictures)
    assert values.shape == (3, 1)
    assert torch.allclose(values, torch.cat([critic(one[None]) for one in pictures]), atol=1e-4)


def test_the_critic_has_layer_norm_behind_every_convolution_but_the_first() -> None:
    kinds = [type(module) for module in ganzoo.build("discriminator:wgan", image_size=64, width=2).layers]
    assert kinds[:3] == [nn.Conv2d, nn.LeakyReLU, nn.Conv2d]
    assert kinds.count(nn.Conv2d) == 4
    assert kinds.count(nn.GroupNorm) == 3
    assert nn.GroupNorm not in [
        type(module) for module in ganzoo.build("discriminator:wgan", image_size=64, width=2, norm="none").layers
    ]
    assert nn.BatchNorm2d not in kinds


@pytest.mark.parametrize(("size", "words"), [(7, "from 8 to 256"), (257, "from 8 to 256")])
def test_sizes_beyond_the_critic_are_refused(size: int, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        ganzoo.build("discriminator:wgan", image_size=size)


# ---- learning --------------------------------------------------------------------------------------------------------


@pytest.mark.learning
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("wgan-gp", {"learning_rate": 2e-3, "discriminator_learning_rate": 4e-3, "discriminator_steps": 2}),
        ("wgan", {"learning_rate": 1e-3, "clip": 0.05, "discriminator_steps": 3}),
    ],
    ids=["wgan-gp", "wgan"],
)
def test_discs_are_learned_and_the_estimated_distance_tells(
    double: None, seed: int, measured: Measures, name: str, options: dict[str, Any]
) -> None:
    parts = {"generator": {"width": 8, "latent_dim": 8}, "discriminator": {"width": 8, "norm": "none"}}
    recipe = make(name, parts, seed=seed, **SMALL, **options)
    start, blank = distance(recipe), average_error(recipe)
    steps = falling_rates(recipe, 450) if name == "wgan-gp" else range(450)
    losses = train(recipe, steps, batch_size=32, seed=seed)
    measured("average picture", average_error(recipe), limit=0.6 * blank, untrained=blank)
    if name == "wgan-gp":
        measured("distance", distance(recipe), limit=0.7 * start, untrained=start)
        estimates = [each["wasserstein"] for each in losses]
        highest, last = max(estimates), sum(estimates[-30:]) / 30
        # As the critic has learned, its estimate falls with the generator's error.
        measured("estimate", last, limit=0.7 * highest, untrained=highest)


def test_the_measure_of_the_discs_themselves_is_out_of_reach_of_random_weights() -> None:
    from white_discs import discs

    recipe = make("wgan-gp", {"generator": {"width": 8, "latent_dim": 8}, "discriminator": {"width": 8}}, **SMALL)
    assert sliced_wasserstein(discs(256, 2), discs(256, 1)) < 40 < 5 * 40 < distance(recipe)
