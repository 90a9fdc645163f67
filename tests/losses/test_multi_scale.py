"""Losses of several scales, real logits for the halves that take them, and attributes through the wrapper."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo.losses.multi_scale import MultiScaleLoss


def softplus(x: float) -> float:
    return math.log(1 + math.exp(x))


@pytest.mark.parametrize(("scales", "divisor"), [("mean", 2), ("sum", 1)])
def test_scales_are_averaged_or_summed(scales: str, divisor: int) -> None:
    real, fake = ([torch.full((2, 1), x), torch.full((2, 3), y)] for x, y in ((1.0, -2.0), (0.5, 3.0)))
    loss = MultiScaleLoss(ganzoo.build("loss:relativistic"), scales)
    assert loss.discriminator(real, fake).item() == pytest.approx((softplus(-0.5) + softplus(5.0)) / divisor)
    assert loss.generator(fake, real).item() == pytest.approx((softplus(0.5) + softplus(-5.0)) / divisor)


def test_scales_are_an_option_of_every_loss_of_ganzoo() -> None:
    losses = ganzoo.catalog.entries("loss")
    assert [entry.config().scales for entry in losses if issubclass(entry.config, ganzoo.LossConfig)] == ["sum"] * 7


def test_real_logits_are_computed_only_for_a_loss_that_takes_them() -> None:
    fake, calls = torch.randn(4, 1), []

    def score() -> Tensor:
        calls.append(1)
        return torch.zeros(4, 1)

    plain, relativistic = (MultiScaleLoss(ganzoo.build(f"loss:{name}")) for name in ("hinge", "relativistic"))
    assert plain.generator(fake, score) == plain.generator(fake)
    assert calls == []
    relativistic.generator(fake, score)
    assert calls == [1]


def test_a_recipe_without_real_logits_refuses_the_loss_by_name() -> None:
    loss = MultiScaleLoss(ganzoo.build("loss:relativistic"), "mean", "loss:relativistic", "tiny")
    with pytest.raises(ganzoo.GanzooError, match=r"loss:relativistic compares .* the recipe 'tiny' has no real logits"):
        loss.generator(torch.zeros(2, 1))


def test_attributes_are_read_and_set_through_the_wrapper() -> None:
    built = ganzoo.build("loss:wgan-gp")
    loss = MultiScaleLoss(built)
    loss.penalty = 3.0
    assert (built.penalty, loss.penalty) == (3.0, 3.0)
    assert copy.deepcopy(loss).penalty == 3.0
    with pytest.raises(AttributeError, match="no_such"):
        _ = loss.no_such
