"""Learning-rate schedules against torch's and timm's, and against the line that runs have had so far."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, LRScheduler

from ganzoo.recipes.learning_rate import SCHEDULES, learning_rate_factor

STEPS = 40


def optimizer() -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)


def rates(schedule: LRScheduler, count: int = STEPS) -> list[float]:
    """Return torch's rate at each step."""
    out = []
    for _ in range(count):
        out.append(schedule.get_last_lr()[0])
        schedule.optimizer.step()
        schedule.step()
    return out


def factors(schedule: str, **options: float) -> list[float]:
    return [learning_rate_factor(schedule, step / STEPS, **options) for step in range(STEPS)]


@pytest.mark.parametrize("decay_from", [0.0, 0.3, 0.5, 1.0])
def test_linear_has_the_same_bits_as_ever(decay_from: float) -> None:
    for step in range(1001):
        progress = step / 1000
        assert learning_rate_factor("linear", progress, decay_from) == min(
            1.0, (1 - progress) / max(1 - decay_from, 1e-9)
        )


def test_linear_is_the_authors_rule() -> None:
    rule = LambdaLR(optimizer(), lambda step: 1.0 - max(0, step - STEPS // 2) / (STEPS // 2))
    assert factors("linear") == pytest.approx(rates(rule))


def test_cosine_from_the_start_is_torchs() -> None:
    assert factors("cosine", decay_from=0.0) == pytest.approx(rates(CosineAnnealingLR(optimizer(), STEPS)))


def test_cosine_waits_for_decay_from() -> None:
    later = rates(CosineAnnealingLR(optimizer(), STEPS // 2), STEPS // 2)
    assert factors("cosine", decay_from=0.5) == pytest.approx([1.0] * (STEPS // 2) + later)


def test_warm_up_is_torchs_line() -> None:
    line = LinearLR(optimizer(), start_factor=0.01, total_iters=10)
    assert factors("constant", warmup=0.25) == pytest.approx(rates(line))


def test_warm_up_before_a_late_decay_is_timms() -> None:
    from timm.scheduler import CosineLRScheduler

    warm, after = (
        CosineLRScheduler(optimizer(), STEPS, warmup_t=8, warmup_lr_init=0.01),
        factors("cosine", decay_from=0, warmup=0.2),
    )
    timms = [warm._get_lr(step)[0] for step in range(STEPS)]
    assert after[8:] == pytest.approx(timms[8:])
    assert factors("cosine", decay_from=0.5, warmup=0.2)[:8] == pytest.approx(timms[:8])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("decay_from", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.7, 1.0])
def test_no_step_is_without_a_rate_and_none_jumps(schedule: str, decay_from: float, warmup: float) -> None:
    values = [learning_rate_factor(schedule, step / 1000, decay_from, warmup) for step in range(1000)]
    assert 0 < min(values) <= max(values) <= 1
    # The steepest: a warm-up over a tenth rises 0.01 a step.
    assert max(abs(b - a) for a, b in itertools.pairwise(values)) < 0.011


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_a_decay_ends_at_nothing(schedule: str) -> None:
    assert learning_rate_factor(schedule, 1.0) == 0
    assert learning_rate_factor(schedule, 0.5) == 1
    assert learning_rate_factor(schedule, 0.75) == pytest.approx(0.5)


def test_constant_stays() -> None:
    assert factors("constant", decay_from=0.0) == [1.0] * STEPS


def test_cosine_is_equation_5() -> None:
    for progress in (0.6, 0.71, 0.99):
        share = (progress - 0.5) / 0.5
        assert learning_rate_factor("cosine", progress) == pytest.approx((1 + math.cos(math.pi * share)) / 2)


def test_an_unknown_schedule_is_named_with_the_known() -> None:
    with pytest.raises(ValueError, match="schedule='step' should be constant, linear or cosine"):
        learning_rate_factor("step", 0.5)
