"""Every adversarial loss against its formula, written out in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo.losses.multi_scale import MultiScaleLoss


@pytest.fixture
def logits() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(3)
    return tuple(torch.randn(4, 1, 3, 2, generator=random, dtype=torch.float64) * 2 for _ in range(2))  # type: ignore


def mean(formula: Callable[[float], float], logits: Tensor) -> float:
    values = logits.flatten().tolist()
    return sum(map(formula, values)) / len(values)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def close(value: Tensor, expected: float) -> bool:
    return value.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("label", [1.0, 0.9, 0.5])
def test_nonsaturating_is_cross_entropy_with_one_sided_smoothing(logits: tuple[Tensor, Tensor], label: float) -> None:
    real, fake = logits
    loss = ganzoo.build("loss:non-saturating", real_label=label)
    on_real = mean(lambda x: -label * math.log(sigmoid(x)) - (1 - label) * math.log(1 - sigmoid(x)), real)
    assert close(loss.discriminator(real, fake), on_real + mean(lambda x: -math.log(1 - sigmoid(x)), fake))
    assert close(loss.generator(fake), mean(lambda x: -math.log(sigmoid(x)), fake))


@pytest.mark.parametrize(("a", "b", "c"), [(0.0, 1.0, 1.0), (-1.0, 1.0, 0.0)])
@pytest.mark.parametrize("factor", [0.5, 1.0])
def test_least_squares_has_the_papers_labels(
    logits: tuple[Tensor, Tensor], a: float, b: float, c: float, factor: float
) -> None:
    real, fake = logits
    loss = ganzoo.build("loss:least-squares", a=a, b=b, c=c, factor=factor)
    expected = factor * (mean(lambda x: (x - b) ** 2, real) + mean(lambda x: (x - a) ** 2, fake))
    assert close(loss.discriminator(real, fake), expected)
    assert close(loss.generator(fake), factor * mean(lambda x: (x - c) ** 2, fake))


def test_least_squares_defaults_are_equation_9(logits: tuple[Tensor, Tensor]) -> None:
    real, fake = logits
    loss = ganzoo.build("loss:least-squares")
    assert close(loss.discriminator(real, fake), (mean(lambda x: (x - 1) ** 2, real) + mean(lambda x: x**2, fake)) / 2)
    assert close(loss.generator(fake), mean(lambda x: (x - 1) ** 2, fake) / 2)


def test_hinge_stops_pushing_beyond_the_margin(logits: tuple[Tensor, Tensor]) -> None:
    real, fake = logits
    loss = ganzoo.build("loss:hinge")
    expected = mean(lambda x: max(0, 1 - x), real) + mean(lambda x: max(0, 1 + x), fake)
    assert close(loss.discriminator(real, fake), expected)
    assert close(loss.generator(fake), mean(lambda x: -x, fake))
    assert loss.discriminator(torch.full((2, 1), 1.5), torch.full((2, 1), -1.5)).item() == 0


def test_wasserstein_is_a_difference_of_means(logits: tuple[Tensor, Tensor]) -> None:
    real, fake = logits
    loss = ganzoo.build("loss:wgan-gp")
    assert close(loss.discriminator(real, fake), mean(float, fake) - mean(float, real))
    assert close(loss.generator(fake), -mean(float, fake))


def test_relativistic_compares_pairs(logits: tuple[Tensor, Tensor]) -> None:
    real, fake = logits
    loss = ganzoo.build("loss:relativistic")
    assert close(loss.discriminator(real, fake), mean(lambda d: -math.log(sigmoid(d)), real - fake))
    assert close(loss.generator(fake, real_logits=real), mean(lambda d: -math.log(sigmoid(d)), fake - real))


def test_relativistic_average_compares_with_the_mean_of_the_other_kind(logits: tuple[Tensor, Tensor]) -> None:
    real, fake = logits
    mean_real, mean_fake = mean(float, real), mean(float, fake)
    loss = ganzoo.build("loss:relativistic-average")
    on_real = mean(lambda x: -math.log(sigmoid(x - mean_fake)), real)
    on_fake = mean(lambda x: -math.log(1 - sigmoid(x - mean_real)), fake)
    assert close(loss.discriminator(real, fake), on_real + on_fake)
    on_fake = mean(lambda x: -math.log(sigmoid(x - mean_real)), fake)
    on_real = mean(lambda x: -math.log(1 - sigmoid(x - mean_fake)), real)
    assert close(loss.generator(fake, real_logits=real), on_fake + on_real)


@pytest.mark.parametrize("entry", ["relativistic", "relativistic-average"])
def test_gradients_of_relativistic_losses_equal_the_numerical_ones(entry: str) -> None:
    loss = ganzoo.build(f"loss:{entry}")
    real, fake = (torch.randn(3, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(lambda x, y: loss.generator(x, real_logits=y), (fake, real))


@pytest.mark.parametrize(
    ("entry", "options"),
    [
        ("non-saturating", {"real_label": 0.8}),
        ("least-squares", {"a": -1.0, "c": 0.0}),
        ("hinge", {}),
        ("wgan-gp", {}),
    ],
)
def test_gradients_equal_the_numerical_ones(entry: str, options: dict[str, Any]) -> None:
    loss = ganzoo.build(f"loss:{entry}", **options)
    real, fake = (torch.randn(3, 2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(loss.generator, (fake,))


def linear_critic(weight: Tensor) -> nn.Module:
    """D(x) = <weight, x>, whose gradient is ``weight`` at every picture."""
    critic = nn.Sequential(nn.Flatten(), nn.Linear(weight.numel(), 1, bias=False))
    critic[1].weight.data = weight.clone()[None]  # type: ignore[union-attr]
    return critic


@pytest.mark.parametrize("penalty", [10.0, 0.5])
def test_the_gradient_penalty_of_a_linear_critic_is_known(penalty: float) -> None:
    weight = torch.tensor([0.3, -2.0, 1.0, 0.5])
    norm = math.sqrt(0.3**2 + 2**2 + 1 + 0.5**2)
    critic = linear_critic(weight)
    real, fake = torch.randn(5, 1, 2, 2), torch.randn(5, 1, 2, 2)
    value = ganzoo.build("loss:wgan-gp", penalty=penalty).regularizer(critic, real, fake)
    assert value.item() == pytest.approx(penalty * (norm - 1) ** 2, rel=1e-5)
    value.backward()
    slope = 2 * penalty * (norm - 1) * weight / norm
    assert torch.allclose(next(critic.parameters()).grad[0], slope, rtol=1e-4)  # type: ignore[index]


def test_the_gradient_penalty_of_a_patch_critic_is_that_of_the_mean_of_its_patches() -> None:
    critic = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(critic.weight, 6.0)
    real, fake = torch.randn(3, 1, 4, 4), torch.randn(3, 1, 4, 4)
    # The mean of 16 patches has slope 6/16 in each of 16 pixels: a norm of 6/4.
    value = ganzoo.build("loss:wgan-gp").regularizer(critic, real, fake)
    assert value.item() == pytest.approx(10 * (6 / 4 - 1) ** 2, rel=1e-5)


def test_the_gradient_penalty_of_a_multi_scale_critic_is_the_sum_of_those_of_its_scales() -> None:
    class TwoScales(nn.Module):
        def forward(self, images: Tensor) -> list[Tensor]:
            return [3 * images.flatten(1).sum(1, keepdim=True), images.flatten(1).sum(1, keepdim=True)]

    images = torch.randn(3, 1, 2, 2), torch.randn(3, 1, 2, 2)
    slopes = [3 * math.sqrt(4), math.sqrt(4)]  # of four pixels
    loss = ganzoo.build("loss:wgan-gp")
    value = loss.regularizer(TwoScales(), *images)
    assert value.item() == pytest.approx(10 * sum((slope - 1) ** 2 for slope in slopes), rel=1e-5)
    mean = loss.regularizer(TwoScales(), *images, scales="mean")
    assert mean.item() == pytest.approx(10 * (sum(slopes) / 2 - 1) ** 2, rel=1e-5)


def test_the_gradient_penalty_looks_between_each_real_and_fake_picture() -> None:
    torch.manual_seed(0)
    seen: list[Tensor] = []

    class Watching(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(images.detach())
            return images.square().flatten(1).sum(1)

    real, fake = torch.randn(64, 3, 2, 2), torch.randn(64, 3, 2, 2)
    ganzoo.build("loss:wgan-gp").regularizer(Watching(), real, fake)
    shares = ((seen[0] - fake) / (real - fake)).double().flatten(1)
    share = shares.median(1).values
    assert torch.allclose(shares, share[:, None].expand_as(shares), atol=1e-3), "one share for a whole picture"
    assert 0 <= share.min() < 0.1 < 0.4 < share.mean() < 0.6 < 0.9 < share.max() <= 1


def test_the_gradient_penalty_of_a_critic_without_slope_is_finite_and_so_is_its_gradient() -> None:
    critic = linear_critic(torch.zeros(4))
    value = ganzoo.build("loss:wgan-gp").regularizer(critic, torch.randn(2, 1, 2, 2), torch.randn(2, 1, 2, 2))
    assert value.item() == 10
    value.backward()
    assert all(parameter.grad.isfinite().all() for parameter in critic.parameters())


@pytest.mark.parametrize("entry", ["non-saturating", "least-squares", "hinge"])
def test_a_loss_without_a_regularizer_adds_nothing(entry: str) -> None:
    loss = MultiScaleLoss(ganzoo.build(f"loss:{entry}"))
    assert loss.regularizer(nn.Identity(), torch.randn(2, 3, 4, 4), torch.randn(2, 3, 4, 4)) == 0
