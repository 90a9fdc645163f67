"""The tools that `Recipe` hands to every algorithm, each on networks small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import AdversarialConfig, Recipe
from ganzoo.contracts.recipe import StepState
from ganzoo.recipes.distributed import Processes

RATE = 0.25


class Pair(Recipe):
    """A made picture, ``generator`` times one, and its judge; plain gradient descent."""

    def __init__(self, **values: Any) -> None:
        self.config = AdversarialConfig(**values)
        self.networks = {"generator": nn.Linear(2, 2, bias=False), "judge": nn.Linear(2, 1, bias=False)}
        nn.init.constant_(self.networks["generator"].weight, 0.5)
        nn.init.constant_(self.networks["judge"].weight, 2.0)
        self.optimizers = {name: torch.optim.SGD(net.parameters(), lr=RATE) for name, net in self.networks.items()}
        self.exports = {"": "generator"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        loss = self.networks["judge"](self.networks["generator"](torch.ones(1, 2))).sum()
        self.update("generator", loss)
        return {"generator": loss}

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        return torch.zeros(1, 1, 1, 1)


def weights(recipe: Recipe, name: str) -> Tensor:
    return recipe.networks[name].weight.detach().clone()


# ---- update ----------------------------------------------------------------------------------------------------------


def test_an_update_leaves_no_gradient_in_networks_of_other_optimizers_frozen_or_not() -> None:
    recipe = Pair()
    evaluated = weights(recipe, "judge")
    recipe.step({})
    assert recipe.networks["judge"].weight.grad is None
    assert recipe.networks["generator"].weight.grad.tolist() == [[2, 2], [2, 2]]
    assert torch.equal(weights(recipe, "judge"), evaluated)


def test_an_update_keeps_another_optimizers_gradient_as_it_was() -> None:
    recipe = Pair()
    recipe.networks["judge"].weight.grad = torch.full((1, 2), 7.0)
    recipe.step({})
    assert recipe.networks["judge"].weight.grad.tolist() == [[7, 7]]


@pytest.mark.parametrize(("limit", "length"), [(0.0, 4.0), (1.0, 1.0), (100.0, 4.0)])  # its gradient is four times 2
def test_clip_norm_limits_the_length_of_the_gradient_and_keeps_its_direction(limit: float, length: float) -> None:
    recipe = Pair(clip_norm=limit)
    before = weights(recipe, "generator")
    recipe.step({})
    taken = (before - weights(recipe, "generator")).flatten() / RATE
    assert taken.norm().item() == pytest.approx(length, rel=1e-5)
    assert taken.tolist() == pytest.approx([length / 2] * 4, rel=1e-5)


class Scaler:
    """Stands for torch's GradScaler, and tells what it was asked in which order."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def scale(self, loss: Tensor) -> Tensor:
        self.calls.append("scale")
        return loss * 1024

    def unscale_(self, optimizer: torch.optim.Optimizer) -> None:
        self.calls.append("unscale")
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad /= 1024

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        self.calls.append("step")
        optimizer.step()

    def update(self) -> None:
        self.calls.append("update")


def test_a_scaled_gradient_is_clipped_at_its_own_length() -> None:
    recipe, scaler = Pair(clip_norm=1.0), Scaler()
    recipe.scalers = {"generator": scaler}
    before = weights(recipe, "generator")
    recipe.step({})
    assert scaler.calls == ["scale", "unscale", "step", "update"]
    assert (before - weights(recipe, "generator")).norm().item() / RATE == pytest.approx(1.0, rel=1e-5)


def test_a_step_whose_scaled_gradient_overflows_is_skipped_and_the_scale_halved() -> None:
    recipe = Pair()
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    recipe.scalers = {"generator": scaler}
    before = weights(recipe, "generator")
    recipe.step({})  # gradients of 2 * 2**127 are beyond float32
    assert torch.equal(weights(recipe, "generator"), before)
    assert scaler.get_scale() == 2.0**126
    recipe.step({})  # 2 * 2**126 is not
    assert (before - weights(recipe, "generator")).eq(2 * RATE).all()
    assert scaler.get_scale() == 2.0**126


# ---- the optimizer, and whose turn it is -----------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "expected"), [(0.0, 2e-3), (5e-4, 5e-4)])
def test_the_discriminator_s_adam_has_a_rate_of_its_own_where_one_is_set(given: float, expected: float) -> None:
    recipe = Pair(learning_rate=2e-3, discriminator_learning_rate=given, beta1=0.1, beta2=0.9)
    made, judge = recipe.adam(recipe.networks["generator"]), recipe.adam(recipe.networks["judge"], discriminator=True)
    assert (made.defaults["lr"], judge.defaults["lr"]) == (2e-3, expected)
    assert made.defaults["betas"] == judge.defaults["betas"] == (0.1, 0.9)


@pytest.mark.parametrize(("every", "learns"), [(1, [0, 1, 2, 3, 4, 5]), (2, [1, 3, 5]), (5, [4])])
def test_the_generator_learns_in_each_so_manieth_step(every: int, learns: list[int]) -> None:
    recipe = Pair(discriminator_steps=every)
    turns = []
    for step in range(6):
        recipe.step_state = StepState(step)
        if recipe.is_generator_step():
            turns.append(step)
    assert turns == learns


def test_a_recipe_whose_config_has_none_of_the_options_has_tools_that_do_nothing() -> None:
    recipe = Pair()
    recipe.config = SimpleNamespace(learning_rate=0.1, beta1=0.5, beta2=0.9)
    images = torch.ones(2, 1, 4, 4)
    assert recipe.is_generator_step()
    assert recipe.augment(images) is images
    assert recipe.penalty(nn.Flatten(), images, images) == 0
    assert recipe.learning_rate(0.9) == 1
    assert recipe.adam(recipe.networks["judge"], discriminator=True).defaults["lr"] == 0.1


# ---- penalties -------------------------------------------------------------------------------------------------------


class Critic(nn.Module):
    """D(x) = weight . x**2 / 2, whose slope is weight * x."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(1, 2, 16).view(1, 1, 4, 4))

    def forward(self, images: Tensor) -> Tensor:
        return (self.weight * images.square() / 2).flatten(1).sum(1, keepdim=True)


@pytest.mark.parametrize("every", [1, 4])
def test_r1_is_half_its_weight_times_the_squared_slope_at_real_images_in_each_so_manieth_step(every: int) -> None:
    recipe, critic = Pair(r1=3.0, r1_every=every), Critic()
    real = torch.rand(5, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    fake = torch.full((5, 1, 4, 4), 100.0)  # is not looked at
    expected = 3 / 2 * every * (critic.weight.double() * real.double()).square().flatten(1).sum(1).mean()
    for step in range(9):
        recipe.step_state = StepState(step)
        penalty = recipe.penalty(critic, real, fake)
        if step % every:
            assert penalty == 0
        else:
            assert isinstance(penalty, Tensor)
            assert penalty.item() == pytest.approx(expected.item(), rel=1e-5)
            (gradient,) = torch.autograd.grad(penalty, critic.weight)
            (exact,) = torch.autograd.grad(expected, critic.weight, retain_graph=True)
            assert torch.allclose(gradient, exact, rtol=1e-4)


def test_the_penalty_of_the_loss_comes_on_top_of_r1() -> None:
    recipe, critic = Pair(r1=2.0, r1_every=2), Critic()
    images = torch.ones(2, 1, 4, 4)
    recipe.loss = SimpleNamespace(regularizer=lambda discriminator, real, fake: torch.tensor(0.25))  # type: ignore[attr-defined]
    alone = 2 / 2 * 2 * critic.weight.square().sum().item()
    assert recipe.penalty(critic, images, images).item() == pytest.approx(alone + 0.25, rel=1e-5)
    recipe.step_state = StepState(1)
    assert float(recipe.penalty(critic, images, images)) == 0.25


# ---- together --------------------------------------------------------------------------------------------------------

JUDGES: dict[str, tuple[str, dict[str, Any], bool]] = {  # entry, options, whether pictures are judged as one batch
    "patches, instance norm": ("discriminator:patchgan", {"width": 4, "receptive_field": 16}, True),
    "patches, no norm": ("discriminator:patchgan", {"width": 4, "receptive_field": 16, "norm": "none"}, True),
    "patches, batch norm": ("discriminator:patchgan", {"width": 4, "receptive_field": 16, "norm": "batch"}, False),
    "scales": ("discriminator:patchgan-multiscale", {"width": 4, "receptive_field": 16, "scales": 2}, True),
    "scales, batch norm": (
        "discriminator:patchgan-multiscale",
        {"width": 4, "receptive_field": 16, "scales": 2, "norm": "batch"},
        False,
    ),
    "dcgan, batch norm": ("discriminator:dcgan", {"width": 4, "image_size": 32}, False),
    "dcgan, no norm": ("discriminator:dcgan", {"width": 4, "image_size": 32, "norm": "none"}, True),
    "stylegan, deviation within groups": (
        "discriminator:stylegan",
        {"width": 4, "widest": 8, "image_size": 32, "channels": 3},
        False,
    ),
    "perceptron": ("discriminator:vanilla", {"width": 4, "image_size": 32, "channels": 3}, True),
}


@pytest.mark.parametrize("case", JUDGES)
def test_together_is_what_separate_calls_are(case: str) -> None:
    spec, options, at_once = JUDGES[case]
    discriminator, calls = ganzoo.build(spec, **options), []
    discriminator.register_forward_pre_hook(lambda module, inputs: calls.append(len(inputs[0])))
    random = torch.Generator().manual_seed(3)
    sets = [torch.rand(count, 3, 32, 32, generator=random) * 2 - 1 for count in (3, 2, 4)]
    expected = [discriminator(images) for images in sets]
    calls.clear()
    found = Pair().forward_batched(discriminator, *sets)
    assert calls == ([9] if at_once else [3, 2, 4])
    assert len(found) == 3
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, list) == isinstance(other, list) == case.startswith("scales")
        for a, b in zip(as_list(one), as_list(other), strict=True):
            assert a.shape == b.shape
            assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_what_goes_next_to_images_goes_with_each_of_them(norm: str) -> None:
    discriminator, calls = ganzoo.build("discriminator:cgan", width=4, image_size=16, norm=norm), []
    sets, labels = torch.rand(2, 3, 3, 16, 16) * 2 - 1, torch.tensor([4, 0, 7])
    expected = [discriminator(images, labels) for images in sets]
    discriminator.register_forward_pre_hook(lambda module, inputs: calls.append(inputs[1].tolist()))
    found = Pair().forward_batched(discriminator, *sets, conditioning=(labels,))
    assert calls == ([[4, 0, 7, 4, 0, 7]] if norm == "none" else [[4, 0, 7]] * 2)
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(found, expected, strict=True))


def as_list(logits: Tensor | list[Tensor]) -> list[Tensor]:
    return logits if isinstance(logits, list) else [logits]


def test_together_gives_the_gradients_of_separate_calls() -> None:
    discriminator = ganzoo.build("discriminator:patchgan-multiscale", width=4, receptive_field=16, scales=2).double()
    images, others = (torch.rand(2, 3, 32, 32, dtype=torch.float64) for _ in range(2))

    def gradients(outputs: list[Any]) -> list[Tensor]:
        loss = sum(scale.sin().mean() for scale in outputs[0]) - sum(scale.cos().mean() for scale in outputs[1])
        return list(torch.autograd.grad(loss, list(discriminator.parameters())))

    batched, apart = (
        Pair().forward_batched(discriminator, images, others),
        [discriminator(images), discriminator(others)],
    )
    pairs = zip(gradients(batched), gradients(apart), strict=True)
    assert all(torch.allclose(one, other, rtol=1e-9, atol=1e-12) for one, other in pairs)


def test_images_of_different_sizes_and_one_set_alone_are_run_as_they_are() -> None:
    discriminator, calls = nn.Conv2d(1, 1, 3), []
    discriminator.register_forward_pre_hook(lambda module, inputs: calls.append(tuple(inputs[0].shape)))
    recipe = Pair()
    assert [
        each.shape[-1] for each in recipe.forward_batched(discriminator, torch.ones(2, 1, 8, 8), torch.ones(2, 1, 6, 6))
    ] == [6, 4]
    assert len(recipe.forward_batched(discriminator, torch.ones(2, 1, 8, 8))) == 1
    assert calls == [(2, 1, 8, 8), (2, 1, 6, 6), (2, 1, 8, 8)]


def test_half_precision_images_are_brought_to_the_type_of_the_first() -> None:
    discriminator, calls = nn.Conv2d(1, 1, 3), []
    discriminator.register_forward_pre_hook(lambda module, inputs: calls.append(inputs[0].dtype))
    Pair().forward_batched(discriminator, torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4, dtype=torch.bfloat16))
    assert calls == [torch.float32]


# ---- draws -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", ["normal", "uniform"])
def test_a_batch_in_parts_over_processes_draws_the_numbers_of_the_whole_batch(draw: str) -> None:
    def drawn(count: int, part: int = 0, parts: int = 1, rank: int = 0, processes: int = 1) -> Tensor:
        recipe = Pair()
        recipe.step_state = StepState(0, part, parts, torch.Generator().manual_seed(8))
        recipe.processes = Processes(rank, processes)
        values: Tensor = getattr(recipe, draw)(count, 3, 2, device="cpu")
        return values

    whole = drawn(12)
    assert whole.shape == (12, 3, 2)
    shares = [drawn(2, part, 3, rank, 2) for part in range(3) for rank in range(2)]
    assert torch.equal(torch.cat(shares), whole)
    if draw == "uniform":
        assert whole.min() >= 0 and whole.max() < 1
    else:
        assert whole.min() < 0 and whole.max() > 1


def test_without_a_generator_of_the_step_torch_s_own_is_drawn_from() -> None:
    recipe = Pair()
    torch.manual_seed(4)
    expected = torch.randn(2, 3), torch.rand(2, 3)
    torch.manual_seed(4)
    assert torch.equal(recipe.normal(2, 3, device="cpu"), expected[0])
    assert torch.equal(recipe.uniform(2, 3, device="cpu"), expected[1])
