"""Regularizers against their formulas, with weights and intervals, and in recipes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo.catalog.building import ChosenParts
from ganzoo.contracts.recipe import StepState
from ganzoo.losses.regularizer import LazyRegularizer
from ganzoo.training.setup import build_recipe

REAL, FAKE = (torch.randn(3, 1, 2, 2, generator=torch.Generator().manual_seed(n), dtype=torch.float64) for n in (1, 2))


class Squares(nn.Module):
    """D(x) = w * sum(x**2), whose slope is 2 * w * x."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.7, dtype=torch.float64))

    def forward(self, images: Tensor) -> Tensor:
        return self.weight * images.square().flatten(1).sum(1)


def squared_slopes(images: Tensor) -> list[float]:
    return [sum((2 * 0.7 * value) ** 2 for value in image) for image in images.flatten(1).tolist()]


def test_r1_and_r2_are_half_the_squared_slope_at_real_and_at_generated_images() -> None:
    for name, images in (("r1", REAL), ("r2", FAKE)):
        value = ganzoo.build(f"regularizer:{name}")(Squares(), REAL, FAKE)
        assert value.item() == pytest.approx(sum(squared_slopes(images)) / 6, rel=1e-12)


def test_the_gradient_penalty_draws_from_the_recipes_numbers() -> None:
    penalty = LazyRegularizer(ganzoo.build("regularizer:gradient-penalty"))
    value = penalty.value(0, Squares(), REAL, FAKE, uniform=lambda *shape, device: torch.full(shape, 0.25))
    norms = [slope**0.5 for slope in squared_slopes(0.25 * REAL + 0.75 * FAKE)]
    assert torch.as_tensor(value).item() == pytest.approx(
        sum((norm - 1) ** 2 for norm in norms) / 3, rel=1e-6
    )  # it is taken in float32


def test_lecam_keeps_logits_near_moving_averages_of_the_other_kind() -> None:
    regularizer = ganzoo.build("regularizer:lecam", decay=0.9)
    anchors: list[float] = []
    for shift in (0.0, 0.5, -1.0):
        images = [REAL + shift, FAKE - shift]
        scores = [[0.7 * sum(v**2 for v in image) for image in each.flatten(1).tolist()] for each in images]
        means = [sum(each) / 3 for each in scores]
        anchors = [0.9 * old + 0.1 * new for old, new in zip(anchors or means, means, strict=True)]
        expected = sum((x - anchors[1]) ** 2 for x in scores[0]) / 3 + sum((x - anchors[0]) ** 2 for x in scores[1]) / 3
        assert regularizer(Squares(), *images).item() == pytest.approx(expected, rel=1e-12)


def test_lecam_has_anchors_for_each_discriminator_and_scale_and_resumes() -> None:
    def scales(images: Tensor) -> list[Tensor]:
        return [images.flatten(1).mean(1), images.flatten(1).sum(1)]

    regularizer = ganzoo.build("regularizer:lecam")
    for name in ("a", "b"):
        regularizer(scales, REAL, FAKE, name=name)
    assert set(regularizer.state()) == {"a/0", "a/1", "b/0", "b/1"}
    again = ganzoo.build("regularizer:lecam")
    again.load_state(regularizer.state())
    assert again(scales, FAKE, REAL, name="b") == regularizer(scales, FAKE, REAL, name="b")


def test_a_regularizer_is_computed_in_every_kth_step_and_then_k_times_as_strong() -> None:
    regularizer = LazyRegularizer(lambda discriminator, real, fake: torch.tensor(2.0), weight=0.5, every=4)
    assert [float(regularizer.value(step, None, REAL, FAKE)) for step in range(6)] == [4, 0, 0, 0, 4, 0]


def recipe_with(parts: dict[str, str], options: dict[str, dict[str, object]], name: str = "dcgan") -> ganzoo.Recipe:
    entry = ganzoo.catalog.find(f"recipe:{name}")
    small = {role: {"width": 4} for role in ("generator", "discriminator")}
    chosen = ChosenParts(entry, parts, {**small, **options})
    return build_recipe(entry, chosen.config({"image_size": 16, "channels": 1}), chosen, seed=0)


@pytest.mark.parametrize("name", ["r1", "r2", "gradient-penalty", "lecam"])
def test_a_user_adds_a_regularizer_to_any_adversarial_recipe(name: str) -> None:
    images = torch.rand(4, 1, 16, 16) * 2 - 1
    losses = []
    for weight in (0.0, 50.0):
        recipe = recipe_with({"regularizer": name}, {"regularizer": {"weight": weight, "every": 2}})
        recipe.step_state = StepState(step=2)
        torch.manual_seed(1)
        losses.append(recipe.step({"image": images})["discriminator"].item())
    assert losses[0] != losses[1]


def test_a_recipe_without_a_discriminator_takes_no_regularizer() -> None:
    with pytest.raises(ganzoo.GanzooError, match="no part 'regularizer'"):
        ChosenParts(ganzoo.catalog.find("recipe:srresnet"), {"regularizer": "r1"}, {})


def test_a_suggestion_that_replaces_a_default_is_said_unless_the_user_decided() -> None:
    entry = ganzoo.catalog.find("recipe:cyclegan")
    small = {"generator": {"width": 4, "blocks": 0}, "discriminator": {"width": 4}}
    for own, expected in (
        ({}, ("The recipe sets loss.factor=1.0; the default of loss:least-squares is 0.5.",)),
        ({"loss": {"factor": 0.7}}, ()),
    ):
        chosen = ChosenParts(entry, {}, {**small, **own})
        entry.build(chosen.config({"image_size": 32, "channels": 3}), chosen)
        assert tuple(chosen.suggestions) == expected
