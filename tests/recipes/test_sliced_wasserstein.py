"""The sliced Wasserstein distance: its parts against plain loops, the whole on sets whose order is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ganzoo.errors import DataError
from ganzoo.recipes.sliced_wasserstein import (
    _normalize,
    _projected_distance,
    enlarge,
    laplacian_pyramid,
    sliced_wasserstein,
)


def textures(count: int, seed: int, waves: float = 9.0, size: int = 32, channels: int = 3) -> Tensor:
    """Return pictures of ripples in any direction, about ``waves`` across a picture."""
    random = torch.Generator().manual_seed(seed)
    angle, phase, speed = (torch.rand(count, channels, 1, 1, generator=random) * 2 * math.pi for _ in range(3))
    across = torch.linspace(0, 2 * math.pi, size)
    speed = waves * (0.8 + 0.4 * speed / (2 * math.pi))
    return torch.sin(speed * (across * angle.cos() + across[:, None] * angle.sin()) + phase)


def blurred(images: Tensor) -> Tensor:
    return F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="reflect"), 3, 1)


def plainly_blurred(plane: np.ndarray) -> np.ndarray:
    """Blur (H, W) by the binomial filter, mirrored at the edges, one pixel at a time."""
    filter_, wide = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256, np.pad(plane, 2, mode="reflect")
    out = np.zeros_like(plane)
    for row, column in np.ndindex(plane.shape):
        out[row, column] = (filter_ * wide[row : row + 5, column : column + 5]).sum()
    return out


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 40)])
def test_the_pyramid_is_burts(height: int, width: int) -> None:
    images = torch.randn(2, 3, height, width, dtype=torch.float64)
    fine, coarse = laplacian_pyramid(images)
    for n, c in np.ndindex(2, 3):
        plane = images[n, c].numpy()
        small = plainly_blurred(plane)[::2, ::2]
        spread = np.zeros_like(plane)
        spread[::2, ::2] = small
        np.testing.assert_allclose(coarse[n, c], small, atol=1e-12)
        np.testing.assert_allclose(fine[n, c], plane - 4 * plainly_blurred(spread), atol=1e-12)


@pytest.mark.parametrize(
    ("side", "levels"), [(7, [7]), (28, [28]), (31, [31]), (32, [32, 16]), (65, [65, 33, 17]), (128, [128, 64, 32, 16])]
)
def test_levels_go_down_to_sixteen_and_add_up_to_the_image(side: int, levels: list[int]) -> None:
    images = torch.randn(2, 1, side, side + 4, dtype=torch.float64)
    pyramid = laplacian_pyramid(images)
    assert [level.shape[2] for level in pyramid] == levels
    built = pyramid[-1]
    for level in reversed(pyramid[:-1]):
        built = level + enlarge(built, level.shape)
    torch.testing.assert_close(built, images)


def test_along_a_direction_a_shift_costs_its_length() -> None:
    patches, shift = torch.randn(50, 6), torch.tensor([0.5, -1, 2, 0, 0, 0.25])
    directions = F.normalize(torch.randn(6, 9), dim=0)
    moved = (patches + shift)[torch.randperm(50)]
    expected = (shift @ directions).abs().mean()
    torch.testing.assert_close(_projected_distance(directions, patches, moved), expected, rtol=1e-4, atol=1e-5)


def test_each_channel_is_normalized_over_its_own_set() -> None:
    patches = torch.randn(40, 3, 7, 7) * torch.tensor([1.0, 5, 0.1]).view(3, 1, 1) + torch.tensor([0.0, 9, -4]).view(
        3, 1, 1
    )
    made = _normalize(patches).view(40, 3, 49).transpose(0, 1).flatten(1).double()
    np.testing.assert_allclose(made.mean(1), 0, atol=1e-5)
    np.testing.assert_allclose(made.var(1, correction=0), 1, rtol=1e-4)


def test_two_sets_with_a_known_distance() -> None:
    """Flat pictures: -1 and 1 as often as each other, against four of -1/2 for one of 2, each of variance 1."""
    first = torch.tensor([-1.0, 1.0]).repeat(10).view(20, 1, 1, 1).expand(-1, -1, 7, 7)
    second = torch.tensor([-0.5, -0.5, 2.0, -0.5, -0.5]).repeat(4).view(20, 1, 1, 1).expand(-1, -1, 7, 7)
    on_a_line = 0.5 * 0.5 + 0.3 * 1.5 + 0.2 * 1.0  # sorted: -1/-.5, then 1/-.5, then 1/2
    # A flat picture's shadow on a unit direction of 49 numbers is 7 times that direction's share of (1, ..., 1) / 7.
    share = math.gamma(24.5) / (math.sqrt(math.pi) * math.gamma(25))
    found = sliced_wasserstein(first, second, descriptors=20, directions=20_000)
    assert found == pytest.approx(1000 * on_a_line * 7 * share, rel=0.02)


@pytest.mark.parametrize("shape", [(5, 3, 32, 32), (3, 1, 28, 28), (70, 1, 9, 12)], ids=str)
def test_equal_sets_are_at_distance_zero(shape: tuple[int, ...]) -> None:
    images = torch.randn(shape)
    assert sliced_wasserstein(images, images.clone()) == 0


@pytest.mark.parametrize(("size", "channels"), [(32, 3), (28, 1)])
def test_a_fresh_sample_is_nearer_than_blurred_collapsed_or_other_textures(size: int, channels: int) -> None:
    real, fresh = (textures(60, seed, size=size, channels=channels) for seed in (0, 1))
    worse = {
        "blurred": blurred(fresh),
        "collapsed": fresh[:1].expand_as(fresh),
        "other": textures(60, 1, waves=5, size=size, channels=channels),
    }
    near = sliced_wasserstein(real, fresh)
    far = {name: sliced_wasserstein(real, images) for name, images in worse.items()}
    assert near * 1.3 < min(far.values()), (near, far)


def test_sets_may_differ_in_number() -> None:
    real = textures(90, 0)
    more, fewer = sliced_wasserstein(real, textures(150, 1)), sliced_wasserstein(real, textures(40, 1))
    far = sliced_wasserstein(real, textures(40, 1, waves=5))
    assert max(more, fewer) * 1.5 < far


def test_brightness_and_contrast_do_not_count_as_in_the_paper() -> None:
    real, fresh = textures(20, 0), textures(20, 1)
    expected = sliced_wasserstein(real, fresh)
    assert sliced_wasserstein(real, 0.5 * fresh - 0.2) == pytest.approx(expected, rel=1e-3)


def test_images_without_contrast_are_far_and_no_nan() -> None:
    far = sliced_wasserstein(textures(20, 0), torch.zeros(20, 3, 32, 32))
    assert math.isfinite(far) and far > 10 * sliced_wasserstein(textures(20, 0), textures(20, 1))


def test_one_seed_one_value_whatever_was_drawn_before() -> None:
    real, fresh = textures(20, 0), textures(20, 1)
    first = sliced_wasserstein(real, fresh, seed=3)
    torch.rand(1)
    before = torch.get_rng_state()
    assert sliced_wasserstein(real, fresh, seed=3) == first
    assert torch.equal(torch.get_rng_state(), before)
    assert sliced_wasserstein(real, fresh, seed=4) != first


def test_half_precision_and_gradients_are_no_matter() -> None:
    real, fresh = textures(10, 0), textures(10, 1)
    expected = sliced_wasserstein(real, fresh)
    assert sliced_wasserstein(real, fresh.requires_grad_()) == expected
    assert sliced_wasserstein(real.bfloat16(), fresh.bfloat16()) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("first", "second"),
    [((2, 3, 8, 8), (2, 1, 8, 8)), ((2, 3, 8, 8), (2, 3, 8, 9)), ((0, 3, 8, 8), (2, 3, 8, 8))],
    ids=str,
)
def test_sets_that_cannot_be_compared_are_refused(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"cannot be compared\. Give two sets"):
        sliced_wasserstein(torch.zeros(first), torch.zeros(second))


def test_images_below_a_patch_are_refused() -> None:
    with pytest.raises(DataError, match="8x6 pixels are too small for patches of 7x7"):
        sliced_wasserstein(torch.zeros(2, 3, 6, 8), torch.zeros(2, 3, 6, 8))
