"""What the contracts themselves do: recognize their kin, take a step, freeze networks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo import Discriminator, Generator, Loss, Recipe


class Least(Recipe):
    """The least a recipe can be: one weight, pulled to zero."""

    def __init__(self) -> None:
        self.networks = {"one": nn.Linear(1, 1, bias=False), "other": nn.Linear(1, 1, bias=False)}
        nn.init.constant_(self.networks["one"].weight, 2.0)
        self.optimizers = {"sgd": torch.optim.SGD(self.networks["one"].parameters(), lr=0.25)}
        self.exports = {"": "one"}

    def step(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        loss = self.networks["one"].weight.square().sum()
        self.update("sgd", loss)
        return {"square": loss}

    def sample(self, networks: Mapping[str, nn.Module], batch: Mapping[str, Tensor]) -> Tensor:
        return torch.zeros(1, 1, 1, 1)


def test_built_in_parts_are_recognized_by_their_contracts() -> None:
    generator = ganzoo.build("generator:dcgan", image_size=16, width=4)
    discriminator = ganzoo.build("discriminator:dcgan", image_size=16, width=4)
    loss = ganzoo.build("loss:hinge")
    assert isinstance(generator, Generator)
    assert isinstance(discriminator, Discriminator)
    assert isinstance(loss, Loss)
    assert not isinstance(loss, Generator)
    assert not isinstance(nn.Linear(1, 1), (Generator, Discriminator, Loss))


def test_update_takes_one_step_down_and_forgets_older_gradients() -> None:
    recipe = Least()
    weight = recipe.networks["one"].weight
    weight.grad = torch.full((1, 1), 100.0)
    assert recipe.step({})["square"].item() == 4
    assert weight.item() == 2 - 0.25 * 2 * 2
    recipe.step({})
    assert weight.item() == 1 - 0.25 * 2 * 1


def test_update_goes_backward_outside_of_autocast() -> None:
    recipe = Least()
    seen: list[bool] = []
    weight = recipe.networks["one"].weight
    weight.register_hook(lambda gradient: seen.append(torch.is_autocast_enabled("cpu")))
    with torch.autocast("cpu", torch.bfloat16):
        recipe.step({})
        assert torch.is_autocast_enabled("cpu")
    assert seen == [False]


def test_frozen_networks_get_no_gradient_and_are_as_they_were_afterwards() -> None:
    recipe = Least()
    first, second = (recipe.networks[name].weight for name in ("one", "other"))
    with recipe.frozen("one"):
        assert not first.requires_grad
        (first * second).sum().backward()
    assert first.grad is None
    assert second.grad is not None
    assert first.requires_grad


def test_what_was_not_trained_before_is_not_trained_after_freezing() -> None:
    recipe = Least()
    recipe.networks["one"].weight.requires_grad_(False)
    with recipe.frozen("one", "other"):
        pass
    assert not recipe.networks["one"].weight.requires_grad
    assert recipe.networks["other"].weight.requires_grad


def test_an_error_in_the_block_leaves_nothing_frozen() -> None:
    recipe = Least()
    with pytest.raises(RuntimeError, match="broken"), recipe.frozen("one"):
        raise RuntimeError("broken")
    assert recipe.networks["one"].weight.requires_grad


def test_a_recipe_needs_step_and_sample_and_has_quiet_defaults_for_the_rest() -> None:
    recipe = Least()
    assert recipe.validate(recipe.networks, {}) == {}
    assert [recipe.learning_rate(progress) for progress in (0.0, 0.5, 1.0)] == [1, 1, 1]
    assert recipe.state() == {}
    recipe.load_state({})
    with pytest.raises(TypeError, match=r"abstract method.* sample"):
        type("Half", (Recipe,), {"step": Least.step})()
