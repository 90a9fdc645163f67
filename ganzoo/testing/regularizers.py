"""The contract of regularizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch  # noqa: TID253 - testing networks needs torch, and nothing light imports this module
from torch import Tensor, nn  # noqa: TID253

from ganzoo.catalog import options
from ganzoo.contracts.config import RegularizerConfig
from ganzoo.contracts.entry import Entry
from ganzoo.losses.regularizer import LazyRegularizer
from ganzoo.testing.expectations import BATCH, SEED, random_images, require


def check_regularizer(entry: Entry, values: Mapping[str, Any] | None = None) -> None:
    """Check a regularizer on discriminators with one score, patches and several scales.

    It is a finite scalar whose gradient reaches the discriminator, it leaves the images alone, and it continues as
    before from its state.

    Args:
        entry: The regularizer's entry.
        values: Its options.

    Raises:
        AssertionError: Naming the entry and what is wrong.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        extends = issubclass(entry.config, RegularizerConfig)
        require(extends, entry, "has options that do not extend ganzoo.RegularizerConfig, with weight and every")
        for discriminator in _discriminators():
            regularizer = _built(entry, values or {})
            real, fake = random_images(BATCH, 3, 8, 8), random_images(BATCH, 3, 8, 8).flip(0, 3)
            before = real.clone(), fake.clone()
            value = _value(regularizer, discriminator, real, fake)
            scalar = isinstance(value, Tensor) and value.dim() == 0 and bool(value.isfinite())
            require(scalar, entry, f"returns {value!r}, not a finite scalar tensor")
            gradients = torch.autograd.grad(value, list(discriminator.parameters()), allow_unused=True)
            flows = any(gradient is not None and bool(gradient.any()) for gradient in gradients)
            require(flows, entry, "sends no gradient to the discriminator's parameters")
            unchanged = torch.equal(before[0], real) and torch.equal(before[1], fake)
            require(unchanged and not real.requires_grad, entry, "changes the images")
            _check_state(entry, regularizer, _built(entry, values or {}), discriminator)


def _built(entry: Entry, values: Mapping[str, Any]) -> LazyRegularizer:
    regularizer = entry.build(options.parse(entry, values))
    require(callable(regularizer), entry, f"builds {type(regularizer).__name__}, which cannot be called")
    return LazyRegularizer(regularizer)


def _value(regularizer: LazyRegularizer, discriminator: nn.Module, real: Tensor, fake: Tensor) -> Any:
    def uniform(count: int, *shape: int, device: Any = None) -> Tensor:
        drawn: Tensor = (random_images(count, *shape) + 1) / 2
        return drawn

    return regularizer.value(0, discriminator, real, fake, uniform=uniform, average=lambda tensors: None, name="tested")


def _check_state(entry: Entry, used: LazyRegularizer, fresh: LazyRegularizer, discriminator: nn.Module) -> None:
    fresh.load_state(used.state())
    images = random_images(2 * BATCH, 3, 8, 8)
    first, second = (_value(each, discriminator, images[:BATCH], images[BATCH:]) for each in (used, fresh))
    require(torch.equal(first, second), entry, "does not continue as before from what state() returned")


class _TwoScales(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scales = nn.ModuleList([nn.Sequential(nn.Conv2d(3, 1, size), nn.Tanh()) for size in (3, 5)])

    def forward(self, images: Tensor) -> list[Tensor]:
        return [scale(images) for scale in self.scales]


def _discriminators() -> list[nn.Module]:
    score = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(72, 1))
    return [score, nn.Sequential(nn.Conv2d(3, 2, 3), nn.Tanh(), nn.Conv2d(2, 1, 3)), _TwoScales()]
