"""A training that dies is noticed, in words; one that lives is not cried over."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

import numpy as np
import pytest
import torch

from ganzoo.training.collapse_detector import CollapseDetector, Diagnosis, variety


def feed(watch: CollapseDetector, name: str, values: Iterable[float], every: int = 50) -> list[Diagnosis]:
    """Show a loss at steps 50, 100, ...; return all warnings."""
    return [one for k, value in enumerate(values, 1) for one in watch.losses(k * every, {name: value})]


def show(watch: CollapseDetector, shares: Iterable[float], every: int = 500) -> list[Diagnosis]:
    """Show the variety of 'generator' at steps 1, 500, 1000, ...; return all warnings."""
    steps = (max(1, k * every) for k in range(10**6))
    return [one for step, share in zip(steps, shares) for one in watch.variety(step, {"generator": share})]  # noqa: B905


# ---- losses


@pytest.mark.parametrize(
    ("name", "sign", "means"),
    [
        ("discriminator", 0, "tells real from generated images without error"),
        ("discriminator_b", 1, "scores real and generated images alike"),
        ("generator", 0, "takes generated images for real"),
        ("adversarial", 1, "scores generated images at zero"),
    ],
)
def test_a_loss_that_stays_at_zero_has_vanished(name: str, sign: int, means: str) -> None:
    before = [0.7, -0.7] if sign else [0.7, 0.7]
    (warning,) = feed(CollapseDetector(), name, [*before, *[4e-4] * 30])
    assert (warning.step, warning.kind) == (600, "vanished")  # the tenth of them, and then not again
    assert (
        f"The loss '{name}' has been within 0.001 of zero for the last 10 logged steps, up to step 600" in warning.text
    )
    assert means in warning.text
    assert "--set" in warning.text and "--part loss=" in warning.text


def test_nine_steps_at_zero_are_not_enough_and_one_away_starts_the_count_again() -> None:
    assert feed(CollapseDetector(), "discriminator", ([1e-5] * 9 + [2e-3]) * 5) == []


def test_a_loss_that_came_back_is_warned_of_again() -> None:
    found = feed(CollapseDetector(), "discriminator", [0.0] * 12 + [0.3] + [0.0] * 12)
    assert [one.step for one in found] == [500, 1150]


def test_losses_of_neither_side_may_vanish() -> None:
    watch = CollapseDetector()
    assert [feed(watch, name, [1e-6] * 50) for name in ("l1", "cycle", "identity")] == [[], [], []]


def healthy() -> dict[str, Iterable[float]]:
    """Losses as runs that went well logged them: shapes and noise of each kind."""
    draw = np.random.default_rng(3)
    time = np.linspace(0, 1, 400)
    return {
        "cross entropy, generator": 1 + 2 * time + 0.3 * draw.normal(size=400),
        "cross entropy, discriminator": np.abs(0.02 + 0.6 * np.exp(-4 * time) + 0.02 * draw.normal(size=400)),
        "least squares, discriminator": 0.2 * draw.random(400) + 0.01,
        "hinge, generator": 0.3 * np.sin(20 * time) + 0.05 * draw.normal(size=400),  # crosses zero
        "hinge, discriminator": np.maximum(0, 1.2 + 0.4 * draw.normal(size=400)),  # and is now and then exactly zero
        "Wasserstein, discriminator": -5 * np.exp(-3 * time) * np.cos(30 * time) + 0.02 * draw.normal(size=400),
        "Wasserstein, generator": 0.01 * draw.normal(size=400),
    }


@pytest.mark.parametrize("name", healthy())
def test_healthy_losses_are_let_be(name: str) -> None:
    assert feed(CollapseDetector(), name, map(float, healthy()[name])) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_no_number_is_named_once_until_it_is_one_again(value: float) -> None:
    found = feed(CollapseDetector(), "l1", [0.5, value, value, 0.5, value])
    assert [(one.step, one.kind) for one in found] == [(100, "nan"), (250, "nan")]
    assert f"The loss 'l1' is {value} at step 100." in found[0].text
    assert "--set learning_rate" in found[0].text


# ---- variety


def test_variety_that_fell_below_a_quarter_of_its_best_at_two_looks_is_a_collapse() -> None:
    (warning,) = show(CollapseDetector(), [0.01, 0.3, 0.6, 0.8, 0.19, 0.18, 0.17, 0.1])
    assert (warning.step, warning.kind) == (2500, "collapse")
    assert "images from 'generator' all look alike" in warning.text
    assert "their variety is 18.0% of the real images', and was 80.0% before" in warning.text
    assert "--set learning_rate" in warning.text


def test_one_poor_look_between_good_ones_is_no_collapse() -> None:
    assert show(CollapseDetector(), [0.01, 0.8, 0.1, 0.8, 0.1, 0.7]) == []


def test_images_that_never_varied_are_a_collapse_after_the_warmup() -> None:
    (warning,) = show(CollapseDetector(), [0.001, 0.02, 0.03, 0.02, 0.01, 0.01])
    assert warning.step == 1500  # looks at 500, 1000 and 1500; that of step 1 does not count
    assert "is 2.0% of the real images'." in warning.text
    (early,) = show(CollapseDetector(warmup_steps=20), [0.001] * 9, every=10)
    assert early.step == 40


def test_an_untrained_generator_that_learns_is_let_be() -> None:
    """Shares of a narrow DCGAN on Fashion-MNIST, every 20 steps, and of its average."""
    measured = [0.001, 0.01, 0.036, 0.065, 0.088, 0.116, 0.169, 0.335, 0.477, 0.542, 0.593, 0.658, 0.685, 0.717]
    averaged = [0.001, 0.006, 0.017, 0.038, 0.061, 0.087, 0.115, 0.18, 0.29, 0.389, 0.47, 0.538, 0.595, 0.639]
    assert show(CollapseDetector(), measured, every=20) == show(CollapseDetector(), averaged, every=20) == []


def test_more_variety_than_the_real_images_is_no_standard_to_be_kept_to() -> None:
    assert show(CollapseDetector(), [3.0, 3.0, 0.5, 0.5, 0.5]) == []


def test_a_collapse_is_warned_of_again_after_a_recovery() -> None:
    found = show(CollapseDetector(), [0.8, 0.8, 0.1, 0.1, 0.1, 0.7, 0.1, 0.1])
    assert [one.step for one in found] == [1500, 3500]


def test_each_direction_is_watched_by_itself() -> None:
    watch, found = CollapseDetector(), []
    for step, share in enumerate([0.8, 0.1, 0.1], 1):
        found += watch.variety(step, {"a2b": 0.6, "b2a": share})
    (warning,) = found
    assert "'b2a'" in warning.text


def test_variety_that_is_no_number_is_named() -> None:
    (warning,) = show(CollapseDetector(), [0.8, math.nan, math.nan])
    assert (warning.step, warning.kind) == (500, "nan")


# ---- resuming


def test_a_resumed_watch_warns_as_one_that_was_never_stopped() -> None:
    losses = [0.5, -0.1, *[0.0] * 14, 0.2, math.nan, math.nan, *[0.0] * 11]
    shares = [0.9, 0.9, 0.1, 0.1, 0.01, 0.01, 0.01, 0.9, 0.1, 0.1, *[0.9] * 20]
    straight, expected = CollapseDetector(), []
    pairs = zip(losses, shares, strict=True)
    steps = [(k * 500, {"generator": loss}, {"generator": share}) for k, (loss, share) in enumerate(pairs)]
    for step, values, varieties in steps:
        expected += straight.losses(step, values) + straight.variety(step, varieties)
    assert {one.kind for one in expected} == {"vanished", "collapse", "nan"} and len(expected) == 5

    found, state = [], CollapseDetector().state()
    for step, values, varieties in steps:
        watch = CollapseDetector()  # stopped and resumed after every single look, through text
        watch.load_state(json.loads(json.dumps(state)))
        found += watch.losses(step, values) + watch.variety(step, varieties)
        state = watch.state()
    assert found == expected
    assert state == straight.state()


def test_the_state_is_a_copy() -> None:
    watch = CollapseDetector()
    feed(watch, "generator", [0.0] * 9)
    state = watch.state()
    before = json.dumps(state)
    feed(watch, "generator", [0.0] * 9)
    assert json.dumps(state) == before
    again = CollapseDetector()
    again.load_state(state)
    feed(again, "generator", [0.0])
    assert json.dumps(state) == before


# ---- the measure


def test_variety_is_the_deviation_over_the_batch_of_images_made_small() -> None:
    images = torch.rand(6, 3, 32, 48, generator=torch.Generator().manual_seed(0)) * 2 - 1
    small = images.double().unflatten(2, (8, 4)).unflatten(4, (8, 6)).mean((3, 5))
    expected = (small - small.mean(0)).square().mean(0).sqrt().mean()
    assert variety(images) == pytest.approx(float(expected), abs=1e-6)


def test_equal_images_have_no_variety_and_noise_on_them_hardly_any() -> None:
    same = torch.linspace(-1, 1, 64).repeat(8, 1, 64, 1)
    noise = torch.randn(same.shape, generator=torch.Generator().manual_seed(0))
    different = torch.linspace(-1, 1, 8).view(8, 1, 1, 1).expand(8, 1, 64, 64)
    assert variety(same) == 0
    assert variety((same + 0.2 * noise).clamp(-1, 1)) < 0.05 * variety(different)
    assert variety(different) == pytest.approx(float(np.std(np.linspace(-1, 1, 8))))


def test_small_images_single_ones_and_half_precision() -> None:
    assert variety(torch.zeros(4, 1, 4, 5)) == 0
    assert variety(torch.rand(1, 3, 16, 16)) == 0
    assert variety(torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).bfloat16()) == 1
