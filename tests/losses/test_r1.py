"""R1 against discriminators whose slope is known, and against finite differences."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

import ganzoo
from ganzoo.losses.gradient_penalty import gradient_penalty
from ganzoo.losses.logits import mean_per_image
from ganzoo.losses.multi_scale import MultiScaleLoss
from ganzoo.losses.r1 import r1


class Quadratic(nn.Module):
    """D(x) = scale * sum(weight * x**2), whose slope at x is 2 * scale * weight * x."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())

    def forward(self, images: Tensor) -> Tensor:
        return (self.weight * images.square()).flatten(1).sum(1)


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Conv2d(3, 1, 2)).double()


def test_r1_of_a_quadratic_is_known_and_so_is_its_gradient() -> None:
    images = torch.randn(5, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    weight = torch.linspace(-1, 2, 18).view(2, 3, 3)
    network = Quadratic(weight)
    penalty = r1(network, images)
    assert penalty.item() == pytest.approx((4 * weight.square() * images.square()).sum().item() / 5, rel=1e-5)
    penalty.backward()
    torch.testing.assert_close(network.weight.grad, (8 * weight * images.square()).mean(0))


def test_r1_is_the_mean_over_images_whatever_their_number() -> None:
    images = torch.randn(1, 2, 3, 3)
    network = Quadratic(torch.ones(2, 3, 3))
    assert r1(network, images.repeat(7, 1, 1, 1)).item() == pytest.approx(r1(network, images).item(), rel=1e-5)


def test_r1_equals_finite_differences() -> None:
    network, images = small_network(), torch.randn(3, 2, 5, 4, dtype=torch.float64)
    step, squares = 1e-5, torch.zeros((), dtype=torch.float64)
    with torch.no_grad():
        for place in range(images[0].numel()):
            shift = torch.zeros_like(images).flatten(1)
            shift[:, place] = step
            up, down = (network(images + sign * shift.view_as(images)).mean((1, 2, 3)) for sign in (1, -1))
            squares += ((up - down) / (2 * step)).square().sum()
    assert r1(network, images).item() == pytest.approx(squares.item() / 3, rel=1e-8)


def test_the_gradient_of_r1_reaches_every_parameter_and_is_right() -> None:
    network, images = small_network(), torch.randn(3, 2, 5, 4, dtype=torch.float64)
    names = [name for name, _ in network.named_parameters()]

    def penalty(*values: Tensor) -> Tensor:
        return r1(lambda x: torch.func.functional_call(network, dict(zip(names, values, strict=True)), (x,)), images)

    assert torch.autograd.gradcheck(penalty, tuple(network.parameters()))
    r1(network, images).backward()
    slopes = {name: parameter.grad for name, parameter in network.named_parameters()}
    last_bias = slopes.pop("2.bias")  # moves the value and not its slope
    assert last_bias is None or not last_bias.any()
    assert all(slope is not None and slope.any() for slope in slopes.values())


def test_r1_leaves_the_images_and_their_graph_alone() -> None:
    images = torch.randn(2, 2, 3, 3, requires_grad=True)
    r1(Quadratic(torch.ones(2, 3, 3)), images * 2).backward()
    assert images.grad is None


def test_r1_is_taken_in_float32_under_autocast_and_for_half_images() -> None:
    images = torch.randn(4, 2, 5, 5).bfloat16()
    network = copy.deepcopy(small_network()).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        penalty = r1(network, images)
    assert penalty.dtype == torch.float32
    assert penalty.item() == pytest.approx(r1(network.double(), images.double()).item(), rel=1e-5)


def test_r1_of_several_scales_is_the_sum_of_each_one_s() -> None:
    images = torch.randn(3, 1, 2, 2)

    def two_scales(x: Tensor) -> list[Tensor]:
        return [3 * x.flatten(1).sum(1, keepdim=True), x.expand(-1, 5, -1, -1) * 4]

    # The second is the mean of 20 logits, 5 for each of 4 pixels: a slope of 1. Their mean has (3 + 1) / 2.
    assert r1(two_scales, images).item() == pytest.approx(4 * 3**2 + 4 * 1**2, rel=1e-5)
    assert r1(two_scales, images, "mean").item() == pytest.approx(4 * 2**2, rel=1e-5)
    for name in ("r1", "r2"):
        penalty = ganzoo.build(f"regularizer:{name}")
        assert penalty(two_scales, images, images).item() == pytest.approx(20, rel=1e-5)
        assert penalty(two_scales, images, images, scales="mean").item() == pytest.approx(8, rel=1e-5)


def test_the_gradient_penalty_of_several_scales_is_the_sum_of_each_one_s() -> None:
    images = torch.randn(3, 1, 2, 2)

    def two_scales(x: Tensor) -> list[Tensor]:
        return [3 * x.flatten(1).sum(1, keepdim=True), 4 * x]

    # Norms of the gradients: 3 * 2 and 1 * 2; that of the mean is 4.
    assert gradient_penalty(two_scales, images, images).item() == pytest.approx(5**2 + 1**2, rel=1e-5)
    assert gradient_penalty(two_scales, images, images, scales="mean").item() == pytest.approx(3**2, rel=1e-5)
    for scales, expected in (("sum", 26.0), ("mean", 9.0)):
        loss = MultiScaleLoss(ganzoo.build("loss:wgan-gp", penalty=2.0), scales)
        assert loss.regularizer(two_scales, images, images).item() == pytest.approx(2 * expected, rel=1e-5)


def test_lecam_of_several_scales_is_combined_as_their_losses_are() -> None:
    images = torch.randn(3, 1, 2, 2)

    def two_scales(x: Tensor) -> list[Tensor]:
        return [x.flatten(1).mean(1), 2 * x]

    total, mean = (
        ganzoo.build("regularizer:lecam")(two_scales, images, -images, scales=how) for how in ("sum", "mean")
    )
    alone = [ganzoo.build("regularizer:lecam")(lambda x, n=n: two_scales(x)[n], images, -images) for n in (0, 1)]
    assert total.item() == pytest.approx(float(sum(alone)), rel=1e-6) == pytest.approx(2 * mean.item(), rel=1e-6)


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 1, 3, 2)], ids=str)
def test_a_images_value_is_the_mean_of_its_logits(shape: tuple[int, ...]) -> None:
    logits = torch.randn(shape)
    expected = [sum(row) / len(row) for row in logits.reshape(4, -1).tolist()]
    assert mean_per_image(logits).tolist() == pytest.approx(expected, rel=1e-5)
    twice = mean_per_image((logits, torch.ones(4, 9))).tolist()
    assert twice == pytest.approx([(value + 1) / 2 for value in expected], rel=1e-5)
