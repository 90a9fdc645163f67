"""Which pictures a step sees."""

from __future__ import annotations

import pytest
import torch

from ganzoo.training.data_order import Order

PUBLISHED = [3, 2, 4, 0, 6, 9, 7, 5, 1, 8, 7, 4]
PUBLISHED_DRAW = 0.8038991093635559


def stream(count: int, batch_size: int, seed: int, length: int) -> list[int]:
    order = Order(count, batch_size, seed)
    return [index for step in range(-(-length // batch_size)) for index in order.indices(step)][:length]


@pytest.mark.parametrize("batch_size", [1, 3, 7, 10, 25])
def test_every_pass_is_a_permutation_without_a_gap_between_passes(batch_size: int) -> None:
    found = stream(10, batch_size, 0, 50)
    passes = [found[first : first + 10] for first in range(0, 50, 10)]
    assert all(sorted(one) == list(range(10)) for one in passes)
    assert len({tuple(one) for one in passes}) == 5


def test_the_batch_size_does_not_change_the_order() -> None:
    assert stream(10, 1, 4, 60) == stream(10, 3, 4, 60) == stream(10, 32, 4, 60)


def test_a_step_does_not_depend_on_the_steps_before() -> None:
    order = Order(10, 4, 0)
    forward = [order.indices(step) for step in range(12)]
    assert [order.indices(step) for step in reversed(range(12))] == forward[::-1]
    assert Order(10, 4, 0).indices(9) == forward[9]


def test_seeds_differ_in_order_and_augmentation() -> None:
    assert len({tuple(stream(50, 5, seed, 50)) for seed in range(20)}) == 20
    draws = {
        tuple(torch.rand(3, generator=Order(5, 1, seed).random(step)).tolist())
        for seed in range(20)
        for step in range(20)
    }
    assert len(draws) == 400


def test_augmentation_of_a_step_is_the_same_whenever_it_is_done() -> None:
    order = Order(5, 1, 3)
    first = torch.rand(4, generator=order.random(8))
    order.random(9)
    assert torch.equal(torch.rand(4, generator=order.random(8)), first)


def test_every_place_of_a_pass_sees_every_image() -> None:
    starts = [Order(4, 1, seed).indices(0)[0] for seed in range(400)]
    assert all(70 <= starts.count(index) <= 130 for index in range(4))  # 100 and three standard deviations of 8.7


def test_the_order_of_a_published_run_never_changes() -> None:
    """Taken from version 0.1.0: runs in progress, and cards that state a seed, depend on it."""
    assert stream(10, 4, 0, 12) == PUBLISHED
    assert torch.rand(1, generator=Order(10, 4, 0).random(5)).item() == pytest.approx(PUBLISHED_DRAW, abs=1e-7)
