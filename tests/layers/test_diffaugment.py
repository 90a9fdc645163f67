"""DiffAugment against the paper's transforms, written out for one picture at a time in float64."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ganzoo.contracts.config import parse_policy
from ganzoo.layers.diffaugment import diff_augment

EVERY = "color,translation,cutout"


def drawing(seed: int = 0) -> tuple[Callable[..., Tensor], list[Tensor]]:
    """Return a source of draws, and the list of what it gave."""
    random, given = torch.Generator().manual_seed(seed), []

    def uniform(count: int, *shape: int) -> Tensor:
        given.append(torch.rand(count, *shape, generator=random))
        return given[-1]

    return uniform, given


def fixed(*values: float) -> Callable[..., Tensor]:
    """Return a source that gives every picture these values."""
    return lambda count, *shape: torch.tensor(values).expand(count, *shape)


def some(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 - 1


def colored(picture: Tensor, draws: list[float]) -> Tensor:
    """One picture (3 or 1, H, W): brightness, saturation, contrast."""
    brightness, saturation, contrast = draws
    picture = picture + brightness - 0.5
    gray = sum(picture) / len(picture)
    picture = torch.stack([gray + (channel - gray) * 2 * saturation for channel in picture])
    middle = picture.sum() / picture.numel()
    return middle + (picture - middle) * (0.5 + contrast)


def moved(picture: Tensor, draws: list[float]) -> Tensor:
    out = torch.zeros_like(picture)
    (_, height, width), steps = picture.shape, []
    for draw, side in zip(draws, (height, width), strict=True):
        reach = math.floor(side / 8 + 0.5)
        steps.append(math.floor(draw * (2 * reach + 1)) - reach)
    for row in range(height):
        for column in range(width):
            if 0 <= row + steps[0] < height and 0 <= column + steps[1] < width:
                out[:, row, column] = picture[:, row + steps[0], column + steps[1]]
    return out


def cut(picture: Tensor, draws: list[float]) -> Tensor:
    out, holes = picture.clone(), []
    for draw, side in zip(draws, picture.shape[1:], strict=True):
        size = math.floor(side / 2 + 0.5)
        center = math.floor(draw * (side + 1 if size % 2 == 0 else side))
        holes.append(slice(max(0, center - size // 2), center - size // 2 + size))
    out[:, holes[0], holes[1]] = 0
    return out


def flipped(picture: Tensor, draws: list[float]) -> Tensor:
    return picture if draws[0] < 0.5 else torch.stack([*reversed(picture.unbind(2))], 2)


def turned(picture: Tensor, draws: list[float]) -> Tensor:
    if picture.shape[1] != picture.shape[2]:
        return picture if draws[0] < 0.5 else picture.flip(1).flip(2)
    for _ in range(math.floor(4 * draws[0])):
        picture = picture.transpose(1, 2).flip(1)
    return picture


ONE_BY_ONE = {"color": colored, "translation": moved, "cutout": cut, "flip": flipped, "rotation": turned}


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 28, 28), (3, 13, 22), (1, 2, 1)], ids=str)
@pytest.mark.parametrize("policy", ["color", "translation", "cutout", "flip", "rotation", EVERY, "cutout,color,flip"])
def test_every_image_is_changed_as_the_paper_says(policy: str, shape: tuple[int, ...]) -> None:
    images = some(40, *shape)
    uniform, given = drawing()
    made = diff_augment(images, policy, uniform)
    expected = images
    for word, draws in zip(policy.split(","), given, strict=True):
        pairs = zip(expected, draws.double().tolist(), strict=True)
        expected = torch.stack([ONE_BY_ONE[word](picture, draw) for picture, draw in pairs])
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-12)


def test_images_stacked_on_channels_are_changed_alike_and_do_not_mix() -> None:
    first, second = some(9, 3, 16, 16), -some(9, 3, 16, 16).flip(0) / 3
    stacked = diff_augment(torch.cat([first, second], 1), EVERY, drawing()[0])
    alone = [diff_augment(each, EVERY, drawing()[0]) for each in (first, second)]
    torch.testing.assert_close(stacked, torch.cat(alone, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("channels", [3, 6, 1])
def test_gradients_equal_the_numerical_ones_and_so_do_their_own(channels: int) -> None:
    images = some(2, channels, 6, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: diff_augment(x, EVERY + ",flip,rotation", drawing()[0]), images)
    assert torch.autograd.gradgradcheck(
        lambda x: diff_augment(x, EVERY + ",flip,rotation", drawing()[0]).tanh(), images
    )


def test_an_empty_policy_changes_nothing_and_draws_nothing() -> None:
    images = some(2, 3, 8, 8)
    uniform, given = drawing()
    assert diff_augment(images, "", uniform) is images
    assert given == []


def test_ranges_are_those_of_the_authors() -> None:
    ramp = torch.arange(1.0, 17).expand(1, 1, 16, 16)
    last = 1 - 2**-24  # the highest draw there is in float32
    assert diff_augment(ramp, "translation", fixed(0.5, 0))[0, 0, 0].tolist() == [0, 0, *range(1, 15)]
    assert diff_augment(ramp, "translation", fixed(0.5, last))[0, 0, 0].tolist() == [*range(3, 17), 0, 0]
    ones = torch.ones(1, 1, 16, 16)
    assert diff_augment(ones, "cutout", fixed(0, 0)).sum() == 16 * 16 - 4 * 4, "a hole half outside, at a corner"
    assert diff_augment(ones, "cutout", fixed(last, 0.5)).sum() == 16 * 16 - 4 * 8
    assert diff_augment(ones, "color", fixed(0, 0.5, 0.5)).unique().tolist() == [0.5]
    assert diff_augment(ones, "color", fixed(last, 0.5, 0.5)).unique().item() == pytest.approx(1.5)


def test_every_offset_is_as_likely() -> None:
    images = torch.arange(16.0).expand(20_000, 1, 16, 16) + 1
    places = diff_augment(images, "translation", drawing()[0])[:, 0, 8, 8].long() - 9
    found, counts = places.unique(return_counts=True)
    assert found.tolist() == [-2, -1, 0, 1, 2]
    assert (counts / 4000 - 1).abs().max() < 0.06


def test_half_precision_stays_half() -> None:
    made = diff_augment(torch.ones(2, 3, 8, 8, dtype=torch.bfloat16), EVERY, drawing()[0])
    assert made.dtype == torch.bfloat16 and made.isfinite().all()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("  ", ()),
        ("color", ("color",)),
        ("cutout, color", ("cutout", "color")),
        (EVERY, tuple(EVERY.split(","))),
    ],
)
def test_a_policy_is_its_words_in_order(text: str, words: tuple[str, ...]) -> None:
    assert parse_policy(text) == words


@pytest.mark.parametrize("text", ["colour", "color,colour", "color;cutout", "color,", "Color"])
def test_a_wrong_word_is_named_with_the_right_ones(text: str) -> None:
    with pytest.raises(ValueError, match="use color, translation, cutout") as error:
        parse_policy(text)
    assert str(error.value).startswith(f"'{text.split(',')[-1]}' is not an augmentation")


def test_a_word_may_come_once() -> None:
    with pytest.raises(ValueError, match="'color' occurs twice in 'color,cutout,color'"):
        parse_policy("color,cutout,color")


def test_a_policy_is_checked_without_torch() -> None:
    code = f"import ganzoo.layers.diffaugment as a, sys; a.parse_policy('{EVERY}'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=300).returncode == 0
