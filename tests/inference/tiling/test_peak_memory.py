"""The memory of any generator, known without running it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo.inference.tiling.peak_memory import OVERHEAD, peak_memory


def floats(generator: nn.Module, side: int = 64, mask: bool = False) -> float:
    """Return how many float32 numbers a pixel takes."""
    return peak_memory(generator, 3, side, side, mask) / OVERHEAD / 4 / side**2


def test_tensors_that_are_alive_at_once_count_and_no_others() -> None:
    wide = [nn.Conv2d(16, 16, 3, padding=1) for _ in range(8)]
    assert floats(nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), *wide, nn.Conv2d(16, 3, 1))) == 32


class Views(nn.Module):
    """Looks at the same numbers in several shapes, with weights that are larger than the image."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 4096))

    def forward(self, images: Tensor) -> Tensor:
        four = images.repeat(1, 4, 1, 1)
        last = four.permute(0, 2, 3, 1)[..., :3] * self.weight.t()[0, 0]
        return last.permute(0, 3, 1, 2)


def test_views_and_weights_take_nothing() -> None:
    assert floats(Views(), 32) == 12 + 3


def test_no_numbers_are_computed() -> None:
    assert peak_memory(nn.Conv2d(3, 3, 3, padding=1), 3, 10**6, 10**6) == int(OVERHEAD * 12 * 10**12)


class Looking(nn.Module):
    """Looks at the numbers."""

    def forward(self, images: Tensor) -> Tensor:
        return images.repeat(1, 4, 1, 1)[:, :3] if float(images.sum()) == 0 else images


def test_a_forward_that_looks_at_numbers_runs_on_a_small_image() -> None:
    assert floats(Looking(), 512) == 12


class Remembering(nn.Module):
    """Keeps what it made for a size."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[int, int], Tensor] = {}

    def forward(self, images: Tensor, masks: Tensor) -> Tensor:
        key = (images.shape[2], images.shape[3])
        if key not in self.kept:
            self.kept[key] = torch.ones(1, 3, *key)
        return images * (1 - masks) * self.kept[key]


def test_the_generator_is_as_before_and_takes_a_mask() -> None:
    generator = Remembering()
    assert 5 <= floats(generator, mask=True) <= 9 and generator.kept == {}
    assert floats(generator) == 0  # it takes no image alone
